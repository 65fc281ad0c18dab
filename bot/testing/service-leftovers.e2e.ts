// What the tests of the service call clean: each thing that a service can leave is left here for real, and has to be
// seen.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, open, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { leftovers, scratchOf } from './service-leftovers.ts';

let home: string;
let elsewhere: string;
const undo: (() => Promise<unknown>)[] = [];

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'coppice-left-'));
  elsewhere = await mkdtemp(join(tmpdir(), 'coppice-other-'));
  for (const name of ['state', 'root', 'upper', 'work']) await mkdir(join(home, name));
  await mkdir(scratchOf(home));
  expect(leftovers(home)).toEqual([]);
});
afterEach(async () => {
  for (const each of undo.splice(0).reverse()) await each();
  const left = leftovers(home);
  for (const folder of [home, scratchOf(home), elsewhere]) await rm(folder, { recursive: true, force: true });
  expect(left).toEqual([]);
});

const privileged = (program: string, ...args: string[]) =>
  process.getuid?.() === 0 ? execa(program, args) : execa('sudo', ['-n', program, ...args]);

/** One that says nothing of itself but what `options` give away; ended after the test. */
async function start(
  command: readonly [string, ...string[]],
  options: {
    readonly cwd?: string;
    readonly env?: Record<string, string>;
    readonly argv0?: string;
    readonly fd?: number;
  },
): Promise<ChildProcess> {
  const { fd, ...rest } = { cwd: '/', env: { PATH: '/usr/sbin:/usr/bin' }, ...options };
  const [program, ...args] = command;
  const child = spawn(program, args, { ...rest, detached: true, stdio: ['ignore', fd ?? 'ignore', 'ignore'] });
  await once(child, 'spawn');
  undo.push(async () => {
    const ended = once(child, 'close');
    process.kill(-(child.pid as number), 'SIGKILL');
    await ended;
  });
  return child;
}

const sleep = ['sleep', '1000'] as const;
/** As root of a user namespace of its own, which needs no privilege. */
const inNamespaces = (...command: string[]) => ['unshare', '--map-root-user', '--mount', '--net', ...command] as const;
const ownRoot = `import os, time
outside = os.open('/', os.O_RDONLY)
os.chroot('.')
os.fchdir(outside)
os.close(outside)
time.sleep(1000)`;
const ownFileSystem = `mount -t tmpfs "$0/state" "$0/root" && cd "$0/root" && mkdir usr proc old &&
  mount --rbind /usr usr && mount --rbind /proc proc && for name in bin lib lib64; do ln -s usr/$name $name || exit; done &&
  pivot_root . old && cd / && umount -l /old && exec env -i sleep 1000`;

test.each<readonly [string, () => Promise<ChildProcess>]>([
  ['its words', () => start([...sleep], { argv0: `builder of ${home}/state` })],
  ['its environment', () => start([...sleep], { env: { COPPICE_HOME: home } })],
  ['its folder', () => start([...sleep], { cwd: join(home, 'state') })],
  [
    'a file that it has open, though it was removed',
    async () => {
      const path = join(home, 'state/log');
      const file = await open(path, 'w');
      const child = await start([...sleep], { fd: file.fd });
      await file.close();
      await rm(path);
      return child;
    },
  ],
  ['its root', () => start(inNamespaces('/usr/bin/python3', '-c', ownRoot), { cwd: join(home, 'root') })],
  ["its file system, as a builder's is made of", () => start(inNamespaces('sh', '-c', ownFileSystem, home), {})],
])('a process that gives itself away only by %s', async (_sign, leave) => {
  const { pid } = await leave();
  // It is what it will be for good once it sleeps.
  await expect
    .poll(() => leftovers(home).join('\n'), { timeout: 30_000 })
    .toMatch(/ sleep 1000$|sleep\(1000\)$| builder of .* 1000$/);
  expect(leftovers(home)).toEqual([expect.stringMatching(`^process ${pid}[ :]`)]);
});

test('a process with nothing of its own that comes from one of the service, in a network without a name', async () => {
  const script = 'env -i PATH="$PATH" unshare --map-root-user --net sleep 1000; true';
  await start(['sh', '-c', script], { env: { COPPICE_HOME: home, PATH: '/usr/sbin:/usr/bin' } });
  await expect
    .poll(() => leftovers(home), { timeout: 30_000 })
    .toEqual([
      expect.stringMatching(/^process \d+: sh -c /),
      expect.stringMatching(/^process \d+ in the network namespace net:\[\d+\]: sleep 1000$/),
    ]);
});

test("gpg's agent, by the keyring that its short link leads to", async () => {
  await mkdir(join(home, 'state/keyring'), { mode: 0o700 });
  const short = join(elsewhere, 'k');
  await symlink(join(home, 'state/keyring'), short);
  const env = { PATH: '/usr/bin', GNUPGHOME: short, HOME: elsewhere };
  const gpgconf = (...args: string[]) => execa('gpgconf', args, { env, extendEnv: false, cwd: '/', stdin: 'ignore' });
  await gpgconf('--launch', 'gpg-agent');
  undo.push(() => gpgconf('--kill', 'gpg-agent'));
  expect(leftovers(home)).toEqual([expect.stringMatching(/^process \d+: gpg-agent /)]);
});

test('mounts, one that holds a network without processes, and loop devices', async () => {
  const [disk, network, image] = ['disk', 'network', 'state/disk.image'].map((name) => join(home, name)) as [
    string,
    string,
    string,
  ];
  await mkdir(disk);
  await writeFile(network, '');
  await writeFile(image, Buffer.alloc(1024 ** 2));
  await privileged('mount', '-t', 'tmpfs', 'coppice-test', disk);
  undo.push(() => privileged('umount', disk));
  await privileged('unshare', `--net=${network}`, 'true');
  undo.push(() => privileged('umount', network));
  const { stdout: device } = await privileged('losetup', '--find', '--show', image);
  undo.push(() => privileged('losetup', '--detach', device));
  expect(leftovers(home)).toEqual([
    expect.stringMatching(`^mount .* ${disk} .* tmpfs `),
    expect.stringMatching(`^mount .* net:\\[\\d+\\] ${network} .* nsfs `),
    `loop device ${device.replace('/dev/', '')} of ${image}`,
  ]);
});

test('temporary files', async () => {
  const path = join(scratchOf(home), 'forgotten');
  await writeFile(path, '');
  undo.push(() => rm(path));
  expect(leftovers(home)).toEqual([`temporary file ${path}`]);
});

test('nothing of another service', async () => {
  await start([...sleep], { env: { COPPICE_HOME: elsewhere }, cwd: elsewhere, argv0: elsewhere });
  await privileged('mount', '-t', 'tmpfs', 'coppice-test', elsewhere);
  undo.push(() => privileged('umount', elsewhere));
  expect(leftovers(home)).toEqual([]);
  expect(leftovers(elsewhere)).toHaveLength(2);
});
