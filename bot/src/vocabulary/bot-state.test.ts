import { expect, test } from 'vitest';
import type { Check } from './answer.ts';
import { applyToBotState, initialBotState, rememberedDeliveries } from './bot-state.ts';
import { configCheckKey, groupCheckKey, pullCheckKey } from './check-key.ts';
import type { Job } from './job.ts';

const job: Job = { kind: 'push', commit: 'x', branch: 'main', pusher: 'builder' };

test('only the last ten thousand delivery ids are kept', () => {
  const state = initialBotState();
  for (let at = 0; at < rememberedDeliveries + 5; at += 1) {
    applyToBotState(state, { kind: 'noted', delivery: { id: `d${at}`, job } });
    applyToBotState(state, { kind: 'handled', id: `d${at}`, checks: [] });
  }
  expect(state.deliveries).toHaveLength(rememberedDeliveries);
  expect(state.deliveries[0]).toBe('d5');
});

test('a newer word of a check takes the place of one that GitHub has not, and of no other', () => {
  const state = initialBotState();
  const told = (key: string, checkRunId: number | null = null): Check => ({
    ...{ kind: 'config', key, commit: 'c', checkRunId, good: true, title: key, summary: '' },
    ...{ annotations: [], sentAnnotations: 0 },
  });
  const keys = [pullCheckKey(4, 'c', 'd1'), pullCheckKey(5, 'c', 'd2'), configCheckKey('c'), groupCheckKey('c', 'd3')];
  applyToBotState(state, {
    kind: 'handled',
    id: 'd',
    checks: [...keys.map((key) => told(key)), told('pull/4/c/d0', 7)],
  });
  const newer = [pullCheckKey(4, 'c', 'd4/0'), configCheckKey('c', 'push/c/d5'), groupCheckKey('c', 'd6')];
  applyToBotState(state, { kind: 'handled', id: 'e', checks: newer.map((key) => told(key)) });
  expect(state.checks.map(({ key }) => key)).toEqual([keys[1], 'pull/4/c/d0', ...newer]);
});

test('a check that goes on in a run takes the place of the one that was shown there', () => {
  const state = initialBotState();
  const told = (key: string, checkRunId: number | null): Check => ({
    ...{ kind: 'config', key, commit: 'c', checkRunId, good: true, title: key, summary: '' },
    ...{ annotations: [], sentAnnotations: 0 },
  });
  const before = [told('build/1/a', 7), told('build/1/b', 8)];
  applyToBotState(state, { kind: 'handled', id: 'd', checks: before });
  applyToBotState(state, { kind: 'handled', id: 'e', checks: [told('build/2/a', 7)] });
  expect(state.checks.map(({ key }) => key)).toEqual(['build/1/b', 'build/2/a']);
});
