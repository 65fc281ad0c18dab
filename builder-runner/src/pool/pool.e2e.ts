// The pool with real builders of this machine.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ChrootName, settingsSchema } from '@coppice/config';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { needRoot } from '../../testing/need-root.ts';
import { thisMachine } from '../builder/driver-facts.ts';
import { buildUserOf } from '../builder/provision.ts';
import { listBuilders } from '../builder/spawn.ts';
import { type Connection, connectBuilder } from '../builder/ssh.ts';
import { openPool } from './open-pool.ts';
import type { BuilderNeed, BuilderPool, Lease } from './pool.ts';

needRoot();
const never = new AbortController().signal;
const chroot = `sapling-12-${thisMachine()}` as ChrootName;
const need = (project: string): BuilderNeed => ({ chroot, owner: 'acme', project, trust: 'build', labels: [] });
const settings = (pool: object) => settingsSchema.parse({ builders: { pools: [{ driver: 'local', ...pool }] } });

let home: string;
let pool: BuilderPool;
const lines: string[] = [];
const open = async (of: object) => {
  const log = (_: string, message: string) => void lines.push(message);
  pool = await openPool({ settings: settings(of), home, log, now: () => new Date() });
};
const list = () => listBuilders({ home, settings: settings({}) });
const onBuilder = async <T>({ builder }: Lease, work: (connection: Connection) => Promise<T>): Promise<T> => {
  const connection = await connectBuilder(builder, buildUserOf(builder), never);
  try {
    return await work(connection);
  } finally {
    connection.close();
  }
};

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'coppice-pool-'));
  lines.length = 0;
});
afterEach(async () => {
  await pool.stop({ keepLeased: false });
  expect(await list()).toEqual([]);
  await rm(home, { recursive: true, force: true });
});

test('a builder is cleaned and used again by its project alone; one on which a process was left is ended', async () => {
  await open({ max: 2 });
  const stages: string[] = [];
  const first = await pool.take(need('tools'), never, (stage, name) => stages.push(`${stage} ${name}`));
  const { name } = first.builder;
  expect(stages).toEqual([`spawn ${name}`, `provision ${name}`]);
  await onBuilder(first, (connection) => connection.must(['sh', '-c', 'mkdir -p builds/1 && echo left > builds/1/x']));
  await first.release('reuse');
  expect(pool.state().pools[0]?.builders).toMatchObject({ idle: 1, leased: 0 });

  const [again, other] = await Promise.all([pool.take(need('tools'), never), pool.take(need('games'), never)]);
  expect(again.builder.name).toBe(name);
  expect(other.builder.name).not.toBe(name);
  expect(await onBuilder(again, (connection) => connection.must(['ls', '-A', 'builds']))).toBe('');
  await onBuilder(again, (connection) =>
    connection.must(['sh', '-c', 'setsid sleep 1000 > /dev/null 2>&1 < /dev/null &']),
  );
  await again.release('reuse');
  expect(lines).toContainEqual(expect.stringContaining(`${name} is not used again`));
  expect(await list()).toEqual([other.builder.name]);
});

test('what is in use stays while a builder is cleaned, and goes when it is not; our own connection is no leftover', async () => {
  await open({ max: 1 });
  const talk = async (lease: Lease) =>
    lease.session({
      ...{ user: buildUserOf(lease.builder), controlPort: 9, reconnectSeconds: 5, resumes: false },
      ...{ signal: never, warn: (message: string) => void lines.push(message) },
    });
  const first = await pool.take(need('tools'), never);
  const session = await talk(first);
  const run = (...argv: string[]) => session.run((connection) => connection.must(argv), never);
  const folders = ['old', 'next', 'unknown'].map((name) => session.useFolder(name).replace(/unknown$/, '.unknown'));
  await run('mkdir', '-p', ...folders);
  session.leaveFolder('unknown');
  // The results of `old` come, through a command of ours, while `next` is made ready.
  const sending = session.run((connection) => connection.run(['sleep', '1000']), never).catch(() => undefined);
  const fetching = Promise.withResolvers<'fetched'>();
  await first.release('reuse', fetching.promise);
  expect(lines).toEqual([]);
  const second = await pool.take(need('tools'), never);
  expect(second.builder.name).toBe(first.builder.name);
  expect(await run('ls', '-A', 'builds')).toBe('next\nold\n');
  session.leaveFolder('old');
  session.leaveFolder('next');
  await second.release('reuse');
  expect(await run('ls', '-A', 'builds')).toBe('');
  fetching.resolve('fetched');

  const third = await pool.take(need('tools'), never);
  await run('mkdir', session.useFolder('late'));
  const late = Promise.withResolvers<'fetched'>();
  await third.release('reuse', late.promise);
  expect(await run('ls', '-A', 'builds')).toBe('late\n');
  session.leaveFolder('late');
  late.resolve('fetched');
  await expect.poll(() => run('ls', '-A', 'builds'), { timeout: 30_000 }).toBe('');
  expect(lines).toEqual([]);
  await pool.stop({ keepLeased: false });
  await sending;
});

test('after a crash a builder that was lent is taken up for the same need, and the others are ended', async () => {
  await open({ max: 3 });
  const [first, second] = await Promise.all([pool.take(need('tools'), never), pool.take(need('games'), never)]);
  const { name } = first.builder;
  // A new service knows nothing but what is written down.
  const before = pool;
  await open({ max: 3 });
  try {
    expect(await pool.adopt(name, need('games'))).toBeUndefined();
    expect(await pool.adopt('coppice-gone', need('tools'))).toBeUndefined();
    const adopted = await pool.adopt(name, need('tools'));
    await pool.reap();
    expect(await list()).toEqual([name]);
    expect(lines).toContain(`builder ${second.builder.name} belonged to nobody and was ended`);
    expect(await onBuilder(adopted as Lease, (connection) => connection.must(['echo', 'alive']))).toBe('alive\n');
    await adopted?.release('end');
    expect(await list()).toEqual([]);
  } finally {
    await before.stop({ keepLeased: false });
  }
});

test('a driver elsewhere that fails at first makes the breaker open; a probe closes it and who waits is served', async () => {
  const driver = join(home, 'flaky');
  const local = join(import.meta.dirname, '../../../ansible/drivers/local');
  const { cp } = await import('node:fs/promises');
  await cp(local, driver, { recursive: true });
  const real = await readFile(join(driver, 'spawn.yml'), 'utf8');
  const broken = '- hosts: localhost\n  tasks:\n    - ansible.builtin.fail: { msg: no room in the house }\n';
  await writeFile(join(driver, 'spawn.yml'), broken);
  await open({ driver, name: 'flaky', max: 1 });
  pool.resize(
    settingsSchema.parse({
      builders: {
        pools: [{ driver, name: 'flaky', max: 1 }],
        breaker: { failures: 2, pauseSeconds: 2 },
        attempts: 3,
      },
    }),
  );
  const taking = pool.take(need('tools'), never);
  await expect
    .poll(() => pool.state().pools[0]?.fault, { timeout: 60_000, interval: 100 })
    .toMatchObject({
      failures: 2,
      message: expect.stringContaining('no room in the house'),
    });
  expect(pool.state().waiting).toBe(1);
  await writeFile(join(driver, 'spawn.yml'), real);
  const lease = await taking;
  expect(pool.state().pools[0]?.fault).toBeUndefined();
  expect(await onBuilder(lease, (connection) => connection.must(['echo', 'alive']))).toBe('alive\n');
  await lease.release('end');
});
