import { expect, test } from 'vitest';
import { fixtureChroot, fixtureProjects, fixtureSite } from '../../testing/fixture.ts';
import { writingFor } from '../pages-of.ts';
import { projectFacts } from './project-facts.ts';

type Entry = ReturnType<typeof fixtureProjects>['projects'][number];
const factsOf = (changes: Partial<Entry>) =>
  projectFacts({ entry: fixtureProjects(changes).projects[0] as Entry }, [fixtureChroot]);

test('a plain project has no facts but its chroots', () => {
  expect(factsOf({})).toEqual({
    homepage: null,
    contact: null,
    forkedFrom: null,
    frozen: null,
    publish: null,
    deleteAfter: null,
    leavesAt: null,
    chroots: [{ chroot: fixtureChroot, note: null }],
  });
});

test('addresses are links when they are web or mail addresses, and text otherwise', () => {
  expect(factsOf({ homepage: 'https://example.org/x' }).homepage?.href).toBe('https://example.org/x');
  expect(factsOf({ contact: 'tools@example.org' }).contact?.href).toBe('mailto:tools@example.org');
  for (const bad of ['javascript:alert(1)', 'a@b.org?bcc=everybody@b.org', 'ask me']) {
    expect(factsOf({ contact: bad }).contact).toEqual({ text: bad, href: null });
  }
});

test('a fork names where it began, without a link: that may be gone', () => {
  expect(factsOf({ forkedFrom: 'acme/base' }).forkedFrom).toEqual({ text: 'acme/base', href: null });
});

test('a project says when its builds can be installed, unless that is at once', () => {
  expect(factsOf({ publish: 'each' }).publish).toBeNull();
  expect(factsOf({ publish: 'batch' }).publish).toMatch(/when the last of them has ended/);
  expect(factsOf({ publish: 'manual' }).publish).toMatch(/when somebody has published it/);
});

test('a project whose file is gone says until when it can be put back', () => {
  const leaving = { deleteAt: '2026-01-31T15:04:59.000Z', commit: 'c0ffee', by: 'mia', statedAt: 'c0c0a' };
  expect(factsOf({ leaving }).leavesAt).toBe('2026-01-31 15:05');
});

test('a chroot says when it is not built for, and how long its packages stay', () => {
  const noteOf = (state: 'active' | 'inactive' | 'eol', keepUntil: string | null) =>
    factsOf({ chrootStates: { [fixtureChroot]: { state, keepUntil } } }).chroots[0]?.note;
  expect(noteOf('active', null)).toBeNull();
  expect(noteOf('inactive', null)).toBe('not built now');
  expect(noteOf('eol', '2027-01-31')).toBe('end of life, kept until 2027-01-31');
});

test('pinned projects stand first on the home page, the others in the order of their names', () => {
  const [entry] = fixtureProjects().projects as [Entry];
  const projects = ['a', 'b', 'c'].map((name) => ({ ...entry, name, pinned: name === 'b' }));
  const { history } = fixtureSite({ projects: { ...fixtureProjects(), projects } });
  const { pages } = writingFor({ kind: 'home' }, { history, url: 'http://a.org', queue: null, service: null });
  expect(pages.home?.[0]?.projects.map(({ key }) => key)).toEqual(['acme/b', 'acme/a', 'acme/c']);
});
