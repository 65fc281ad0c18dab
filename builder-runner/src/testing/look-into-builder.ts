// What can be seen of a builder of this machine from outside, by its first process: its files, mounts and processes.
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface SeenBuilder {
  /** The builder's file system. */
  readonly root: string;
  /** Mount points, as the builder has them. */
  mounts(): readonly string[];
  processes(): readonly SeenProcess[];
}

interface SeenProcess {
  /** On this machine. */
  readonly pid: number;
  /** As the builder counts. */
  readonly innerPid: number;
  readonly args: string;
}

/** `driverState` is the folder in which its driver keeps it. */
export async function lookIntoBuilder(driverState: string, name: string): Promise<SeenBuilder> {
  const record = JSON.parse(await readFile(join(driverState, name, 'record.json'), 'utf8')) as {
    processes: { pid: number }[];
  };
  const keeper = record.processes[0]?.pid ?? 0;
  const children = readFileSync(`/proc/${keeper}/task/${keeper}/children`, 'utf8').trim().split(' ');
  const first = children[0] ?? '';
  const space = readlinkSync(`/proc/${first}/ns/pid`);
  return {
    root: `/proc/${first}/root`,
    mounts: () =>
      readFileSync(`/proc/${first}/mounts`, 'utf8')
        .trim()
        .split('\n')
        .map((line) => line.split(' ')[1] ?? ''),
    processes: () => allPids().flatMap((pid) => seenIn(space, pid)),
  };
}

function allPids(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

/** Processes of namespaces below it (those inside a build) count too: they have a number in this one. */
function seenIn(space: string, pid: number): SeenProcess[] {
  try {
    const isHere = readlinkSync(`/proc/${pid}/ns/pid`) === space;
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const numbers = /^NSpid:\s+(.*)$/m.exec(status)?.[1]?.split('\t').map(Number) ?? [];
    if (!isHere || /^State:\s+Z/m.test(status)) return [];
    const args = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
    return [{ pid, innerPid: numbers.at(-1) ?? 0, args }];
  } catch {
    return []; // it ended meanwhile
  }
}

/** True when a file is there in the builder. */
export function hasFile({ root }: SeenBuilder, path: string): boolean {
  return existsSync(join(root, path));
}
