import { type ChrootName, type SkippedBuild, skipReasons } from '@coppice/config';
import { expect, test } from 'vitest';
import { nothingToDo, skippedNotes } from './accepted.ts';

const chroot = 'sapling-12-x86_64' as ChrootName;
const left = (name: string, why: string): SkippedBuild => {
  return { owner: 'acme', project: 'tools', package: name, chroot, why };
};
const many = (count: number, why: string) => Array.from({ length: count }, (_, index) => left(`p${index % 70}`, why));

test('a few are all named, what needs a person first', () => {
  const notes = skippedNotes([
    left('motd', skipReasons.unchanged(3)),
    left('hello', 'failed in build 4; `/build hello`'),
  ]);
  expect(notes.split('\n').slice(2)).toEqual([
    '- `hello` for `sapling-12-x86_64`: failed in build 4; `/build hello`',
    '- `motd` for `sapling-12-x86_64`: unchanged since build 3',
  ]);
});

test('of a big project, what needs a person is named, wherever it stands; the rest is counted', () => {
  const skipped = [
    ...many(210, skipReasons.unchanged(3)),
    left('broken', 'its source was not looked up'),
    left('live', skipReasons.building(9)),
    left('old', skipReasons.resting(chroot, 'eol')),
    left('older', skipReasons.resting(chroot, 'inactive')),
  ];
  expect(nothingToDo(skipped)).toBe(`There is nothing to do.

Not built:

- \`broken\` for \`sapling-12-x86_64\`: its source was not looked up
- 70 packages unchanged, counted for each chroot 210
- 1 package being built already
- 2 packages for chroots that are not active`);
});

test('more than anybody reads are counted too', () => {
  const lines = skippedNotes(many(60, 'it is broken')).split('\n');
  expect(lines).toHaveLength(53);
  expect(lines.at(-1)).toBe('- and 10 more that need somebody');
});

test('where more than one project is concerned, packages are named with theirs', () => {
  const own = left('zero', 'it is broken');
  const other = { ...own, project: 'games' };
  const [long, longOther] = ['acme/tools', 'acme/games'].map(
    (key) => `- \`${key}/zero\` for \`${chroot}\`: it is broken`,
  );
  expect(skippedNotes([own, other]).split('\n').slice(2)).toEqual([long, longOther]);
  expect(skippedNotes([own], [other]).split('\n').slice(2)).toEqual([long]);
  expect(skippedNotes([own], [own]).split('\n').slice(2)).toEqual([`- \`zero\` for \`${chroot}\`: it is broken`]);
});
