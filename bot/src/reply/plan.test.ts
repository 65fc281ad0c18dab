import { describe, expect, test } from 'vitest';
import { planForTests as plan, plannedForTests } from '../../testing/plan-for-tests.ts';
import { planSummary } from './plan.ts';

test('golden summary of a push (testdata)', async () => {
  const { title, summary } = planSummary(plan, [11, 12]);
  await expect(`${title}\n\n${summary}\n`).toMatchFileSnapshot('../../testdata/push.md');
});

describe('plans', () => {
  test('without history do not say how long they take', () => {
    const unknown = { ...plan, expectedSeconds: null };
    expect(planSummary(unknown, []).summary).toContain('How long this takes is not known yet.');
  });

  test('that are long are cut, and say so', () => {
    const builds = Array.from({ length: 250 }, (_, at) => plannedForTests(`p${at}`, {}, null));
    const { summary, title } = planSummary({ ...plan, builds }, []);
    expect(title).toBe('250 builds queued');
    expect(summary).toContain('50 more builds are not listed.');
  });
});
