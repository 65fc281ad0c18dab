// What is left of a service when it should all be gone: looked for in the kernel, not in Coppice's own records.
import { existsSync, readdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';

/**
 * Where the service with this home keeps what is only for a while: beside its home, and with a path that is as short.
 */
export function scratchOf(home: string): string {
  return `${home}-tmp`;
}

/**
 * Sentences about all that is left of the service with this home, and of no other one: its processes and their
 * namespaces, its mounts, its loop devices, its temporary files. A process is its own when its words, environment,
 * folders, open files or file system name the home or the temporary folder, or when it comes from such a process.
 */
export function leftovers(home: string): readonly string[] {
  const isOurs = (text: string) => text.includes(home);
  return [...processesOf(isOurs), ...mountsOf(isOurs), ...loopDevicesOf(isOurs), ...filesIn(scratchOf(home))];
}

interface FoundProcess {
  readonly pid: number;
  readonly parent: number;
  readonly args: string;
  readonly isMarked: boolean;
}

function processesOf(isOurs: (text: string) => boolean): readonly string[] {
  const all = entries('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => readProcess(Number(name), isOurs));
  const found = new Map(all.filter(({ isMarked }) => isMarked).map((each) => [each.pid, each]));
  for (let before = -1; before < found.size; ) {
    before = found.size;
    for (const each of all) if (found.has(each.parent)) found.set(each.pid, each);
  }
  return [...found.values()].map(({ pid, args }) => {
    const network = link(`/proc/${pid}/ns/net`);
    const own = network === link('/proc/self/ns/net') ? '' : ` in the network namespace ${network}`;
    return `process ${pid}${own}: ${args}`;
  });
}

/**
 * Empty for the tests' own process, for one that has ended, and for one that has ended but that its parent has not
 * asked about.
 */
function readProcess(pid: number, isOurs: (text: string) => boolean): FoundProcess[] {
  const status = text(`/proc/${pid}/status`);
  if (pid === process.pid || status === '' || /^State:\s+Z/m.test(status)) return [];
  const words = text(`/proc/${pid}/cmdline`).split('\0');
  const files = entries(`/proc/${pid}/fd`).map((name) => link(`/proc/${pid}/fd/${name}`));
  const places = ['cwd', 'root'].map((name) => link(`/proc/${pid}/${name}`));
  // gpg's home is named by a link that is short enough for its sockets.
  const targets = words.filter((word) => word.startsWith('/')).map(target);
  const signs = [...words, ...text(`/proc/${pid}/environ`).split('\0'), ...files, ...places, ...targets, rootOf(pid)];
  const parent = Number(/^PPid:\s+(\d+)$/m.exec(status)?.[1]);
  return [{ pid, parent, args: words.join(' ').trim(), isMarked: signs.some(isOurs) }];
}

/**
 * What a process's file system is made of. Its other mounts may be copies of everybody's, as they were when its
 * namespace was made.
 */
function rootOf(pid: number): string {
  const lines = text(`/proc/${pid}/mountinfo`).split('\n');
  return lines.filter((line) => line.split(' ')[4] === '/').join('\n');
}

/** Network namespaces that are held by a mount are among them. */
function mountsOf(isOurs: (text: string) => boolean): readonly string[] {
  return text('/proc/self/mountinfo')
    .split('\n')
    .filter(isOurs)
    .map((line) => `mount ${line}`);
}

function loopDevicesOf(isOurs: (text: string) => boolean): readonly string[] {
  return entries('/sys/block').flatMap((name) => {
    const file = text(`/sys/block/${name}/loop/backing_file`).trim();
    return isOurs(file) ? [`loop device ${name} of ${file}`] : [];
  });
}

function filesIn(folder: string): readonly string[] {
  return entries(folder).map((name) => `temporary file ${join(folder, name)}`);
}

// What ends while it is looked at, and what the kernel does not show, is nothing.

function entries(folder: string): readonly string[] {
  try {
    return existsSync(folder) ? readdirSync(folder) : [];
  } catch {
    return [];
  }
}

function text(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

function link(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

function target(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return '';
  }
}
