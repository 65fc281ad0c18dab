import { parseConfigRepo, type QueuedBuild } from '@coppice/config';
import { expect, test } from 'vitest';
import type { Delivery } from '../vocabulary/job.ts';
import type { KnownPull } from '../vocabulary/known-pull.ts';
import { handlePull, type PullContext, revokedBuilds } from './handle-pull.ts';

const head = 'a'.repeat(40);
const chroots = 'chroots: [sapling-12-x86_64]\n';
const texts = new Map([
  ['coppice.yaml', `admins: [ada]\n${chroots}`],
  ['projects/acme/tools.yaml', `maintainers: [mia]\nbuilders: [bea]\n${chroots}`],
]);
const parsed = parseConfigRepo({ texts, oversize: new Map(), paths: new Set(texts.keys()) });
if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
const base = { config: parsed.value };

const pull: KnownPull = {
  ...{ number: 4, author: 'bea', head, headSeenAt: '2026-01-02T03:04:05Z', touched: ['acme/tools'] },
  ...{ needsAdmin: false, approvals: [], closedAt: null },
};
const build = (stated: Partial<QueuedBuild> = {}, cancelRequestedBy: string | null = null) =>
  ({
    ...{ id: 1, owner: 'acme', project: 'tools:pr:4', package: 'hello', configCommit: head, batch: `pull/4/${head}` },
    ...{ chroots: [{ state: 'running', cancelRequestedBy }], ...stated },
  }) as QueuedBuild;
const waiting = (id: string): Delivery => ({ id, job: { kind: 'pull', number: 4, again: false } });
const outsider = { ...pull, author: 'outsider' };

test.each<[string, string | undefined, QueuedBuild, readonly KnownPull[], readonly Delivery[]]>([
  ['go on while their head stands and their author may build', undefined, build(), [pull], []],
  ['end when it was closed', 'request 4 was closed', build(), [{ ...pull, closedAt: '2026-01-02T03:04:05Z' }], []],
  ['end when it moved', 'has a newer head', build({ configCommit: 'b'.repeat(40) }), [pull], []],
  ['end when nobody lets them', 'may do so any more', build(), [outsider], []],
  ['end when nobody knows it', 'was closed', build(), [], []],
  ['are not ended twice', undefined, build({}, 'bea'), [outsider], []],
  ['of projects are not meant', undefined, build({ project: 'tools' }), [], []],
  // Queued, while the pull request or its approval is noted a moment later, or after a restart.
  ['go on until the work that queued them is noted', undefined, build(), [], [waiting(`pull/4/${head}`)]],
  ['so do those of a comment', undefined, build({ batch: 'comment/7/0' }), [outsider], [waiting('comment/7')]],
  [
    'end whatever else waits',
    'may do so any more',
    build({ batch: 'comment/77/0' }),
    [outsider],
    [waiting('comment/7')],
  ],
])('builds of a pull request %s', (_what, ends, one, pulls, inbox) => {
  const because =
    ends === undefined ? [] : [expect.objectContaining({ id: 1, because: expect.stringContaining(ends) })];
  expect(revokedBuilds([one], { pulls: [...pulls], inbox: [...inbox] }, base)).toEqual(because);
});

test('one whose base became another branch is left: its builds end, its head says so, and it is left once', async () => {
  let known = pull;
  const canceled: number[] = [];
  const context = {
    github: { pull: async () => ({ number: 4, author: 'bea', head, base: 'stable', intoDefault: false, open: true }) },
    queue: { builds: () => [build()], cancel: async (id: number) => void canceled.push(id) },
    ...{ pulls: () => [known], now: () => new Date('2026-01-02T03:04:05Z'), log: () => undefined },
  } as unknown as PullContext;
  const left = await handlePull({ kind: 'pull', number: 4, again: true }, 'd1', context);
  expect(canceled).toEqual([1]);
  expect(left.pulls).toEqual([{ ...pull, closedAt: '2026-01-02T03:04:05.000Z' }]);
  expect(left.checks).toMatchObject([
    { commit: head, good: true, conclusion: 'neutral', title: 'Goes into another branch now' },
  ]);
  known = left.pulls?.[0] ?? known;
  expect(await handlePull({ kind: 'pull', number: 4, again: true }, 'd2', context)).toEqual({ checks: [] });
});

test('a head that moved before its builds were queued is judged when it is the head again', async () => {
  let known: readonly KnownPull[] = [];
  let current = head;
  const summaries: string[] = [];
  const moves = ['b'.repeat(40), head];
  const plan = { builds: [], skipped: [], unknown: [], cycles: [], expectedSeconds: null, unpinned: [] };
  const packages = new Map([['acme/tools', { all: ['hello'], changed: ['hello'] }]]);
  const context = {
    github: { pull: async () => ({ number: 4, author: 'bea', head: current, intoDefault: true, open: true }) },
    mirror: { fetchPull: async () => ({ head: current, base: 'tip' }), conflicts: async () => [] },
    queue: { builds: () => [], enqueue: async () => [] },
    built: { counts: () => new Map(), lastOf: async () => [], expectedSeconds: () => null },
    heads: {
      examine: async () => ({
        ...{ changes: { ours: true }, problems: [], blocked: [], teams: ['@acme/new'], fates: [], packages },
        demands: { touched: ['acme/tools'], adminReasons: [], notes: [] },
      }),
      plan: async () => {
        current = moves.shift() ?? current;
        return { plan, requests: [{ repos: [] }], annotations: [], versions: [] };
      },
    },
    ...{ settings: { deletion: { graceSeconds: 0 } }, config: () => base, written: () => base },
    unread: async (teams: readonly string[]) => teams.map((team) => `There is no ${team}.`),
    ...{ meet: async () => undefined, pulls: () => known, now: () => new Date(), log: () => undefined },
  } as unknown as PullContext;
  const handle = async (batch: string) => {
    const { checks, pulls = [] } = await handlePull({ kind: 'pull', number: 4, again: false }, batch, context);
    known = [...pulls];
    for (const one of checks) if (one.kind === 'config') summaries.push(one.summary);
    return checks.map((one) => one.kind === 'config' && one.title);
  };
  expect(await handle('d1')).toEqual(['Replaced by a later push']);
  // It comes back before what is heard of the other head is worked off.
  current = head;
  expect(await handle('d2')).toEqual(['Nothing to build']);
  expect(summaries.at(-1)).toContain('There is no @acme/new.');
});
