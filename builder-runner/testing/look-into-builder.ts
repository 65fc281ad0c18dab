// What can be seen of a builder of this machine from outside, by its first process: its files, mounts and processes.
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface SeenBuilder {
  /** The builder's file system. */
  readonly root: string;
  /** Mount points, as the builder has them. */
  mounts(): readonly string[];
  /** All but its first one, those inside a build among them. */
  processes(): readonly SeenProcess[];
  /**
   * Those that no SSH login holds: what a login started and left behind, as builds are. Whoever follows a build or
   * cleans the builder does so from a login and is not among them, whatever programs that takes.
   */
  detached(): readonly SeenProcess[];
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
  const first = Number(children[0]);
  return {
    root: `/proc/${first}/root`,
    mounts: () =>
      readFileSync(`/proc/${first}/mounts`, 'utf8')
        .trim()
        .split('\n')
        .map((line) => line.split(' ')[1] ?? ''),
    processes: () => below(first, allProcesses(), () => true),
    detached: () => below(first, allProcesses(), ({ pid, parent }) => parent !== first || !isSshServer(pid)),
  };
}

interface FoundProcess extends SeenProcess {
  readonly parent: number;
}

function allProcesses(): FoundProcess[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => readProcess(Number(name)));
}

/** Empty when it has ended, be it that nobody has asked yet how. */
function readProcess(pid: number): FoundProcess[] {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    if (/^State:\s+Z/m.test(status)) return [];
    const parent = Number(/^PPid:\s+(\d+)$/m.exec(status)?.[1]);
    const numbers = /^NSpid:\s+(.*)$/m.exec(status)?.[1]?.split('\t').map(Number) ?? [];
    const args = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
    return [{ pid, parent, innerPid: numbers.at(-1) ?? 0, args }];
  } catch {
    return [];
  }
}

/** The descendants of a process that `counts` lets pass; what is below one that does not pass is left out with it. */
function below(parent: number, all: readonly FoundProcess[], counts: (each: FoundProcess) => boolean): SeenProcess[] {
  const children = all.filter((each) => each.parent === parent && counts(each));
  return children.flatMap(({ pid, innerPid, args }) => [{ pid, innerPid, args }, ...below(pid, all, counts)]);
}

/**
 * A builder's first process gives each connection an SSH server of its own: all of a login that was not left behind is
 * below one.
 */
function isSshServer(pid: number): boolean {
  try {
    return readlinkSync(`/proc/${pid}/exe`).endsWith('/sshd');
  } catch {
    return true; // it ended meanwhile
  }
}

/** True when a file is there in the builder. */
export function hasFile({ root }: SeenBuilder, path: string): boolean {
  return existsSync(join(root, path));
}
