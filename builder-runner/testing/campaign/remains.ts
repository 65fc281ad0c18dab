// What is left of a campaign when it should all be gone: looked for in the kernel, not in our own records.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { execa } from 'execa';

const kinds = ['mnt', 'net', 'pid', 'ipc', 'uts'] as const;

/** The numbers of all processes. */
export function allProcesses(): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

/** Names of the namespaces that these processes are in, such as `net:[4026532000]`. */
export function namespacesOf(pids: readonly number[]): readonly string[] {
  return pids.flatMap((pid) => kinds.flatMap((kind) => readLink(`/proc/${pid}/ns/${kind}`) ?? []));
}

function readLink(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined; // it has ended
  }
}

/**
 * Sentences about all that is left: processes that speak of one of `folders` (but for `known` ones) or live in one of
 * `namespaces`, mounts below `folders` but for `knownMounts`, loop devices on files below them.
 */
export async function findRemains(look: {
  readonly folders: readonly string[];
  readonly namespaces: ReadonlySet<string>;
  readonly known: ReadonlySet<number>;
  readonly knownMounts: ReadonlySet<string>;
}): Promise<readonly string[]> {
  const found: string[] = [];
  const speaks = (text: string) => look.folders.some((folder) => text.includes(folder));
  for (const pid of readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)) {
    if (look.known.has(pid)) continue;
    const words = ['cmdline', 'environ'].map((name) => readText(`/proc/${pid}/${name}`)).join('\0');
    const folder = readLink(`/proc/${pid}/cwd`) ?? '';
    const isInside = namespacesOf([pid]).some((name) => look.namespaces.has(name));
    if (speaks(words) || speaks(folder) || isInside) {
      found.push(`process ${pid}: ${words.split('\0').slice(0, 4).join(' ')}`);
    }
  }
  for (const line of readText('/proc/self/mountinfo').split('\n')) {
    const mount = line.split(' ')[4] ?? '';
    if (speaks(line) && !look.knownMounts.has(mount)) found.push(`mount ${mount}`);
  }
  const { stdout } = await execa('losetup', ['--list', '--noheadings', '--output', 'NAME,BACK-FILE']);
  found.push(
    ...stdout
      .split('\n')
      .filter(speaks)
      .map((line) => `loop device ${line}`),
  );
  return found;
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return ''; // it has ended, or the kernel does not say
  }
}
