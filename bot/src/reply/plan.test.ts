import type { BuildId } from '@coppice/config';
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

test('says which packages are published as they were tested, and from where', () => {
  const promotes = { project: 'tools:pr:7', id: 5 as BuildId };
  const chroots =
    plan.builds[0]?.chroots.map((one) => ({ ...one, cause: 'promoted' as const, expectedSeconds: 1 })) ?? [];
  const builds = plan.builds.map((build, index) => (index === 0 ? { ...build, chroots, promotes } : build));
  const { summary } = planSummary({ ...plan, builds }, [11, 12]);
  expect(summary).toContain('`sapling-12-x86_64` (promoted from build 5 of the pull request, about 1 s)');
  expect(summary).toContain(
    '1 of them is not built: the packages that were tested in `acme/tools:pr:7` have the same inputs: they are taken over, signed with the key of the project, and shown to users as its `publish` says.',
  );
  expect(planSummary({ ...plan, builds: builds.slice(0, 1) }, [11]).summary).toContain(
    'Nothing is built: the packages',
  );
});
