import { type QueuedBuild, settingsSchema } from '@coppice/config';
import { expect, test } from 'vitest';
import type { MergeGroup } from '../github/repository.ts';
import { handleGroup } from './handle-group.ts';
import type { PullContext } from './handle-pull.ts';
import { type HeadFacts, type HeadPlan, type HeadWish, Unjudgeable } from './head-facts.ts';

const [commit, other] = ['a'.repeat(40), 'b'.repeat(40)];
const group = (base: string, of = commit): MergeGroup => ({
  ref: `refs/heads/gh-readonly-queue/${base}/x`,
  base,
  commit: of,
});

const facts = {
  ...{ changes: { ours: true }, problems: [], blocked: [], teams: [], fates: [], packages: undefined },
  demands: { touched: [], adminReasons: [], notes: [] },
};
const contextWith = (there: readonly MergeGroup[], groups: readonly string[]) =>
  ({
    github: { mergeGroups: async () => there, head: async () => ({ branch: 'main', commit: other, author: 'x' }) },
    mirror: { fetchGroup: async () => other },
    heads: { examine: async () => ({ ...facts, changes: { ours: false } }) },
    ...{ written: () => undefined, now: () => new Date(), settings: settingsSchema.parse({}) },
    built: { counts: () => new Map(), lastOf: async () => [], expectedSeconds: () => null },
    queue: { builds: (): readonly QueuedBuild[] => [] },
    groups: () => groups,
    log: () => undefined,
  }) as unknown as PullContext;

test.each([
  ['that waits gets a check that has ended', 'checks', [group('main')], [], ['success'], [commit]],
  ['that was told of before gets none again', 'checks', [group('main')], [commit], [], [commit]],
  ['for another branch gets one as well', 'checks', [group('stable/1.x')], [], ['success'], [commit]],
  ['that is judged once more gets one', 'again', [group('main')], [commit], ['success'], [commit]],
  ['that has ended is forgotten, and others are not', 'ended', [group('main', other)], [commit, other], [], [other]],
  ['that is gone before it was judged gets none', 'checks', [], [commit], [], []],
  ['that is gone ends its check when that is asked for again', 'again', [], [], ['neutral'], []],
] as const)('a merge group %s', async (_what, what, there, known, conclusions, groups) => {
  const done = await handleGroup({ commit, what }, 'batch', contextWith(there, known));
  const given = done.checks.map(
    (one) => one.kind === 'config' && (one.conclusion ?? (one.good ? 'success' : 'failure')),
  );
  expect([given, done.groups]).toEqual([conclusions, groups]);
});

const nothing = { builds: [], skipped: [], unknown: [], cycles: [], expectedSeconds: null };
/** What its check says when it is judged so, and what was asked about it. */
const told = async (examine: () => Promise<unknown>, plan: () => Promise<unknown>) => {
  const asked: [unknown, HeadWish][] = [];
  const context = {
    ...contextWith([group('main')], []),
    heads: {
      examine: async () => (await examine()) as HeadFacts,
      plan: async (place: unknown, wish: HeadWish) => {
        asked.push([place, wish]);
        return (await plan()) as HeadPlan;
      },
    },
  } as unknown as PullContext;
  const { checks } = await handleGroup({ commit, what: 'checks' }, 'batch', context);
  const [check] = checks;
  if (check?.kind !== 'config') throw new Error('no check');
  return { asked, ...check };
};
const unjudgeable = () => Promise.reject(new Unjudgeable('It is too much.'));

test('what merging deletes is said as pull requests say it', async () => {
  const fate = { kind: 'deletes', project: 'acme/tools', packages: 1, builds: 3, at: 'x', before: false };
  const check = await told(
    async () => ({ ...facts, fates: [fate], demands: { ...facts.demands, notes: ['It changes who may.'] } }),
    async () => ({ plan: nothing }),
  );
  expect(check).toMatchObject({ good: true, title: 'Deletes acme/tools (1 package, 3 builds)' });
  expect(check.summary).toMatch(
    /^Merging it\n\n- deletes `acme\/tools` .* 1 hour after the merge[\s\S]*It changes who may\.$/,
  );
  // Its own policy counts, and all of it is planned as its push will be.
  expect(check.asked).toMatchObject([
    [
      { head: commit, tip: other, merged: true },
      { selections: [], leavesUnbuilt: true, lookUp: false },
    ],
  ]);
});

test('what is too much to be judged is not merged; what is too much to be planned is', async () => {
  expect(await told(unjudgeable, unjudgeable)).toMatchObject({
    ...{ good: false, title: 'This head could not be judged' },
    summary: expect.stringContaining('It is too much.'),
  });
  expect(await told(async () => facts, unjudgeable)).toMatchObject({
    ...{ good: true, title: 'Valid; what merging it builds is not listed' },
    summary: expect.stringContaining('It is too much.'),
  });
});
