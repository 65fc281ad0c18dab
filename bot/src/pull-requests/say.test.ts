import { describe, expect, test } from 'vitest';
import { commitForTests as head, emptyPlan as nothing, planForTests as plan } from '../../testing/plan-for-tests.ts';
import type { Standing } from './approval.ts';
import type { Examined } from './examine-pull.ts';
import { approvalRefused, planReport, problemsReport, type Start, untouchedReport } from './say.ts';

const examined = (stated: Partial<Examined> = {}): Examined => ({
  pull: {
    number: 7,
    author: 'eve',
    authorId: 3,
    head,
    base: 'main',
    intoDefault: true,
    open: true,
    merged: false,
    draft: false,
    url: 'https://github.example/acme/packages/pull/7',
  },
  changes: { ours: true, policy: false, chroots: [], projects: ['acme/tools'] },
  problems: [],
  blocked: [],
  demands: { touched: ['acme/tools'], adminReasons: [], notes: [] },
  ...{ place: { head, tip: head, inForce: head }, packages: undefined },
  ...{ teams: [], fates: [], graceSeconds: 3600, url: 'https://b.example', keptSeconds: 14 * 86_400, conflicts: [] },
  known: {
    number: 7,
    author: 'eve',
    head,
    headSeenAt: '2026-01-01T00:00:00Z',
    touched: ['acme/tools'],
    needsAdmin: false,
    approvals: [],
    closedAt: null,
  },
  ...stated,
});
const problem = { path: 'coppice.yaml', line: 2, column: 1, message: 'it is wrong', hint: 'mend it' };

const written = ({ title, conclusion, good, summary }: ReturnType<typeof planReport>) =>
  `${conclusion ?? (good ? 'success' : 'failure')}: ${title}\n\n${summary}\n`;
const waiting: Standing = { kind: 'waiting', who: ['mia', 'ada'] };
const author: Standing = { kind: 'author' };

test('a pull request whose rename cannot be done is not fit to be merged', () => {
  const fates = [{ kind: 'apart', from: 'acme/old', to: 'acme/tools', builds: 2 }] as const;
  const report = planReport(examined({ fates }), author, plan, { kind: 'queued', ids: [11, 12] });
  expect(report).toMatchObject({
    good: false,
    title: expect.stringMatching(/^Cannot rename acme\/old to acme\/tools/),
  });
});

describe('golden summaries of checks (testdata)', () => {
  test.each<[string, () => string]>([
    ['pull-untouched', () => written(untouchedReport())],
    ['pull-problems', () => written(problemsReport(examined({ problems: [problem] }), 'c0ffee'))],
    ['pull-no-config', () => written(problemsReport(examined(), null))],
    ['pull-queued', () => written(planReport(examined(), author, plan, { kind: 'queued', ids: [11, 12] }))],
    [
      'pull-approved',
      () => written(planReport(examined(), { kind: 'approved', by: 'mia' }, plan, { kind: 'queued', ids: [11, 12] })),
    ],
    ['pull-waiting', () => written(planReport(examined(), waiting, plan, { kind: 'waiting', who: ['mia', 'ada'] }))],
    [
      'pull-needs-admin',
      () => {
        const demands = {
          touched: ['acme/tools'],
          adminReasons: ['it changes the policy (`coppice.yaml`)', '`acme/new` is a new project'],
          notes: ['It changes who may change or build `acme/tools`; that counts once it is merged.'],
        };
        return written(planReport(examined({ demands }), waiting, plan, { kind: 'waiting', who: ['ada'] }));
      },
    ],
    ['pull-draft', () => written(planReport(examined(), author, plan, { kind: 'draft' }))],
    ['pull-moved', () => written(planReport(examined(), author, plan, { kind: 'moved' }))],
    ['pull-nothing', () => written(planReport(examined(), author, nothing, { kind: 'queued', ids: [] }))],
    [
      'pull-deletes',
      () => {
        const gone = { kind: 'deletes', packages: 2, builds: 4, at: '2026-01-31T15:00:00Z', before: false } as const;
        const fates = [
          { ...gone, project: 'acme/tools' },
          { kind: 'renames', from: 'acme/lib', to: 'other/lib', chroots: [] },
          {
            kind: 'drops',
            project: 'acme/apps',
            packages: ['hello'],
            keptSeconds: 1_209_600,
            chroots: ['epel-9-x86_64'],
          },
        ] as const;
        const conflicts = ['projects/acme/tools.yaml', 'a `b`'];
        return written(planReport(examined({ fates, conflicts }), author, nothing, { kind: 'queued', ids: [] }));
      },
    ],
    [
      'pull-conflict-with-problems',
      () => written(problemsReport(examined({ problems: [problem], conflicts: ['coppice.yaml'] }), 'c0ffee')),
    ],
    [
      'pull-blocked',
      () => written(planReport(examined({ blocked: [problem] }), author, nothing, { kind: 'queued', ids: [] })),
    ],
  ])('%s', async (name, write) => {
    await expect(write()).toMatchFileSnapshot(`../../testdata/${name}.md`);
  });
});

test('a plan whose builds were queued before a restart do not number them anew', () => {
  const start: Start = { kind: 'queued before', ids: [11, 12] };
  const { title, summary } = planReport(examined(), author, nothing, start);
  expect(title).toBe('2 builds queued');
  expect(summary).toContain('before the service was restarted');
});

test('an approval that does not count says which head to look at, and never lets a mention out', () => {
  const say = (why: Parameters<typeof approvalRefused>[0], sha?: string) =>
    approvalRefused(why, 'eve', sha, head, ['mia']);
  expect(say('another SHA', 'a'.repeat(40))).toContain(`/approve ${head}`);
  expect(say('head moved')).toContain(`/approve ${head}`);
  expect(say('not a full SHA', '@all `x`')).toContain('`` @all `x` ``');
  expect(say('not allowed')).toContain('These may: `mia`');
});

test('that only an admin can let it be built is not said when one has', () => {
  const demands = { touched: [], adminReasons: ['it changes the policy (`coppice.yaml`)'], notes: [] };
  const said = (standing: Standing, start: Start) =>
    planReport(examined({ demands }), standing, nothing, start).summary;
  expect(said(waiting, { kind: 'waiting', who: ['ada'] })).toContain('Only an admin');
  for (const standing of [author, { kind: 'approved', by: 'ada' } as const]) {
    expect(said(standing, { kind: 'queued', ids: [] })).not.toContain('Only an admin');
  }
});

test('builds go to the sandboxes of the projects that have some, by the names that dnf knows', () => {
  const known = { ...examined().known, touched: ['acme/tools', 'st/one'] };
  const { summary } = planReport(examined({ known }), author, plan, { kind: 'queued', ids: [11, 12] });
  expect(summary).toContain('The builds go to `acme/tools:pr:7`, never into');
});
