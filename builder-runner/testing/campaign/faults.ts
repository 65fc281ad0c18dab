// What the campaign does to a running service: each fault is bounded in time and undone by itself.
import {
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { execa } from 'execa';
import { allProcesses } from './remains.ts';
import type { Service } from './service.ts';

/** Where things are that can be broken. */
export interface Place {
  readonly home: string;
  /** The state folder of all drivers. */
  readonly drivers: string;
  /** While this file exists no builder can be made. */
  readonly noSpawn: string;
}

export const faultNames = [
  'kill-builder',
  'cut-network',
  'kill-service',
  'restart-service',
  'fill-disk',
  'fail-spawn',
] as const;
export type FaultName = (typeof faultNames)[number];

/** How it is seen that a fault came about. */
export interface Witness {
  /** Whether the service has said something like this since the fault began. */
  heard(pattern: RegExp): boolean;
  /** Asks the service to take one more build; false when it refuses. */
  ask(): Promise<boolean>;
}

/** For so long a fault waits for something that it can hit, and to be seen to have hit it. */
const patienceSeconds = 60;

/**
 * Does one thing; resolves when it is undone. `random` gives 0 ≤ number < 1. True when it was seen to hit something: a
 * builder or a service in the middle of a build, packets, a write, a builder's making.
 */
export async function doFault(
  name: FaultName,
  place: Place,
  service: Service,
  random: () => number,
  witness: Witness,
): Promise<boolean> {
  switch (name) {
    case 'kill-builder':
      return killBuilder(place, random);
    case 'cut-network':
      return cutNetwork(place, 1 + 3 * random());
    case 'kill-service': {
      const isBusy = (await busyBuilders(place)).length > 0;
      return (await service.killAndStart()) === 'SIGKILL' && isBusy;
    }
    case 'restart-service': {
      const isBusy = (await busyBuilders(place)).length > 0;
      return (await service.restart()) === 0 && isBusy;
    }
    case 'fill-disk':
      return fillDisk(place, 1 + 2 * random(), witness);
    case 'fail-spawn': {
      writeFileSync(place.noSpawn, '');
      // Another one is wanted only when one is gone.
      await killBuilder(place, random);
      const failed = await until(() => witness.heard(/ could not be made: [\s\S]*no builder can be made now/));
      await delay((2 + 3 * random()) * 1000);
      rmSync(place.noSpawn);
      return failed;
    }
  }
}

/** Whether it came true before the patience was over. */
async function until(isSo: () => boolean | Promise<boolean>): Promise<boolean> {
  for (const end = performance.now() + patienceSeconds * 1000; performance.now() < end; await delay(100)) {
    if (await isSo()) return true;
  }
  return false;
}

interface BuilderRecord {
  readonly processes?: readonly { readonly pid: number; readonly startTicks: number }[];
}

/** When a process began, in ticks since the machine did; see proc(5). */
function startOf(pid: number): number | undefined {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').at(-1)?.split(' ');
    return Number(fields?.[19]);
  } catch {
    return undefined; // it has ended
  }
}

/** The process numbers of each builder that the driver knows. */
export function builderProcesses({ drivers }: Place): readonly (readonly number[])[] {
  if (!existsSync(drivers)) return [];
  // <driver>/<builder>/record.json
  return (
    readdirSync(drivers)
      .flatMap((driver) => readdirSync(join(drivers, driver)).map((name) => join(drivers, driver, name, 'record.json')))
      .filter((path) => existsSync(path))
      .map((path) => (JSON.parse(readFileSync(path, 'utf8')) as BuilderRecord).processes ?? [])
      // A number may be another process's by now.
      .map((processes) => processes.filter(({ pid, startTicks }) => startOf(pid) === startTicks).map(({ pid }) => pid))
      .filter((pids) => pids.length > 0)
  );
}

interface BusyBuilder {
  /** Those that the driver knows. */
  readonly pids: readonly number[];
  /** All within it. */
  readonly inside: readonly number[];
}

/** Builders on which a build runs now; waits for one. */
async function busyBuilders(place: Place): Promise<readonly BusyBuilder[]> {
  let busy: readonly BusyBuilder[] = [];
  await until(() => {
    const all = allProcesses().map((pid) => ({ pid, space: spaceOf(pid), words: wordsOf(pid) }));
    busy = builderProcesses(place).flatMap((pids) => {
      // The first process of a builder is the one that its keeper waits for.
      const spaces = new Set(pids.flatMap((pid) => childrenOf(pid)).map(spaceOf));
      spaces.delete(spaceOf(process.pid));
      const inside = all.filter(({ space }) => space !== undefined && spaces.has(space));
      const builds = inside.some(({ words }) => /(^|\/)mock(-lite)?(\0|$)/.test(words));
      return builds ? [{ pids, inside: inside.map(({ pid }) => pid) }] : [];
    });
    return busy.length > 0;
  });
  return busy;
}

function spaceOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`);
  } catch {
    return undefined; // it has ended
  }
}

function wordsOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1');
  } catch {
    return '';
  }
}

function childrenOf(pid: number): readonly number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim().split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

/** In the middle of a build, which ends with it. */
async function killBuilder(place: Place, random: () => number): Promise<boolean> {
  const builders = await busyBuilders(place);
  const victim = builders[Math.floor(random() * builders.length)];
  if (victim === undefined) return false;
  const space = spaceOf(victim.inside[0] ?? 0);
  for (const pid of victim.pids) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
  return space !== undefined && (await until(() => !victim.inside.some((pid) => spaceOf(pid) === space)));
}

/**
 * The way to all builders drops every packet for that long, and at least one. The network namespace is the campaign's
 * own.
 */
async function cutNetwork(place: Place, seconds: number): Promise<boolean> {
  await busyBuilders(place);
  await nft('add table inet coppice_cut');
  await nft('add chain inet coppice_cut input { type filter hook input priority 0 ; }');
  await nft('add rule inet coppice_cut input ip daddr 127.64.0.0/10 counter drop');
  await nft('add rule inet coppice_cut input ip saddr 127.64.0.0/10 counter drop');
  await delay(seconds * 1000);
  const dropped = await until(async () => /counter packets [1-9]/.test(await nft('list table inet coppice_cut')));
  await nft('delete table inet coppice_cut');
  return dropped;
}

async function nft(command: string): Promise<string> {
  return (await execa('nft', [command], { stdin: 'ignore' })).stdout;
}

/**
 * COPPICE_HOME is a small file system of its own. The service meets it when it cannot note a build that is asked for.
 */
async function fillDisk({ home }: Place, seconds: number, witness: Witness): Promise<boolean> {
  const path = join(home, 'filling');
  const file = openSync(path, 'w');
  try {
    const block = Buffer.alloc(1024 ** 2);
    try {
      for (;;) if (writeSync(file, block) < block.length) break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    }
  } finally {
    closeSync(file);
  }
  const met = await until(async () => !(await witness.ask()) && witness.heard(/the disk is full/));
  await delay(seconds * 1000);
  rmSync(path);
  return met;
}
