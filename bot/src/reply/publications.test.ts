import type { Switched, SwitchOutcome } from '@coppice/builder-runner/runner';
import type { ChrootName } from '@coppice/config';
import { expect, test } from 'vitest';
import { published, rolledBack, waits, waitsInShort } from './publications.ts';

const project = { owner: 'acme', name: 'tools', publish: 'manual' } as const;
const fedora = 'fedora-42-x86_64' as ChrootName;
const change = (name: string, before: string | null, after: string | null) => ({ package: name, before, after });
const changes = [
  change('new', null, '1.0-1'),
  change('hello', '1.0~rc1-1', '1.0-1'),
  change('old', '1:2.0-1', null),
  change('late', '2.0-1', '1.10-1'),
  change('same', '1.0-1', '1.0-1'),
];
const switched = (more: Partial<Switched> = {}, left: readonly ChrootName[] = []): SwitchOutcome => ({
  kind: 'switched',
  repositories: [{ chroot: fedora, from: 3, to: 5, returnsTo: null, changes, changed: changes.length, ...more }],
  left,
});
const refused = (...why: Extract<SwitchOutcome, { kind: 'refused' }>['why']): SwitchOutcome => ({
  kind: 'refused',
  why,
});

test('a publication says what it changes', async () => {
  await expect(`${published(project, switched({}, ['epel-9-x86_64' as ChrootName]))}\n`).toMatchFileSnapshot(
    '../../testdata/published.md',
  );
});

test('a return says what it changes, and what users who have the newer version do', async () => {
  await expect(`${rolledBack(project, switched({ returnsTo: 2 }))}\n`).toMatchFileSnapshot(
    '../../testdata/rolled-back.md',
  );
});

test('where nothing waits, it says how the project publishes', () => {
  const nothing: SwitchOutcome = { kind: 'switched', repositories: [], left: [fedora] };
  expect(published(project, nothing)).toMatch(/^Nothing of `acme\/tools` waits .* the next `\/publish`\.$/);
  expect(published({ ...project, publish: 'each' }, nothing)).toMatch(/each build at once/);
  expect(published({ ...project, publish: 'batch' }, nothing)).toMatch(/when its last build has ended/);
});

test.each<[SwitchOutcome, RegExp]>([
  [{ kind: 'frozen' }, /^`acme\/tools` is frozen/],
  [refused(), /^`acme\/tools` has no repository yet/],
  [
    refused({ chroot: fedora, kind: 'nothing-before' }),
    /^`fedora-42-x86_64`: users have seen nothing else.*Nothing was/s,
  ],
  [refused({ chroot: fedora, kind: 'shown-now', to: 3 }), /what generation 3 has already/],
  [
    refused({ chroot: fedora, kind: 'not-kept', to: 9, kept: [4, 2] }),
    /These can be returned to: `\/rollback 4`, `\/rollback 2`\./,
  ],
  [
    refused({ chroot: fedora, kind: 'not-kept', to: 9, kept: [] }),
    /no other one to go back to: build what is missing again\./,
  ],
  [
    refused({ chroot: fedora, kind: 'gone', to: 2, builds: ['00000002-hello'], kept: [5, 1] }),
    /generation 2 has packages that are deleted: `hello` \(build 2\)\. These .+: `\/rollback 5`, `\/rollback 1`\./,
  ],
  [refused({ chroot: fedora, kind: 'damaged', why: 'it is *not* JSON' }), /it is \\\*not\\\* JSON/],
])('%j is refused with a sentence', (outcome, wanted) => {
  expect(rolledBack(project, outcome)).toMatch(wanted);
});

test('many changes are counted, and what others wrote stays code', () => {
  const many = Array.from({ length: 40 }, (_, at) => change(`p${at}`, null, '1-1'));
  const text = published(project, switched({ changes: [...many, change('x', null, '@root')], changed: 1200 }));
  expect(text).toContain('and 11 more');
  expect(text).toContain('- and 1159 more changes');
  expect(text.replace(/`[^`]*`/g, '')).not.toContain('@');
});

test('binary packages that go are named', () => {
  const lost = [
    { ...change('pebble', '1.0-1', '1.1-1'), gone: ['libpebble-tools'] },
    { ...change('old', '1.0-1', null), gone: ['old', 'old-libs'] },
    { ...change('plain', '1.0-1', null), gone: ['plain'] },
  ];
  const text = rolledBack(project, switched({ changes: lost, changed: 3 }));
  expect(text).toContain('- up: `pebble` `1.0-1` → `1.1-1` (without `libpebble-tools`)');
  expect(text).toContain('- removed: `old` `1.0-1` (with `old-libs`), `plain` `1.0-1`\n');
});

test('what waits to be published is told with what shows it', () => {
  const waiting = [{ chroot: fedora, changes: [change('new', null, '1.0-1'), change('a', '1-1', '2-1')], changed: 2 }];
  expect(waits(project, waiting)).toBe(
    'Waits for `/publish acme/tools`, users do not see it yet:\n\n`fedora-42-x86_64`:\n- added: `new` `1.0-1`\n- up: `a` `1-1` → `2-1`',
  );
  expect(waits(project, [])).toBe('');
  expect(waits({ ...project, publish: 'batch' }, waiting)).toMatch(
    /^Waits until the last build of its batch has ended:/,
  );
  expect(waitsInShort(project, waiting, 'a')).toBe('`a` waits for `/publish acme/tools`: users do not see that yet.');
  expect(waitsInShort(project, waiting)).toMatch(/^`new`, `a` wait for /);
  expect(waitsInShort(project, waiting, 'other')).toBe('');
});
