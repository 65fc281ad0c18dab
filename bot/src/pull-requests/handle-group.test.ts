import type { QueuedBuild } from '@coppice/config';
import { expect, test } from 'vitest';
import type { MergeGroup } from '../github/repository.ts';
import { handleGroup } from './handle-group.ts';
import type { PullContext } from './handle-pull.ts';

const [commit, other] = ['a'.repeat(40), 'b'.repeat(40)];
const group = (base: string, of = commit): MergeGroup => ({
  ref: `refs/heads/gh-readonly-queue/${base}/x`,
  base,
  commit: of,
});

const contextWith = (there: readonly MergeGroup[], groups: readonly string[]) =>
  ({
    github: { mergeGroups: async () => there, head: async () => ({ branch: 'main', commit: other, author: 'x' }) },
    mirror: { fetchGroup: async () => other, changes: async () => ({ from: other, paths: ['README.md'] }) },
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
