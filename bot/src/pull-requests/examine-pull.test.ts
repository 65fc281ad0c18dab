import { expect, test } from 'vitest';
import type { PullRequest } from '../github/repository.ts';
import type { KnownPull } from '../vocabulary/known-pull.ts';
import { type ExamineContext, examinePull } from './examine-pull.ts';
import { Unjudgeable } from './head-facts.ts';

const head = 'a'.repeat(40);
const pull = { number: 4, author: 'bea', head, base: 'main' } as PullRequest;
const judged: KnownPull = {
  ...{ number: 4, author: 'bea', head, headSeenAt: '2026-01-02T03:04:05Z', touched: ['acme/tools'] },
  ...{ needsAdmin: false, approvals: [{ sha: head, by: 'mia' }], closedAt: null, conflicts: false },
};
const unjudgedWith = async (before: KnownPull) => {
  const context = {
    mirror: { fetchPull: async () => ({ head, base: 'tip' }), conflicts: async () => [] },
    heads: { examine: () => Promise.reject(new Unjudgeable('It could not be judged within 60 s.')) },
    ...{ queue: { builds: () => [] }, built: { counts: () => new Map() }, settings: { deletion: { graceSeconds: 0 } } },
    ...{ written: () => undefined, pulls: () => [before], now: () => new Date('2026-01-03T00:00:00Z') },
  } as unknown as ExamineContext;
  return (await examinePull(pull, context)).known;
};

test('a head that cannot be judged once more keeps what it was judged to be: its builds go on', async () => {
  expect(await unjudgedWith(judged)).toEqual(judged);
});

test('of a head that was never judged only an admin could have a say', async () => {
  const known = await unjudgedWith({ ...judged, head: 'b'.repeat(40) });
  expect(known).toMatchObject({ head, touched: [], needsAdmin: true, approvals: [] });
});
