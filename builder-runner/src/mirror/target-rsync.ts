// A mirror that rsync fills over SSH. Links stay links, so that a generation is shown there by one rename as it is
// here; each run gets a list, so that nothing is walked.
import { lstat, mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Settings } from '@coppice/config';
import { execa } from 'execa';
import { nothingWhenAbsent } from '../base/absent.ts';
import type { Listed } from './ledger.ts';
import { MirrorError, type MirrorTarget, probeName } from './target.ts';

export type RsyncSettings = NonNullable<Settings['mirror']['rsync']>;

const host = 'coppice-mirror';

/** `folder` is private to the service; the lists and the configuration of ssh are kept there. `keyFile` is absolute. */
export async function openRsyncTarget(
  settings: RsyncSettings & { readonly keyFile: string },
  folder: string,
): Promise<MirrorTarget> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await writeFile(join(folder, 'known_hosts'), `${host} ${settings.hostKey}\n`);
  await writeFile(join(folder, 'ssh_config'), sshConfig(settings, folder), { mode: 0o600 });
  const there = `${host}:${settings.folder.replace(/\/+$/, '')}/`;
  const name = `rsync to ${settings.user}@${settings.host}:${settings.folder}`;
  const run = (args: readonly string[], signal: AbortSignal, input?: string) =>
    runRsync(name, folder, args, signal, input);
  const list = (paths: readonly string[]) => paths.map((path) => `${path}\0`).join('');
  const named = ['--files-from=-', '--from0'];
  // A file that was cut off is gone on with; it has its name once it is whole.
  const copying = [
    '--links',
    '--safe-links',
    '--times',
    '--omit-dir-times',
    '--perms',
    '--chmod=D755,F644',
    '--partial-dir=.coppice-partial',
  ];
  const removing = ['--recursive', '--force', '--delete-missing-args'];
  /** What is named and missing in a folder that is empty but for the folders that are named goes there. */
  const remove = async (paths: readonly string[], signal: AbortSignal): Promise<void> => {
    const empty = join(folder, 'empty');
    await rm(empty, { recursive: true, force: true });
    for (const parent of new Set(paths.map((path) => dirname(path))))
      await mkdir(join(empty, parent), { recursive: true });
    await run([...named, ...removing, '--', './empty/', there], signal, list(paths));
  };
  return {
    name,
    hasLinks: true,
    async send(root, paths, signal, done) {
      const args = [...named, ...copying, '--ignore-missing-args', '--', `${root}/`, there];
      await run(args, signal, list(paths));
      // What is here now was here when it was sent: nothing comes back under the name of something else.
      const found = await Promise.all(paths.map((path) => lstat(join(root, path)).catch(nothingWhenAbsent)));
      for (const [index, path] of paths.entries()) if (found[index] !== undefined) done(path);
    },
    remove,
    removeAll: (path, signal) => remove([path], signal),
    async *list(signal) {
      const output = await run(['--recursive', '--links', '--list-only', '--no-human-readable', '--', there], signal);
      const files = output.split('\n').flatMap((line) => readListed(line) ?? []);
      for (let at = 0; at < files.length; at += 1000) yield files.slice(at, at + 1000);
    },
    async probe(signal) {
      const probe = join(folder, 'probe');
      await mkdir(probe, { recursive: true });
      await writeFile(join(probe, probeName), 'Coppice can write here.\n');
      await run([...named, ...copying, '--', './probe/', there], signal, list([probeName]));
      await remove([probeName], signal);
      await rm(probe, { recursive: true });
    },
  };
}

/** Nothing of the machine's or the user's own configuration counts, and no question is asked. */
function sshConfig(settings: RsyncSettings, folder: string): string {
  const quoted = (path: string) => `"${path.replaceAll('%', '%%')}"`;
  return `Host ${host}
HostName ${settings.host}
Port ${settings.port}
User ${settings.user}
HostKeyAlias ${host}
UserKnownHostsFile ${quoted(join(folder, 'known_hosts'))}
GlobalKnownHostsFile /dev/null
StrictHostKeyChecking yes
UpdateHostKeys no
IdentityFile ${quoted(settings.keyFile)}
IdentitiesOnly yes
IdentityAgent none
PreferredAuthentications publickey
BatchMode yes
ConnectTimeout 20
ServerAliveInterval 15
ServerAliveCountMax 4
ClearAllForwardings yes
ForwardAgent no
LogLevel ERROR
`;
}

const maximumOutput = 1024 ** 3;

async function runRsync(
  name: string,
  folder: string,
  args: readonly string[],
  signal: AbortSignal,
  input?: string,
): Promise<string> {
  // The names of rsync's files need no quotes for its shell words: it runs where they lie.
  const done = await execa('rsync', ['--timeout=120', '--rsh=ssh -F ssh_config', ...args], {
    ...{ cwd: folder, env: { PATH: process.env.PATH ?? '/usr/bin:/bin', LC_ALL: 'C.UTF-8' }, extendEnv: false },
    ...(input === undefined ? { stdin: 'ignore' as const } : { input }),
    ...{ cancelSignal: signal, gracefulCancel: false, forceKillAfterDelay: 5000, reject: false },
    ...{ maxBuffer: { stdout: maximumOutput, stderr: 100_000 }, stripFinalNewline: true },
  });
  if (!done.failed) return done.stdout;
  if (done.isCanceled) signal.throwIfAborted();
  if (done.code === 'ENOENT') throw new MirrorError('rsync is not installed: install the package rsync');
  const said = done.stderr.split('\n').filter((line) => line.trim() !== '');
  throw new MirrorError(`${name}: ${explain(said.join('\n')) ?? said.slice(-3).join(' ').slice(0, 400)}`);
}

/** What to do about what ssh and rsync say most often. */
function explain(said: string): string | undefined {
  if (/host key verification failed|HOST IDENTIFICATION HAS CHANGED/i.test(said))
    return 'it shows another host key than `mirror.rsync.hostKey` says: find out why before you write the new one down';
  if (/permission denied \((?:publickey|[\w,-]+)\)/i.test(said))
    return 'it does not take the key of `mirror.rsync.keyFile`: put the public half into its authorized_keys';
  if (/no space left on device|disk quota exceeded/i.test(said)) return 'its disk is full';
  return undefined;
}

/** One line of rsync's list, `-rw-r--r--  1,234 2026/01/31 12:00:00 path`; undefined for folders. */
export function readListed(line: string): Listed | undefined {
  const [, kind, bytes = '', name = ''] = /^([-dl])\S{9,10}\s+([\d,.]+) \S+ \S+ (.+)$/.exec(line) ?? [];
  if (kind === undefined || kind === 'd') return undefined;
  const path = (kind === 'l' ? name.replace(/ -> .*$/, '') : name).replace(/\\#(\d{3})/g, (_, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  );
  return { path, bytes: Number(bytes.replace(/\D/g, '')) };
}
