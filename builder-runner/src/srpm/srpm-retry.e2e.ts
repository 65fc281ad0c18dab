// Source packages whose builder goes away: made on another one. Real builders of this machine, really killed.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { published, type QueuedBuild, resultSchema, settingsSchema } from '@coppice/config';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { scripted } from '../../testing/packages.ts';
import { makeTestHome, type TestHome } from '../../testing/start-test-service.ts';
import { openPool } from '../pool/open-pool.ts';
import type { BuilderPool, Lease } from '../pool/pool.ts';
import { openQueue, type Queue } from '../queue/index.ts';
import { buildSrpm } from './build-srpm.ts';

/** Nothing else on this machine sleeps for so long. */
const sleep = 'sleep 7.31';
const packages = {
  plain: scripted('plain', 'true'),
  // A spec is a program: there is time to take its builder away.
  // The log does not show it.
  killing: { 'killing.spec': `%global gone %(kill -9 -1)\n${scripted('killing', 'true')['killing.spec']}` },
  slow: { 'slow.spec': `%global wait %(${sleep})\n${scripted('slow', 'true')['slow.spec']}` },
};
// A builder that was killed does not come back: nobody has to wait for it.
const settings = settingsSchema.parse({ builders: { pools: [{ max: 2 }], attempts: 2, reconnectSeconds: 5 } });
const now = () => new Date();
const lines: string[] = [];
const log = (level: string, message: string) => void lines.push(`${level} ${message}`);

let place: TestHome;
let queue: Queue;
let pool: BuilderPool;
beforeAll(async () => {
  place = await makeTestHome(packages);
  queue = await openQueue({ folder: join(place.home, 'state', 'queue'), now });
  pool = await openPool({ settings, home: place.home, log, now });
});
afterAll(async () => {
  await pool?.stop({ keepLeased: false });
  await queue?.close();
  await place?.remove();
});

/** As a machine that loses its power. */
async function kill({ builder }: Lease): Promise<void> {
  const path = join(place.home, 'state', 'drivers', 'local', builder.name, 'record.json');
  const { processes } = JSON.parse(await readFile(path, 'utf8')) as { processes: readonly { pid: number }[] };
  for (const { pid } of processes) process.kill(pid, 'SIGKILL');
}

/** Makes the source package of a build; `onLease` may do something to the builder of each try, which counts from 1. */
async function make(name: string, onLease: (lease: Lease, attempt: number) => Promise<void> | void = () => undefined) {
  lines.length = 0;
  const [build] = (await queue.enqueue([place.request({ package: name })])) as readonly [QueuedBuild];
  const leases: string[] = [];
  const watched = {
    expect: (need) => pool.expect(need),
    take: async (...asked) => {
      const lease = await pool.take(...asked);
      leases.push(lease.builder.name);
      await onLease(lease, leases.length);
      return lease;
    },
  } satisfies Partial<BuilderPool> as unknown as BuilderPool;
  const context = { ...place, queue, pool: watched, settings, controlPort: place.port, log, now };
  const made = buildSrpm(context, build, new AbortController().signal);
  const record = async () => {
    const path = join(place.root, '..', 'published', published.srpmBuild(build), 'result.json');
    return resultSchema.parse(JSON.parse(await readFile(path, 'utf8')));
  };
  return { made, leases, record };
}

const againLines = () => lines.filter((line) => line.includes('is tried again'));
const sleepers = async () => {
  const { stdout } = await execa('ps', ['-eo', 'args']);
  return stdout.split('\n').filter((line) => line === sleep);
};

test('a builder that is gone before anything is made: another one makes it, and the record names that', async () => {
  const { made, leases, record } = await make('plain', (lease, attempt) => (attempt === 1 ? kill(lease) : undefined));
  expect(await made).toEqual({ ok: true, value: 'plain-1.0-1.sap12.src.rpm' });
  expect(new Set(leases).size).toBe(2);
  expect((await record()).builder).toBe(leases[1]);
  expect(againLines()).toEqual([
    expect.stringMatching(/^warn the source package of acme\/tools plain #1 is tried again/),
  ]);
});

test('a builder that goes away in its midst: the same', async () => {
  let ended: Promise<void> | undefined;
  const { made, leases, record } = await make('slow', (lease, attempt) => {
    if (attempt > 1) return;
    ended = vi
      .waitFor(async () => expect(await sleepers()).not.toEqual([]), { timeout: 60_000, interval: 100 })
      .then(() => kill(lease));
  });
  expect(await made).toEqual({ ok: true, value: 'slow-1.0-1.sap12.src.rpm' });
  await ended;
  expect((await record()).builder).toBe(leases[1]);
  expect(againLines()).toHaveLength(1);
});

test('a spec that kills rpmbuild, which other builds can do too: at fault after the last builder tried it', async () => {
  const { made, leases, record } = await make('killing');
  const message = expect.stringMatching(/^rpmbuild was killed with killing.spec on the last of the builders/);
  expect(await made).toMatchObject({ ok: false, failure: { reason: 'unbuildable', message } });
  expect([leases.length, againLines().length]).toEqual([2, 1]);
  expect(await record()).toMatchObject({ state: 'failed', reason: 'unbuildable', builder: leases[1] });
});
