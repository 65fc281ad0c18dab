import type { ChrootName, QueuedBuild } from '@coppice/config';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { applyDebugOperation, type DebugAccess, type DebugOperation, emptyDebugState, isOver } from './debug-state.ts';

const access = { port: 1 } as DebugAccess;
const request = (key: string): DebugOperation => ({
  kind: 'request',
  session: {
    ...{ key, build: {} as QueuedBuild, chroot: 'a-1-x86_64' as ChrootName, by: 'octocat', keys: [] },
    requestedAt: '2026-01-01T00:00:00.000Z',
  },
});

test('a request that is made again is the same session', () => {
  const state = emptyDebugState();
  const [one, two, again] = ['a', 'b', 'a'].map((key) => applyDebugOperation(state, request(key)));
  expect([one?.id, two?.id, again?.id]).toEqual([1, 2, 1]);
  expect(state.sessions).toHaveLength(2);
});

test('whatever happens, what is over stays as it was, and tells nobody that it changed', () => {
  const id = fc.integer({ min: 1, max: 3 });
  const operation: fc.Arbitrary<DebugOperation> = fc.oneof(
    fc.constantFrom('a', 'b', 'c').map(request),
    id.map((one) => ({ kind: 'wait', id: one }) as const),
    id.map((one) => ({ kind: 'prepare', id: one, builder: 'b' }) as const),
    id.map((one) => ({ kind: 'open', id: one, access }) as const),
    fc.record({
      kind: fc.constant('end' as const),
      id,
      state: fc.constantFrom('ended', 'failed'),
      message: fc.string(),
    }),
  );
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 30 }), (operations) => {
      const state = emptyDebugState();
      for (const one of operations) {
        const over = state.sessions.filter(isOver);
        const changed = applyDebugOperation(state, one);
        expect(state.sessions).toEqual(expect.arrayContaining(over));
        if (one.kind !== 'request') expect(over.map(({ id: known }) => known)).not.toContain(changed?.id);
      }
      expect(state.sessions.every(({ state: is, access: way }) => is !== 'open' || way !== null)).toBe(true);
    }),
  );
});

test('only the last of many that are over are remembered, and all that are not', () => {
  const state = emptyDebugState();
  applyDebugOperation(state, request('open'));
  for (let at = 0; at < 300; at += 1) {
    const made = applyDebugOperation(state, request(`over ${at}`));
    applyDebugOperation(state, { kind: 'end', id: made?.id ?? 0, state: 'ended', message: '' });
  }
  expect(state.sessions.length).toBeLessThan(210);
  expect(state.sessions[0]?.key).toBe('open');
  expect(state.sessions.at(-1)?.key).toBe('over 299');
});
