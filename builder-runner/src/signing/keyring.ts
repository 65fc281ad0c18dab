// gpg with the keyring of one project, reached so that its sockets fit, and never with more agents than a bound.
import { once } from 'node:events';
import { mkdtemp, readdir, readlink, rm, symlink } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { describeError, RunnerError } from '../base/errors.ts';

const shortPrefix = 'coppice-gpg-';
/** Short links that are in use now. */
const inUse = new Set<string>();

/** Each open keyring has an agent of some megabytes. Builds sign one after the other for each project. */
const maximumOpen = 16;
let open = 0;
/** Whoever waits for a keyring to close, first come first served. */
const waiting: (() => void)[] = [];

async function takeSlot(): Promise<void> {
  if (open < maximumOpen) open += 1;
  else await new Promise<void>((resolve) => void waiting.push(resolve));
}

function giveSlot(): void {
  const next = waiting.shift();
  if (next === undefined) open -= 1;
  else next();
}

/** Whether somebody waits for a keyring to close: then none is kept open for a next use. */
export function isKeyringWanted(): boolean {
  return waiting.length > 0;
}

/**
 * At the start: ends the gpg-agents of this service's keyrings that an earlier run, which was killed, left behind with
 * their links.
 */
export async function endLeftKeyrings(home: string): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const short = join(tmpdir(), name);
    if (!name.startsWith(shortPrefix) || inUse.has(short)) continue;
    const target = await readlink(join(short, 'k')).catch(() => '');
    if (target.startsWith(`${join(home, 'state', 'keys')}`)) await closeKeyring(short);
  }
}

/** An agent that does not end in this time is left to itself. */
const endMilliseconds = 10_000;

/**
 * Ends the agent whose socket lies in this folder, and waits until it is gone: one that is about to end still takes
 * connections, and whoever opens the same keyring next would reach it. False when there is none.
 */
async function endAgent(folder: string): Promise<boolean> {
  const path = join(folder, 'S.gpg-agent');
  // Open until the process is gone: the connection that is told to end is closed some time before.
  const held = await connectTo(path);
  if (held === undefined) return false;
  const told = await connectTo(path);
  try {
    const gone = once(held, 'close', { signal: AbortSignal.timeout(endMilliseconds) });
    held.resume();
    told?.resume().write('KILLAGENT\n');
    await gone.catch(() => undefined);
  } finally {
    for (const socket of [held, told]) socket?.destroy();
  }
  return true;
}

/** Undefined when nobody listens there. */
async function connectTo(path: string): Promise<Socket | undefined> {
  const socket = connect(path);
  try {
    await once(socket, 'connect');
    // It may end at any time, in whichever way.
    return socket.on('error', () => undefined);
  } catch {
    return undefined;
  }
}

async function closeKeyring(short: string): Promise<void> {
  if (!(await endAgent(join(short, 'k')))) await closeElsewhere(short);
  await rm(short, { recursive: true, force: true });
}

/**
 * Where the machine has a folder for sockets (`/run/user/UID`), they lie there, in a folder of the short link's own,
 * which gpg leaves behind for ever.
 */
async function closeElsewhere(short: string): Promise<void> {
  const env = { ...gpgEnvironment(short) };
  const asked = await execa('gpgconf', ['--list-dirs', 'agent-socket'], {
    env,
    extendEnv: false,
    stdin: 'ignore',
    timeout: 60_000,
    reject: false,
  });
  const folder = dirname(String(asked.stdout).trim());
  if (asked.exitCode !== 0 || !/\/gnupg\/d\.[a-z0-9]+$/.test(folder)) return;
  await endAgent(folder);
  await rm(folder, { recursive: true, force: true });
}

function gpgEnvironment(short: string): Readonly<Record<string, string>> {
  return {
    PATH: process.env.PATH ?? '/usr/bin:/bin',
    GNUPGHOME: join(short, 'k'),
    HOME: short,
    LC_ALL: 'C.UTF-8',
  };
}

/** Runs gpg with one keyring, gives it `input`, and resolves with its output. Throws RunnerError. */
export type RunGpg = (args: readonly string[], input?: string) => Promise<string>;

/** A keyring that can be used; its agent is gpg's own process, which stays until `close`. */
export interface OpenKeyring {
  readonly gpg: RunGpg;
  /** For programs that call gpg themselves. */
  readonly environment: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

/**
 * gpg's sockets lie in its home and their paths have 107 characters at most, so the keyring in `folder` is reached by a
 * short link. Waits while as many as may be are open.
 */
export async function openKeyring(folder: string): Promise<OpenKeyring> {
  await takeSlot();
  try {
    return await linkKeyring(folder);
  } catch (error) {
    giveSlot();
    throw error;
  }
}

async function linkKeyring(folder: string): Promise<OpenKeyring> {
  const short = await mkdtemp(join(tmpdir(), shortPrefix));
  inUse.add(short);
  await symlink(folder, join(short, 'k'));
  // One that a killed run left, or had just begun, serves the same keyring: it ends by itself when its own way there is
  // gone, within a minute, and would do so amid a signature.
  await endAgent(join(short, 'k'));
  const environment = gpgEnvironment(short);
  const options = { env: environment, extendEnv: false, timeout: 60_000, stripFinalNewline: false } as const;
  return {
    environment,
    gpg: async (args, input) => {
      const batch = ['--batch', '--no-tty', '--quiet', '--pinentry-mode', 'loopback', ...args];
      const fed = input === undefined ? ({ stdin: 'ignore' } as const) : { input };
      const done = await execa('gpg', batch, { ...options, ...fed, reject: false });
      if (done.code === 'ENOENT')
        throw new RunnerError('tool-missing', 'gpg is missing: install gnupg', { cause: done });
      if (done.exitCode !== 0)
        throw new RunnerError('keys', `gpg failed: ${describeError(done.stderr)}`, { cause: done });
      return done.stdout;
    },
    close: async () => {
      try {
        await closeKeyring(short);
      } finally {
        inUse.delete(short);
        giveSlot();
      }
    },
  };
}

/** Opens the keyring in `folder` for one use. */
export async function withKeyring<T>(folder: string, use: (gpg: RunGpg) => Promise<T>): Promise<T> {
  const ring = await openKeyring(folder);
  try {
    return await use(ring.gpg);
  } finally {
    await ring.close();
  }
}
