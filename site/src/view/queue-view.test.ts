import type { QueueSnapshot, ServiceJson } from '@coppice/config';
import { expect, test } from 'vitest';
import { at, fixtureQueued, fixtureQueuedChroot, fixtureService, fixtureSite } from '../../testing/fixture.ts';
import { queueView } from './queue-view.ts';

const running = (changes: Parameters<typeof fixtureQueuedChroot>[0] = {}) =>
  fixtureQueuedChroot({ state: 'running', phase: 'build', startedAt: at(500), ...changes });

/** What is said of each that waits. The snapshot is of `at(600)`. */
function viewOf(builds: QueueSnapshot['builds'], service: Partial<ServiceJson> = {}, usual: number | undefined = 60) {
  const snapshot = { generatedAt: at(600), builds, brokenPools: [] };
  const live = fixtureSite({ queue: builds }).builds.toReversed();
  return queueView({ live, snapshot, service: fixtureService(service), usualSeconds: () => usual });
}

const whys = (...args: Parameters<typeof viewOf>) => viewOf(...args).waiting.map(({ why }) => why);
const [pool] = fixtureService().pools as [ServiceJson['pools'][number]];

test('it is said why a build waits', () => {
  const one = fixtureQueued({ id: 1, chroots: [running()] });
  const two = fixtureQueued({ id: 2 });
  expect(whys([one, fixtureQueued({ id: 2, after: [1] })])).toEqual(['after build #1']);
  // A build that has left the queue is waited for by nobody.
  expect(whys([fixtureQueued({ id: 2, after: [1] })])).toEqual(['for its turn']);
  expect(whys([one, two], { limits: { perOwner: 1, perChroot: {}, perArchitecture: {} } })).toEqual([
    'limit of owner acme: 1 at once',
  ]);
  const perChroot = { 'sapling-12-x86_64': 1 };
  expect(whys([one, two], { limits: { perOwner: null, perChroot, perArchitecture: {} } })).toEqual([
    'limit of Sapling 12',
  ]);
  expect(whys([one, two], { limits: { perOwner: null, perChroot: {}, perArchitecture: { x86_64: 1 } } })).toEqual([
    'limit of x86_64',
  ]);
  expect(whys([fixtureQueued({ id: 2, builderLabels: ['big'] })])).toEqual(['no builder with label big']);
  expect(whys([two], { pools: [{ ...pool, architectures: ['aarch64'] }] })).toEqual(['no builder for x86_64']);
  const fault = { since: at(1), failures: 3, retryAt: at(700) };
  expect(whys([two], { pools: [{ ...pool, fault }] })).toEqual(['no builders can be made at present']);
  expect(whys([fixtureQueued({ id: 2, background: true })])).toEqual(['in the background: after all other work']);
});

test('what is expected follows from what builds of that kind took before', () => {
  const one = fixtureQueued({ id: 1, chroots: [running({ startedAt: at(590) })] });
  const two = fixtureQueued({ id: 2 });
  const three = fixtureQueued({ id: 3 });
  const view = viewOf([one, two, three], { pools: [{ ...pool, max: 2 }] });
  expect(view.running[0]).toMatchObject({ expectedEnd: at(650), isOvertime: false });
  expect(view.waiting.map(({ position, expectedStart }) => [position, expectedStart])).toEqual([
    [1, at(625)],
    [2, at(655)],
  ]);
  expect(viewOf([fixtureQueued({ id: 1, chroots: [running({ startedAt: at(500) })] })]).running[0]).toMatchObject({
    expectedEnd: at(600),
    isOvertime: true,
  });
  const unknown = queueView({
    live: fixtureSite({ queue: [one, two] }).builds.toReversed(),
    ...{ snapshot: { generatedAt: at(600), builds: [one, two], brokenPools: [] }, service: null },
    usualSeconds: () => undefined,
  });
  expect([unknown.running[0]?.expectedEnd, unknown.waiting[0]?.expectedStart]).toEqual([null, null]);
});
