import { expect, test } from 'vitest';
import { applyToBotState, initialBotState, rememberedDeliveries } from './bot-state.ts';
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
