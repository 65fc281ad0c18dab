import { expect, test } from 'vitest';
import type { Fate } from '../vocabulary/fate.ts';
import { fateLine, fateNotes, fateTitle, time, withFates } from './fates.ts';

const gone = (project: string, more: Partial<Extract<Fate, { kind: 'deletes' }>> = {}): Fate => ({
  ...{ kind: 'deletes', project, packages: 2, builds: 1, at: '2026-01-31T15:04:05Z', before: false },
  ...more,
});
const moved: Fate = { kind: 'renames', from: 'acme/a', to: 'other/a' };
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
  const pushed = fateNotes([gone('acme/tools')], 3600, 'pushed');
  expect(pushed).toMatch(/goes at 2026-01-31 15:05 UTC\..*`projects\/acme\/tools\.yaml` put back keeps it/);
  expect(pushed).toContain('`renamedFrom: acme/tools`');
  expect(fateNotes([gone('acme/tools')], 7200, 'merged')).toContain(', 2 hours after the merge, unless');
  expect(fateNotes([gone('acme/tools')], 90, 'merged')).toContain(', 1 minute and 30 seconds after the merge, unless');
  expect(fateNotes([gone('acme/tools', { at: null })], 3600, 'pushed')).toContain('at once');
});

test('another kind of key is said with what makes the next one', () => {
  const fate: Fate = { kind: 'key', project: 'acme/k', from: 'rsa4096', to: 'ed25519' };
  expect(fateNotes([fate], 3600, 'merged')).toMatch(/`ed25519` \(before: `rsa4096`\).+`coppice rotate-key acme\/k`/);
  expect(fateLine(fate)).toMatch(/^the next signing key of acme\/k is ed25519 .+: coppice rotate-key acme\/k$/);
  expect(fateTitle([fate])).toBeUndefined();
});

test('many are counted, not listed', () => {
  const many = fateNotes(
    Array.from({ length: 60 }, (_, at) => gone(`acme/p${at}`)),
    3600,
    'pushed',
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
  const note = fateNotes([apart], 3600, 'pushed');
  expect(note).toContain('`st/vcs` has 3 builds of its own');
  expect(note).toContain('put `projects/st/git.yaml` back');
  expect(note).toContain('`/delete project st/vcs`');
});

test('of what leaves a frozen project it is said that nothing goes before that is resolved, and what goes then', () => {
  const drops = { kind: 'drops', project: 'acme/tools', packages: ['a'], chroots: [], frozen: true } as const;
  const note = (keptSeconds: number | null, when: 'pushed' | 'merged' = 'pushed') =>
    fateNotes([{ ...drops, keptSeconds }], 3600, when).split('canceled, and ')[1];
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
  const left = fateNotes([gone('acme/tools', { frozen: true })], 3600, 'pushed');
  expect(left).toContain(
    'It is frozen: what it has published is out of reach until then, and `/resolve` brings it back',
  );
  expect(fateNotes([gone('acme/tools', { frozen: true })], 3600, 'merged')).toContain('It is frozen:');
  expect(fateLine(gone('acme/tools', { frozen: true }))).toBe(
    'deletes acme/tools (2 packages, 1 build), out of reach until then, for it is frozen',
  );
  const back = { kind: 'keeps', project: 'acme/k', frozen: true } as const;
  expect(fateNotes([back], 3600, 'pushed')).toContain('has what it had, out of reach while the project is frozen.');
});
