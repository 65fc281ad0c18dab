// Whom a debug session lets in, by what a driver says of its machines. Builders exist in memory alone: nothing is
// opened.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BuildId, published, settingsSchema } from '@coppice/config';
import { expect, onTestFinished, test } from 'vitest';
import { machineChroot, operationsForTests } from '../../testing/operations-for-tests.ts';
import { chrootsForTests, requestForTests } from '../../testing/queue/request-for-tests.ts';
import { openPoolWith } from '../pool/open-pool.ts';
import { openQueue } from '../queue/index.ts';
import { openDebugSessions } from './debug-sessions.ts';

const now = () => new Date();
const log = () => undefined;

/**
 * The states that a session goes through with builders of this pool, its last words, and the builders that are left in
 * the end.
 */
async function sessionWith(pool: object, keys: readonly string[] = ['ssh-ed25519 AAAA'], sources = true) {
  const home = await mkdtemp(join(tmpdir(), 'coppice-debug-'));
  const settings = settingsSchema.parse({ builders: { pools: [pool] } });
  const queue = await openQueue({ folder: join(home, 'state', 'queue'), now });
  const builders = await openPoolWith({ settings, home, log, now, operations: operationsForTests() });
  const request = requestForTests({ chroots: chrootsForTests(machineChroot) });
  const id = 7 as BuildId;
  const folder = join(home, 'published', published.srpmBuild({ ...request, id }));
  await mkdir(folder, { recursive: true });
  if (sources) await writeFile(join(folder, 'hello-1-1.src.rpm'), '');
  const debugSessions = await openDebugSessions({
    home,
    url: '',
    queue,
    pool: builders,
    settings,
    controlPort: 1,
    log,
    now,
  });
  onTestFinished(async () => {
    await debugSessions.stop();
    await builders.stop({ keepLeased: false });
    await queue.close();
    await rm(home, { recursive: true });
  });
  const states: string[] = [];
  debugSessions.onChange(({ state }) => states.push(state));
  const session = await debugSessions.request({
    key: 'one',
    id,
    request,
    chroot: machineChroot,
    by: 'bea',
    keys,
  });
  if (typeof session === 'string' || 'refused' in session)
    return {
      states,
      message: typeof session === 'string' ? session : session.refused,
      builders: () => builders.state().pools[0]?.builders,
    };
  await expect.poll(() => states.at(-1)).toBe('failed');
  return {
    states,
    message: debugSessions.session(session.id)?.message,
    builders: () => builders.state().pools[0]?.builders,
  };
}

test('nobody is let into a machine that stays when its builder ends, and none is taken for it', async () => {
  const options = { hosts: [{ address: '192.0.2.1', hostKey: 'ssh-ed25519 AAAA' }] };
  const { states, message, builders } = await sessionWith({ driver: 'static', max: 1, options });
  expect(states).toEqual([]);
  expect(message).toBe(
    'nobody is let into the builders of this service. pool static: the machine of its builder stays when the builder ends',
  );
  expect(builders()).toMatchObject({ idle: 0, kept: 0 });
});

test.each(['local', 'podman'])(
  'nobody is let into a builder on the control host by %s, and the setting that would let them is named',
  async (driver) => {
    const { states, message, builders } = await sessionWith({ driver, name: 'here' });
    expect(states).toEqual([]);
    expect(message).toMatch(/pool here: its builders share the kernel .*`loginsTrusted: true` .*`builders\.pools`$/);
    expect(builders()).toMatchObject({ idle: 0, kept: 0 });
  },
);

test('a builder whose machine goes with it is prepared; one that cannot be reached is ended', async () => {
  const { states, builders } = await sessionWith({ driver: 'local', max: 1, loginsTrusted: true });
  expect(states).toEqual(['waiting', 'preparing', 'failed']);
  expect(builders()).toMatchObject({ idle: 0, kept: 0 });
});

test('nobody is asked for a key where there is nothing to log into', async () => {
  const fixed = {
    driver: 'static',
    max: 1,
    options: { hosts: [{ address: '192.0.2.1', hostKey: 'ssh-ed25519 AAAA' }] },
  };
  expect((await sessionWith(fixed, [], false)).message).toBe('no-source');
  expect((await sessionWith(fixed, [])).message).toMatch(/^nobody is let into the builders of this service/);
});
