// What a chroot's build asks of the pool.
import { expect, test } from 'vitest';
import { chrootsForTests, requestForTests } from '../../testing/queue/request-for-tests.ts';
import { applyQueueOperation } from '../queue/queue-operation.ts';
import { emptyQueueState } from '../queue/queue-state.ts';
import { needOf } from './need.ts';

/** The need of the first chroot of a request, as the queue hands it out. */
function needOfRequest(changes: Parameters<typeof requestForTests>[0]) {
  const state = emptyQueueState();
  const requests = [requestForTests({ ...changes, chroots: chrootsForTests('sapling-12-x86_64') })];
  applyQueueOperation(state, { kind: 'enqueue', requests, at: '2026-01-01T00:00:00.000Z' });
  const [build] = [...state.builds.values()];
  const [chroot] = build?.chroots ?? [];
  return build !== undefined && chroot !== undefined ? needOf(build, chroot) : undefined;
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
