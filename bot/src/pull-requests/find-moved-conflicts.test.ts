import { expect, test } from 'vitest';
import type { KnownPull } from '../vocabulary/known-pull.ts';
import { findMovedConflicts } from './find-moved-conflicts.ts';

const pull = (number: number, more: Partial<KnownPull> = {}): KnownPull => ({
  ...{ number, author: 'bea', head: `h${number}`, headSeenAt: '2026-01-01T00:00:00Z', touched: ['acme/tools'] },
  ...{ needsAdmin: false, approvals: [], closedAt: null },
  ...more,
});

test('those are found that came to conflict or ceased to, of open ones that are ours and could be looked at', async () => {
  const conflicting = ['h1', 'h2', 'h4', 'h5'];
  const pulls = [
    pull(1),
    pull(2, { conflicts: true }),
    pull(3, { conflicts: true }),
    pull(4, { closedAt: '2026-01-02T00:00:00Z' }),
    pull(5, { touched: [] }),
    pull(6, { conflicts: true }),
  ];
  const found = await findMovedConflicts(pulls, 'base', async (_base, head) =>
    head === 'h6' ? undefined : conflicting.includes(head) ? ['x'] : [],
  );
  expect(found.map(({ number }) => number)).toEqual([1, 3]);
});
