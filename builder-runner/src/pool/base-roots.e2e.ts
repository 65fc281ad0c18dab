// Base roots made ahead of builds, and kept for the builders that come later.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { published, settingsSchema } from '@coppice/config';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { keyringProbeInC } from '../../testing/keyring-probe.ts';
import { lookIntoBuilder } from '../../testing/look-into-builder.ts';
import { needRoot } from '../../testing/need-root.ts';
import { scripted } from '../../testing/packages.ts';
import { makeTestHome, sapling, startTestService, type TestHome } from '../../testing/start-test-service.ts';
import { ansibleFolder } from '../builder/playbook.ts';
import { keepRoots } from '../builder/spawn.ts';
import { connectBuilder } from '../builder/ssh.ts';
import { openPool } from './open-pool.ts';
import type { BuilderNeed, BuilderPool, Lease } from './pool.ts';
import { prepareRoot } from './prepare-root.ts';

needRoot();
const cache = '/var/cache/mock/mock-lite';
const never = new AbortController().signal;
const need: BuilderNeed = { chroot: sapling, owner: 'acme', project: 'tools', trust: 'build', labels: [] };

let scratch: string;
let roots: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'coppice-roots-'));
  roots = join(scratch, 'roots');
  await mkdir(roots);
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

/** Lets the service of this home keep its roots where this test sees them, and no other does. */
async function keepIn(folder: string, home: string): Promise<void> {
  await rm(join(home, 'cache', 'roots'));
  await symlink(folder, join(home, 'cache', 'roots'));
}

const images = () => readdirSync(roots).filter((name) => name.endsWith('.ext4'));

async function withPool(
  place: TestHome,
  driver: string,
  work: (pool: BuilderPool) => Promise<void>,
): Promise<string[]> {
  const lines: string[] = [];
  const settings = settingsSchema.parse({ builders: { pools: [{ driver }] } });
  const log = (_: string, message: string) => void lines.push(message);
  const { home, port: controlPort } = place;
  const pool = await openPool({ settings, home, controlPort, log, now: () => new Date() });
  try {
    await work(pool);
  } finally {
    await pool.stop({ keepLeased: false });
  }
  return lines;
}

async function onBuilder({ builder }: Lease, ...argv: string[]): Promise<string> {
  const connection = await connectBuilder(builder, 'root', never);
  try {
    return await connection.must(argv);
  } finally {
    connection.close();
  }
}

test('the first build on a machine finds its base root made, and so do its builders after that', async () => {
  const context = await startTestService({ hello: scripted('hello', keyringProbeInC) });
  await keepIn(roots, context.home);
  try {
    const [build] = await context.enqueue([{ package: 'hello' }]);
    if (build === undefined) throw new Error('nothing was put in');
    await context.gone(build.id);
    expect(await context.result(build)).toMatchObject({ state: 'succeeded', attempts: 1 });
    const folder = join(context.home, 'published', published.chrootBuild(build, sapling));
    expect(readFileSync(join(folder, 'state.log'), 'utf8')).not.toContain('dnf install');
    expect(readFileSync(join(folder, 'root.log'), 'utf8')).not.toContain('buildsys-build');
    expect(images()).toEqual([expect.stringMatching(/^base-[0-9a-f]+\.ext4$/)]);
    expect(context.lines.filter((line) => line.includes('base root'))).toEqual([]);
    // A build asks the kernel for keys in vain.
    const asked = readFileSync(join(folder, 'build.log'), 'utf8').match(/^key calls: .*$/m)?.[0];
    expect(asked).toMatch(/^key calls:( (keyctl|add_key|request_key)(-x32|-i386)?=refused)+$/);
  } finally {
    await context.stop();
  }
});

test('another service on the machine gives its builders what is kept, for reading alone, and leaves out what is half made', async () => {
  const [image = ''] = images();
  const path = join(roots, image);
  const before = statSync(path);
  const base = `${cache}/${image.replace('.ext4', '')}`;
  const half = join(roots, `base-${'0'.repeat(24)}.ext4.new`);
  await writeFile(half, 'half');
  const place = await makeTestHome({});
  await keepIn(roots, place.home);
  try {
    const said = await withPool(place, 'local', async (pool) => {
      const lease = await pool.take(need, never);
      const { builder } = lease;
      expect(builder.instance.roots).toEqual([sapling]);
      const seen = await lookIntoBuilder(join(place.home, 'state/drivers/local'), builder.name);
      expect(seen.mounts().filter((mount) => mount.startsWith(`${cache}/`))).toEqual([base]);
      expect(await onBuilder(lease, 'ls', cache)).toBe(`${base.split('/').at(-1)}\n`);
      expect(await onBuilder(lease, 'ls', '-A', '/home/mockbuild/builds')).toBe('');
      await expect(onBuilder(lease, 'touch', `${base}/etc/mine`)).rejects.toThrow(/Read-only file system/);
      await expect(onBuilder(lease, 'mount', '-o', 'remount,rw', base)).rejects.toThrow(
        /write-protected|read-only|permission denied/i,
      );

      // An hour later it is looked after again.
      const { home, port: controlPort } = place;
      const limits = { seconds: 60, reconnectSeconds: 5, now: () => new Date(), signal: never, warn: () => undefined };
      await prepareRoot({ home, builder, builderHasNetwork: false, controlPort, ...limits });
      expect(await onBuilder(lease, 'find', cache, '-maxdepth', '1', '-name', 'base-*')).toBe(`${base}\n`);
      const driver = { home, settings: settingsSchema.parse({}), source: { driver: 'local', options: {} } };
      await keepRoots(driver, builder, never);
      expect(existsSync(half)).toBe(false);
      expect(statSync(path)).toMatchObject({ ino: before.ino, size: before.size });

      const size = ['sh', '-c', 'find "$0" -xdev -type f -exec cat {} + | wc -c', base];
      await rm(path);
      expect(Number(await onBuilder(lease, ...size))).toBeGreaterThan(10_000_000);
    });
    expect(said).toEqual([]);
    const loops = async () => (await execa('losetup', ['--list', '--noheadings', '--output', 'BACK-FILE'])).stdout;
    await expect.poll(loops).not.toContain(roots);
  } finally {
    await place.remove();
  }
});

test('a builder that is made ahead has its base root before anybody has it, also where none is kept', async () => {
  const driver = join(scratch, 'forgetful');
  await cp(join(ansibleFolder, 'drivers/local'), driver, { recursive: true });
  const facts = readFileSync(join(driver, 'driver.yml'), 'utf8').replace('keepsRoots: true', 'keepsRoots: false');
  await writeFile(join(driver, 'driver.yml'), facts);
  const place = await makeTestHome({});
  const none = join(scratch, 'none');
  await mkdir(none);
  await keepIn(none, place.home);
  try {
    const said = await withPool(place, driver, async (pool) => {
      pool.expect(need);
      await expect.poll(() => pool.state().pools[0]?.builders.idle, { timeout: 120_000 }).toBe(1);
      const lease = await pool.take(need, never);
      expect(await onBuilder(lease, 'sh', '-c', 'ls -d "$0"/base-*/usr/bin/gcc', cache)).toContain('/gcc');
      expect(await onBuilder(lease, 'ls', '-A', '/var/lib/mock', '/home/mockbuild/builds')).not.toMatch(
        /coppice|prepare/,
      );
    });
    expect([said, readdirSync(none)]).toEqual([[], []]);
  } finally {
    await place.remove();
  }
});

test('a base root that cannot be made is told, and the builder is given to who waits', async () => {
  const place = await makeTestHome({});
  const none = join(scratch, 'none');
  await keepIn(none, place.home);
  await rm(join(place.root, published.distribution(sapling)));
  try {
    const said = await withPool(place, 'local', async (pool) => {
      const lease = await pool.take(need, never);
      expect(await onBuilder(lease, 'ls', '-A', '/home/mockbuild/builds')).toBe('');
    });
    expect(said).toEqual([expect.stringMatching(/begins without a base root: .*repo 'sapling'/)]);
  } finally {
    await place.remove();
  }
});
