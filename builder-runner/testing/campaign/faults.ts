// What the campaign does to a running service: each fault is bounded in time and undone by itself.
import { closeSync, existsSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { execa } from 'execa';
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

/** Does one thing; resolves when it is undone. `random` gives 0 ≤ number < 1. False when there was nothing to do it to. */
export async function doFault(name: FaultName, place: Place, service: Service, random: () => number): Promise<boolean> {
  switch (name) {
    case 'kill-builder':
      return killBuilder(place, random);
    case 'cut-network':
      await cutNetwork(1 + 3 * random());
      return true;
    case 'kill-service':
      await service.killAndStart();
      return true;
    case 'restart-service':
      await service.restart();
      return true;
    case 'fill-disk':
      await fillDisk(place, 1 + 2 * random());
      return true;
    case 'fail-spawn':
      writeFileSync(place.noSpawn, '');
      await delay((2 + 3 * random()) * 1000);
      rmSync(place.noSpawn);
      return true;
  }
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

/** Waits a little for a builder to be there. */
async function killBuilder(place: Place, random: () => number): Promise<boolean> {
  let builders = builderProcesses(place);
  for (let tries = 0; tries < 100 && builders.length === 0; tries += 1) {
    await delay(100);
    builders = builderProcesses(place);
  }
  const victim = builders[Math.floor(random() * builders.length)];
  for (const pid of victim ?? []) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
  return victim !== undefined;
}

/** The way to all builders drops every packet for that long. The network namespace is the campaign's own. */
async function cutNetwork(seconds: number): Promise<void> {
  await nft('add table inet coppice_cut');
  await nft('add chain inet coppice_cut input { type filter hook input priority 0 ; }');
  await nft('add rule inet coppice_cut input ip daddr 127.64.0.0/10 drop');
  await nft('add rule inet coppice_cut input ip saddr 127.64.0.0/10 drop');
  await delay(seconds * 1000);
  await nft('delete table inet coppice_cut');
}

async function nft(command: string): Promise<void> {
  await execa('nft', [command], { stdin: 'ignore' });
}

/** COPPICE_HOME is a small file system of its own. */
async function fillDisk({ home }: Place, seconds: number): Promise<void> {
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
  await delay(seconds * 1000);
  rmSync(path);
}
