import { expect, test } from 'vitest';
import type { ApiRequest, BridgeContext } from './answers/api.ts';
import { repairAnswer } from './repair-answers.ts';
import type { KeptCall, KeptState } from './state/kept-state.ts';

const path = '/repos/acme/packages/issues/comments/7';

async function updatedAt(calls: readonly KeptCall[]): Promise<unknown> {
  const state = { calls, times: {}, reactions: [] } as unknown as KeptState;
  const body = {
    url: `http://127.0.0.1/api/v3${path}`,
    issue_url: 'http://127.0.0.1/api/v3/repos/acme/packages/issues/1',
    ...{ id: 7, body: 'Please', created_at: '2026-01-01T00:00:00.100Z', updated_at: '2026-01-01T00:00:01.900Z' },
  };
  const ground = {
    context: {} as BridgeContext,
    state,
    request: { path } as ApiRequest,
    startedAt: '2026-01-01T00:00:00.000Z',
  };
  return ((await repairAnswer(ground, { status: 200, body, headers: {} })).body as typeof body).updated_at;
}

test('a comment was last changed when it was made, however slow its maker, unless somebody edited it', async () => {
  const edit: KeptCall = { method: 'PATCH', path, body: { body: 'Please!' }, as: 'builder' };
  expect(await updatedAt([])).toBe('2026-01-01T00:00:00.100Z');
  expect(await updatedAt([{ ...edit, path: `${path}7` }])).toBe('2026-01-01T00:00:00.100Z');
  expect(await updatedAt([edit])).toBe('2026-01-01T00:00:01.900Z');
});
