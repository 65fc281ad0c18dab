// A place to read hostile specs and packages in: no network, no home, no environment, nothing of the machine but /usr,
// bounded in time, memory and size.
import { chmod, chown, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ExecaError, execa } from 'execa';
import { describeError, RunnerError } from '../base/errors.ts';
import { keyringFilter, withOwnSession } from './leave-keyrings.ts';

export interface SandboxOrder {
  /** The program and its arguments, as seen inside. */
  readonly command: readonly string[];
  /** Folder of this machine that is readable inside as `/sources`. */
  readonly sources: string;
  /** Folder of this machine that is writable inside as `/out`; nothing else stays. */
  readonly output: string;
  readonly seconds: number;
  /** Upper bound of any one file that is written, in bytes. */
  readonly fileBytes: number;
  readonly signal: AbortSignal;
}

export interface SandboxEnd {
  /** Null when it was ended by a signal: the time limit or a resource bound. */
  readonly exitCode: number | null;
  readonly timedOut: boolean;
  /** Standard output and error together, cut to 1 MB. */
  readonly output: string;
}

const memoryBytes = 4 * 1024 ** 3;
const temporaryBytes = 256 * 1024 ** 2;
const outputBytes = 1024 ** 2;
/**
 * Who runs specs when the service is root. A user namespace would not do: in it, our root still owns what /proc/sys
 * shows.
 */
const sandboxUser = 61_001;
const passwd = `root:x:0:0:root:/home:/bin/sh\nsandbox:x:${sandboxUser}:${sandboxUser}::/home:/bin/sh\n`;
const group = `root:x:0:\nsandbox:x:${sandboxUser}:\n`;

/**
 * Runs one command in a fresh sandbox (bubblewrap). What it leaves in `output` belongs to the sandbox's user. Throws
 * RunnerError `sandbox` or `tool-missing` when there can be none.
 */
export async function runInSandbox(order: SandboxOrder): Promise<SandboxEnd> {
  const etc = await mkdtemp(join(tmpdir(), 'coppice-sandbox-'));
  const isRoot = process.getuid?.() === 0;
  try {
    await chmod(order.sources, 0o755);
    if (isRoot) await chown(order.output, sandboxUser, sandboxUser);
    await writeFile(join(etc, 'passwd'), passwd);
    await writeFile(join(etc, 'group'), group);
    return await run(order, await keyringFilter(), [
      ...bounds(order),
      ...(await withOwnSession()),
      ...['bwrap', '--seccomp', '3', ...identity(isRoot), ...(await view(order, etc)), '--'],
      ...(isRoot ? dropPrivileges : []),
      ...order.command,
    ]);
  } finally {
    if (isRoot) await chown(order.output, 0, 0);
    await rm(etc, { recursive: true, force: true });
  }
}

/** The command reads `third` from its descriptor 3. */
async function run(
  order: SandboxOrder,
  third: Uint8Array,
  [program = '', ...args]: readonly string[],
): Promise<SandboxEnd> {
  try {
    const running = execa(program, args, {
      all: true,
      detached: true, // a process group of its own
      stdio: ['ignore', 'pipe', 'pipe', third],
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
      extendEnv: false,
      timeout: order.seconds * 1000,
      killSignal: 'SIGKILL',
      cancelSignal: order.signal,
      maxBuffer: outputBytes,
      reject: false,
    });
    running.nodeChildProcess.once('exit', () => endGroup(running.pid));
    const done = await running;
    if (done.isCanceled) order.signal.throwIfAborted();
    const output = done.all ?? '';
    if (done.code === 'ENOENT') {
      throw new RunnerError('tool-missing', 'prlimit or bwrap is missing: install util-linux and bubblewrap', {
        cause: done,
      });
    }
    if (/^bwrap: /m.test(output) && done.exitCode === 1 && !/^(error|warning):/m.test(output)) {
      throw new RunnerError('sandbox', `no sandbox for specs: ${describeError(output)}`);
    }
    return { exitCode: done.exitCode ?? null, timedOut: done.timedOut, output };
  } catch (error) {
    if (error instanceof ExecaError) throw new RunnerError('sandbox', describeError(error), { cause: error });
    throw error;
  }
}

/**
 * When bubblewrap's first process is killed before the second has been told to die with it, the second waits for ever,
 * or runs the command without anybody who ends it in time, and holds our pipes.
 */
function endGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function bounds(order: SandboxOrder): readonly string[] {
  const seconds = Math.ceil(order.seconds);
  return [
    'prlimit',
    `--as=${memoryBytes}`,
    `--fsize=${Math.floor(order.fileBytes)}`,
    `--cpu=${seconds}`,
    '--nofile=1024',
    '--nproc=1024',
    '--core=0',
    '--',
  ];
}

const dropPrivileges = [
  ...['setpriv', `--reuid=${sandboxUser}`, `--regid=${sandboxUser}`, '--clear-groups'],
  ...['--bounding-set=-all', '--inh-caps=-all', '--no-new-privs', '--'],
];

/**
 * Root may make all namespaces and steps down inside; anybody else becomes root of a user namespace that holds nothing.
 */
function identity(isRoot: boolean): readonly string[] {
  const spaces = [
    '--unshare-ipc',
    '--unshare-pid',
    '--unshare-net',
    '--unshare-uts',
    '--unshare-cgroup-try',
    '--cap-drop',
    'ALL',
  ];
  if (!isRoot) return ['--unshare-user', '--uid', '0', '--gid', '0', ...spaces];
  return [...spaces, ...['CAP_SETUID', 'CAP_SETGID', 'CAP_SETPCAP'].flatMap((power) => ['--cap-add', power])];
}

/** What is there to be seen inside. Order matters: later lines lie over earlier ones. */
async function view(order: SandboxOrder, etc: string): Promise<readonly string[]> {
  const merged: string[] = [];
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) {
    const inUsr = await stat(`/usr/${name}`).then(
      () => true,
      () => false,
    );
    merged.push(...(inUsr ? ['--symlink', `usr/${name}`, `/${name}`] : ['--ro-bind-try', `/${name}`, `/${name}`]));
  }
  return [
    // No session of its own: it stays in the group that is ended with it, and has no terminal anyway.
    ...['--hostname', 'sandbox', '--die-with-parent', '--clearenv'],
    ...['--setenv', 'PATH', '/usr/bin:/usr/sbin', '--setenv', 'HOME', '/home', '--setenv', 'LANG', 'C.UTF-8'],
    ...['--ro-bind', '/usr', '/usr', ...merged],
    ...['--ro-bind-try', '/etc/alternatives', '/etc/alternatives', '--ro-bind-try', '/etc/rpm', '/etc/rpm'],
    ...['--ro-bind-try', '/etc/ld.so.cache', '/etc/ld.so.cache'],
    ...['--ro-bind', join(etc, 'passwd'), '/etc/passwd', '--ro-bind', join(etc, 'group'), '/etc/group'],
    ...['--proc', '/proc', '--dev', '/dev'],
    ...['/tmp', '/home'].flatMap((path) => ['--perms', '1777', '--size', String(temporaryBytes), '--tmpfs', path]),
    ...['--ro-bind', order.sources, '/sources', '--bind', order.output, '/out', '--chdir', '/tmp'],
  ];
}
