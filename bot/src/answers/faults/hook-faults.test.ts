import { expect, test } from 'vitest';
import { hookFaults } from './hook-faults.ts';
import { faultOf } from './standing-faults.ts';

const hook = { host: 'https://ci.example.org', key: 'abc123', takenAt: undefined, fault: undefined };

test('a receiver is told of while it takes nothing, and as over when it has taken something since', () => {
  const fault = { since: '2026-01-31T12:00:00.000Z', message: 'it answers 500' };
  const [unknown, stands, over] = hookFaults([
    hook,
    { ...hook, fault },
    { ...hook, takenAt: '2026-01-31T13:00:00.000Z' },
  ]);
  expect(unknown).toEqual({ key: 'webhook/abc123', state: 'unknown' });
  expect(stands).toMatchObject({ state: 'stands', title: 'A webhook is not taken: https://ci.example.org' });
  expect(stands?.state === 'stands' && stands.body).toMatch(/12:00:00[\s\S]*it answers 500/);
  expect(over).toMatchObject({ state: 'over', closing: expect.stringContaining('13:00:00') });
  expect(faultOf(`<!-- coppice-fault: ${unknown?.key} -->`), 'an issue can carry the key').toBe('webhook/abc123');
});
