// What a chroot's build asks of the pool, and how its builder comes back when it was lost.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type QueuedBuild, type QueuedChroot, settingsSchema } from '@coppice/config';
import { expect, onTestFinished, test } from 'vitest';
import { chrootsForTests, requestForTests } from '../../testing/queue/request-for-tests.ts';
import { startSshd } from '../../testing/sshd-for-tests.ts';
import { RunnerError } from '../base/errors.ts';
import type { Session } from '../builder/session.ts';
import type { ChrootTask, RunnerContext } from '../context/runner-context.ts';
import type { BuilderPool, Lease } from '../pool/pool.ts';
import type { Queue } from '../queue/index.ts';
import { applyQueueOperation } from '../queue/queue-operation.ts';
import { emptyQueueState } from '../queue/queue-state.ts';
import { needOf } from './need.ts';
import { buildOnBuilder } from './on-builder.ts';

/** A request and its first chroot, as the queue hands them out. */
function queued(changes: Parameters<typeof requestForTests>[0]) {
  const state = emptyQueueState();
  const requests = [requestForTests({ ...changes, chroots: chrootsForTests('sapling-12-x86_64') })];
  applyQueueOperation(state, { kind: 'enqueue', requests, at: '2026-01-01T00:00:00.000Z' });
  const [build] = [...state.builds.values()];
  const [chroot] = build?.chroots ?? [];
  if (build === undefined || chroot === undefined) throw new Error('nothing was queued');
  return { build, chroot };
}

function needOfRequest(changes: Parameters<typeof requestForTests>[0]) {
  const { build, chroot } = queued(changes);
  return needOf(build, chroot);
}

test('a build asks for a builder with its labels, of its project, for as long as it may take', () => {
  const long = needOfRequest({ builderLabels: ['big', 'fast'], timeoutSeconds: 7200 });
  expect(long).toMatchObject({ chroot: 'sapling-12-x86_64', owner: 'acme', project: 'tools', trust: 'build' });
  expect(long?.labels).toEqual(['big', 'fast']);
  expect(long?.seconds).toBeGreaterThan(7200);
});

test('a build without labels takes any builder', () => {
  expect(needOfRequest({})?.labels).toEqual([]);
});

/**
 * A build in %build whose builder is lost at once, although it is well and shuts out only its build user. `parts`: of
 * its chroot, as an earlier run of the service left it, and of its session.
 */
async function lostBuild(parts: { chroot?: Partial<QueuedChroot>; session?: Partial<Session> } = {}) {
  const server = await startSshd();
  const home = await mkdtemp(join(tmpdir(), 'coppice-lost-'));
  onTestFinished(async () => {
    await server.stop();
    await rm(home, { recursive: true });
  });
  const asked = queued({});
  const { build } = asked;
  const chroot = { ...asked.chroot, ...parts.chroot };
  const session = {
    ...{ builder: server.builder, user: 'nobody', leaveFolder: () => undefined },
    useFolder: () => {
      throw new RunnerError('lost', 'the builder closed the connection');
    },
    ...parts.session,
  } as Partial<Session>;
  const back: string[] = [];
  const lease = {
    builder: { ...server.builder, outlivesService: false, network: false, driver: 'local' },
    session: async () => session,
    release: async (how: string) => void back.push(how),
  } as Partial<Lease> as Lease;
  const present = { ...build, chroots: [{ ...chroot, phase: 'build' }] } as QueuedBuild;
  const context = {
    ...{ home, controlPort: 1, settings: settingsSchema.parse({}), log: () => undefined, now: () => new Date() },
    pool: { take: async () => lease } as Partial<BuilderPool> as BuilderPool,
    queue: { build: () => present } as Partial<Queue> as Queue,
  } as Partial<RunnerContext> as RunnerContext;
  const task: ChrootTask = { context, build, chroot, signal: new AbortController().signal };
  return { task, back, home, lease };
}

test('a builder that lets its build user in no more is ended, and the package is at fault', async () => {
  const { task, back } = await lostBuild();
  expect(await buildOnBuilder(task)).toMatchObject({ failure: { reason: 'unbuildable' } });
  expect(back).toEqual(['end']);
});

test('a builder comes back also when what became of it cannot be judged', async () => {
  const { task, back, home } = await lostBuild();
  await writeFile(join(home, 'state'), 'no folder');
  await expect(buildOnBuilder(task)).rejects.toThrow(/ENOTDIR/);
  expect(back).toEqual(['end']);
});

test.each([
  ['root', [{ 'acme/tools/sapling-12-x86_64': 7 }]],
  ['build', [{ 'acme/tools/sapling-12-x86_64': 7 }]],
  // Its engine has ended, and another build may be at work there.
  ['collect', []],
] as const)(
  'a build that is taken up in the phase %s sees what it saw, as long as its engine works',
  async (phase, sees) => {
    const seen: object[] = [];
    const { task, lease } = await lostBuild({
      chroot: { phase, inputs: [{ project: 'acme/tools', generation: 7 }] },
      session: {
        see: (generations) => void seen.push(generations),
        useFolder: (name) => `/nowhere/${name}`,
        run: () => Promise.reject(new RunnerError('lost', 'the builder closed the connection')),
      },
    });
    await buildOnBuilder(task, lease);
    expect(seen).toEqual(sees);
  },
);
