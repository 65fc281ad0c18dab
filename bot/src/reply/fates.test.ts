import type { ChrootName } from '@coppice/config';
import { expect, test } from 'vitest';
import type { Fate } from '../vocabulary/fate.ts';
import { fateLine, fateNotes, fateTitle, time, withFates } from './fates.ts';

const gone = (project: string, more: Partial<Extract<Fate, { kind: 'deletes' }>> = {}): Fate => ({
  ...{ kind: 'deletes', project, packages: 2, builds: 1, at: '2026-01-31T15:04:05Z', before: false },
  ...more,
});
const moved: Fate = { kind: 'renames', from: 'acme/a', to: 'other/a', chroots: ['fedora-42-x86_64' as ChrootName] };
const telling = (when: 'pushed' | 'merged', graceSeconds = 3600) => ({ when, graceSeconds, url: 'https://b.example' });
const kept: Fate = { kind: 'keeps', project: 'acme/k' };

test.each<[readonly Fate[], string | undefined]>([
  [[], undefined],
  [[gone('acme/tools')], 'deletes acme/tools (2 packages, 1 build)'],
  [
    [gone('acme/tools'), gone('acme/games'), moved],
    'deletes 2 projects (4 packages, 2 builds); renames acme/a to other/a',
  ],
  [[moved, kept], 'renames acme/a to other/a; keeps acme/k'],
  [[gone('acme/tools', { before: true })], undefined],
])('%j is titled %s', (fates, title) => {
  expect(fateTitle(fates)).toBe(title);
});

test('a title says what goes before what is built, and "nothing" only when nothing goes', () => {
  expect(withFates([gone('acme/tools')], 'Nothing to build')).toBe('Deletes acme/tools (2 packages, 1 build)');
  expect(withFates([moved], '2 builds queued')).toBe('Renames acme/a to other/a; 2 builds queued');
  expect(withFates([], 'Nothing to build')).toBe('Nothing to build');
  expect(withFates([gone(`a/${'x'.repeat(300)}`)], 'Nothing to build').length).toBeLessThanOrEqual(250);
});

test('a push says until when what can be put back, a merge how long after it, and asked deletions that they are at once', () => {
  const pushed = fateNotes([gone('acme/tools')], telling('pushed', 3600));
  expect(pushed).toMatch(/goes at 2026-01-31 15:05 UTC\..*`projects\/acme\/tools\.yaml` put back keeps it/);
  expect(pushed).toContain('`renamedFrom: acme/tools`');
  expect(fateNotes([gone('acme/tools')], telling('merged', 7200))).toContain(', 2 hours after the merge, unless');
  expect(fateNotes([gone('acme/tools')], telling('merged', 90))).toContain(
    ', 1 minute and 30 seconds after the merge, unless',
  );
  expect(fateNotes([gone('acme/tools', { at: null })], telling('pushed', 3600))).toContain('at once');
});

test('another kind of key is said with what makes the next one', () => {
  const fate: Fate = { kind: 'key', project: 'acme/k', from: 'rsa4096', to: 'ed25519' };
  expect(fateNotes([fate], telling('merged', 3600))).toMatch(
    /`ed25519` \(before: `rsa4096`\).+`coppice rotate-key acme\/k`/,
  );
  expect(fateLine(fate)).toMatch(/^the next signing key of acme\/k is ed25519 .+: coppice rotate-key acme\/k$/);
  expect(fateTitle([fate])).toBeUndefined();
});

test('many are counted, not listed', () => {
  const many = fateNotes(
    Array.from({ length: 60 }, (_, at) => gone(`acme/p${at}`)),
    telling('pushed'),
  );
  expect(many.split('\n').filter((line) => line.startsWith('- '))).toHaveLength(51);
  expect(many).toContain('- and 10 more');
});

test('times are told so that nothing happens before them', () => {
  expect(time('2026-01-31T15:04:00.001Z')).toBe('2026-01-31 15:05 UTC');
  expect(time('2026-01-31T15:04:00.000Z')).toBe('2026-01-31 15:04 UTC');
});

test('a rename that would mix the builds of two projects is told in the title, with what to do instead', () => {
  const apart: Fate = { kind: 'apart', from: 'st/git', to: 'st/vcs', builds: 3 };
  expect(withFates([apart], 'Nothing to build')).toBe('Cannot rename st/git to st/vcs');
  const note = fateNotes([apart], telling('pushed', 3600));
  expect(note).toContain('`st/vcs` has 3 builds of its own');
  expect(note).toContain('put `projects/st/git.yaml` back');
  expect(note).toContain('`/delete project st/vcs`');
  // The deletion takes the file and the folder of its packages away: both have to come back.
  expect(note).toMatch(/takes `projects\/st\/vcs\.yaml` and `packages\/st\/vcs\/` away.+`git revert` of that commit/);
});

test('of what leaves a frozen project it is said that nothing goes before that is resolved, and what goes then', () => {
  const drops = { kind: 'drops', project: 'acme/tools', packages: ['a'], chroots: [], frozen: true } as const;
  const note = (keptSeconds: number | null, when: 'pushed' | 'merged' = 'pushed') =>
    fateNotes([{ ...drops, keptSeconds }], telling(when, 3600)).split('canceled, and ')[1];
  const stays =
    'what it has published stays, out of reach while the project is frozen. Once `/resolve` ends that, it goes';
  expect(note(14 * 86_400)).toBe(
    `${stays} 14 days after this push, or at once when these are over, unless it is back by that time.`,
  );
  expect(note(14 * 86_400, 'merged')).toContain('it goes 14 days after the packages left, or at once');
  expect(note(0)).toBe(`${stays} at once, as \`retention.removed\` says, unless it is back by that time.`);
  expect(note(null)).toBe(
    'what it has published stays, as `retention.removed` says, out of reach while the project is frozen.',
  );
  expect(fateLine({ ...drops, keptSeconds: 86_400 })).toContain('Once `/resolve` ends that, it goes 1 day after');
});

test('of a frozen project that leaves or comes back it is said that it is out of reach meanwhile', () => {
  const left = fateNotes([gone('acme/tools', { frozen: true })], telling('pushed', 3600));
  expect(left).toContain(
    'It is frozen: what it has published is out of reach until then, and `/resolve` brings it back',
  );
  expect(fateNotes([gone('acme/tools', { frozen: true })], telling('merged', 3600))).toContain('It is frozen:');
  expect(fateLine(gone('acme/tools', { frozen: true }))).toBe(
    'deletes acme/tools (2 packages, 1 build), out of reach until then, for it is frozen',
  );
  const back = { kind: 'keeps', project: 'acme/k', frozen: true } as const;
  expect(fateNotes([back], telling('pushed', 3600))).toContain(
    'has what it had, out of reach while the project is frozen.',
  );
});

test('what left before and goes at another time is told, what goes at once in the title too', () => {
  const retimes = {
    kind: 'retimes',
    project: 'acme/tools',
    packages: ['rock', 'stone-copy'],
    before: '2026-02-07T15:00:00.000Z',
  } as const;
  const now: Fate = { ...retimes, at: '2026-01-24T15:00:00.000Z', due: true };
  expect(withFates([now], 'Nothing to build')).toBe('Deletes what rock, stone-copy published');
  expect(fateNotes([now], telling('pushed'))).toBe(
    'This push\n\n- deletes what `rock`, `stone-copy`, which left `acme/tools` before, have published, at once (before: on 2026-02-07 15:00 UTC)',
  );
  expect(fateLine(now)).toBe(
    'deletes what rock, stone-copy, which left acme/tools before, have published, at once (before: on 2026-02-07 15:00 UTC)',
  );
  const later: Fate = { ...retimes, packages: ['rock'], at: '2026-02-01T15:00:00.000Z', due: false };
  expect(fateLine(later)).toBe(
    'says that what rock, which left acme/tools before, has published goes on 2026-02-01 15:00 UTC (before: on 2026-02-07 15:00 UTC), unless it is back by that time',
  );
  expect(withFates([later], 'Nothing to build')).toBe('Changes when what left acme/tools goes');
  expect(fateLine({ ...later, at: null })).toMatch(/has published stays \(before: on /);
  expect(fateLine({ ...later, at: null, frozen: true })).toMatch(/^says that nothing goes of .+ is frozen/);
  const drops: Fate = { kind: 'drops', project: 'acme/tools', packages: ['a'], keptSeconds: 0, chroots: [] };
  expect(withFates([drops], 'Nothing to build')).toBe('Deletes what a published');
});

test('what users see without a build is told in a line each', () => {
  const shows: Fate = {
    ...{ kind: 'shows', project: 'acme/tools' },
    changes: [
      { what: 'publish', from: 'manual', to: 'each' },
      { what: 'option', name: 'priority', from: '50', to: '10' },
      { what: 'option', name: 'cost', from: '5', to: null },
      { what: 'needed', added: ['coppice://acme/lib'], removed: ['https://e.example/'] },
      { what: 'metadata', name: 'comps', from: null, to: 'comps.xml' },
      { what: 'metadata', name: 'appstream', from: 'a.xml', to: null },
      { what: 'frozen', frozen: true },
      { what: 'last day', from: null, to: '2026-05-01' },
    ],
  };
  expect(withFates([shows], 'Nothing to build')).toBe('Changes what users of acme/tools see');
  const again = 'Who has added it gets that by adding it again';
  expect(fateLine(shows).split('\n')).toEqual([
    'publishes what waits of acme/tools at once, and from now on each build when it has ended (publish: each, before: manual)',
    `changes the .repo files of acme/tools: priority 50 → 10. ${again}`,
    `changes the .repo files of acme/tools: cost 5 → not said. ${again}`,
    `changes the .repo files of acme/tools: with coppice://acme/lib, without https://e.example/. ${again}`,
    'shows users of acme/tools comps.xml as metadata: comps',
    'takes metadata: appstream out of the repositories of acme/tools',
    'freezes acme/tools: what it has published is out of reach of its users at once, and nothing of it is built',
    'says that acme/tools is deleted on 2026-05-01, with all that it has published',
  ]);
  const note = fateNotes([shows], telling('merged'));
  expect(note.split('\n').filter((line) => line.startsWith('- '))).toHaveLength(8);
  expect(note).toContain('`.repo` files of `acme/tools`: `priority` 50 → 10.');
  const policy: Fate = { kind: 'policy', changes: [{ key: 'retention.removed', from: '14 days', to: 'not at all' }] };
  expect(fateLine(policy)).toBe(
    'changes retention.removed for projects that say nothing else: 14 days → not at all, also for packages that left before',
  );
  expect(withFates([policy], 'Nothing to build')).toBe('Changes the policy');
});

test('users of a project that is renamed must add its repository again: the lines are there', () => {
  const note = fateNotes([moved], telling('merged'));
  expect(note).toContain('**its users get no updates, and are not told, until they add it again**');
  expect(note).toContain(
    'addrepo --from-repofile=https://b.example/coprs/other/a/repo/fedora-42/other-a-fedora-42.repo',
  );
  expect(fateLine(moved)).toBe('renames acme/a to other/a: its users must add the repository again');
});
