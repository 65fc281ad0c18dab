import { parseConfigRepo } from '@coppice/config';
import { describe, expect, test } from 'vitest';
import type { ConfigAtCommit } from '../config-repo/config-in-force.ts';
import { planConfigChange } from './plan-config-change.ts';

const packages = `packages: { x: { source: { type: srpm, url: "https://example.org/x.src.rpm", sha256: ${'a'.repeat(64)} } } }\n`;
/** A config with these projects: path → further lines. */
const stated = (projects: Readonly<Record<string, string>>, policy = ''): ConfigAtCommit => {
  const files = Object.entries(projects).map(
    ([key, more]) =>
      [
        `projects/${key}.yaml`,
        `maintainers: [a]\nchroots: [fedora-42-x86_64]\n${/^packages/m.test(more) ? '' : packages}${more}`,
      ] as const,
  );
  const texts = new Map([['coppice.yaml', `admins: [root]\nchroots: [fedora-42-x86_64]\n${policy}\n`], ...files]);
  const parsed = parseConfigRepo({ texts, oversize: new Map(), paths: new Set(texts.keys()) });
  if (!parsed.ok) throw new Error(parsed.problems.map(({ message }) => message).join());
  return {
    commit: Object.keys(projects).join(),
    config: parsed.value,
    packageTrees: new Map(),
    chrootConfigDigests: new Map(),
  };
};
type Projects = Parameters<typeof stated>[0];
type Known = NonNullable<Parameters<typeof planConfigChange>[0]>;
const change = (
  before: Known | undefined,
  after: Projects,
  how: {
    readonly deleteAt?: string | null;
    readonly atOnce?: readonly string[];
    readonly builds?: Readonly<Record<string, number>>;
  } = {},
) => {
  const { deleteAt = due, atOnce = [] } = how;
  const builds = new Map(Object.entries({ 'o/a': 4, ...how.builds }));
  const after_ = stated(after);
  const made = planConfigChange(before, after_, {
    ...{ by: 'mia', deleteAt, atOnce: new Set(atOnce), builds, now },
  });
  const steps = made.steps.map((step) =>
    [step.kind, ...('from' in step ? [`${step.from.name} →`] : []), step.project.name].join(' '),
  );
  return { ...made, steps, next: { ...after_, leaving: made.leaving } };
};
const now = new Date('2026-01-31T14:00:00Z');
const due = '2026-01-31T15:00:00.000Z';
const later = '2026-01-31T17:00:00.000Z';
const freezes = (frozen: boolean) => ({
  ...{ kind: 'shows', project: 'o/a', changes: [{ what: 'frozen', frozen }] },
  ...(frozen ? { frozen } : {}),
});
const steps = (before: Projects | undefined, after: Projects) =>
  change(before === undefined ? undefined : stated(before), after, { deleteAt: null }).steps;

test.each<[string, Parameters<typeof steps>, string[]]>([
  ['nothing changed', [{ 'o/a': '' }, { 'o/a': '' }], []],
  ['one is deleted', [{ 'o/a': '', 'o/b': '' }, { 'o/a': '' }], ['remove b']],
  ['one has another name and says so', [{ 'o/a': '' }, { 'o/b': 'renamedFrom: o/a' }], ['rename a → b']],
  [
    'one is renamed and frozen at once',
    [{ 'o/a': '' }, { 'o/b': 'renamedFrom: o/a\nfrozen: why' }],
    ['rename a → b', 'freeze b', 'describe b'],
  ],
  ['one is frozen', [{ 'o/a': '' }, { 'o/a': 'frozen: why' }], ['freeze a', 'describe a']],
  ['the reason is another', [{ 'o/a': 'frozen: why' }, { 'o/a': 'frozen: else' }], ['describe a']],
  ['one is not frozen any more', [{ 'o/a': 'frozen: why' }, { 'o/a': '' }], ['unfreeze a', 'describe a']],
  ['one is forked', [{ 'o/a': '' }, { 'o/a': '', 'o/b': 'forkedFrom: o/a' }], ['fork a → b']],
  ['one says it is a fork of what is gone', [{ 'o/a': '' }, { 'o/a': '', 'o/b': 'forkedFrom: x/y' }], []],
  [
    'there was no config before: nothing is copied or deleted, and all is described',
    [undefined, { 'o/a': 'frozen: why', 'o/b': 'forkedFrom: o/a' }],
    ['freeze a', 'describe a', 'describe b'],
  ],
  [
    'what one needs comes to need more: who needs it is told',
    [
      { 'o/a': 'runtimeRepos: [coppice://o/b]', 'o/b': '', 'o/c': 'runtimeRepos: [coppice://o/d]', 'o/d': '' },
      {
        'o/a': 'runtimeRepos: [coppice://o/b]',
        'o/b': 'runtimeRepos: [coppice://o/d]',
        'o/c': 'runtimeRepos: [coppice://o/d]',
        'o/d': '',
      },
    ],
    ['describe a', 'describe b'],
  ],
  [
    'there was no config before, and one says its former name, which has builds',
    [undefined, { 'o/b': 'renamedFrom: o/a', 'o/c': 'renamedFrom: o/x' }],
    ['rename a → b', 'describe b', 'describe c'],
  ],
])('%s', (_name, [before, after], wanted) => {
  expect(steps(before, after)).toEqual(wanted);
});

describe('a project whose file a push takes away', () => {
  const left = () => change(stated({ 'o/a': '', 'o/b': '' }), { 'o/b': '' });

  test('is leaving: nothing is done about it, and what goes and when is said', () => {
    const { steps: done, leaving, fates } = left();
    expect(done).toEqual([]);
    expect(leaving).toMatchObject([
      { project: 'o/a', statedAt: 'o/a,o/b', leftAt: 'o/b', by: 'mia', deleteAt: due, stated: { name: 'a' } },
    ]);
    expect(fates).toEqual([{ kind: 'deletes', project: 'o/a', packages: 1, builds: 4, at: due, before: false }]);
  });

  test('keeps its time through later pushes, which say that it is leaving', () => {
    const { steps: done, leaving, fates } = change(left().next, { 'o/b': 'description: other' }, { deleteAt: later });
    expect(done).toEqual(['describe b']);
    expect(leaving).toEqual(left().leaving);
    expect(fates).toMatchObject([{ kind: 'deletes', project: 'o/a', at: due, before: true }]);
  });

  test.each<[string, Projects, string[]]>([
    ['put back as it was', { 'o/a': '', 'o/b': '' }, []],
    ['put back changed', { 'o/a': 'description: other', 'o/b': '' }, ['describe a']],
    ['put back frozen', { 'o/a': 'frozen: why', 'o/b': '' }, ['freeze a', 'describe a']],
  ])('stays with all that it has: %s', (_how, after, wanted) => {
    const { steps: done, leaving, fates } = change(left().next, after);
    const isFrozen = wanted.includes('freeze a');
    const kept = { kind: 'keeps', project: 'o/a', ...(isFrozen ? { frozen: true } : {}) };
    expect([done, leaving, fates]).toEqual([wanted, [], isFrozen ? [kept, freezes(true)] : [kept]]);
  });

  test.each<[string, Projects]>([
    ['says so', { 'o/b': '', 'o/c': 'renamedFrom: o/a\ndescription: other' }],
    ['says the same', { 'o/b': '', 'p/a': '' }],
  ])('is renamed by a later push that states another project which %s', (_how, after) => {
    const { steps: done, leaving, fates } = change(left().next, after);
    expect(done[0]).toMatch(/^rename a → /);
    expect(leaving).toEqual([]);
    expect(fates).toMatchObject([{ kind: 'renames', from: 'o/a' }]);
  });

  const claims = { 'o/b': 'renamedFrom: o/a\ndescription: other' };

  test.each<[string, Known]>([
    ['later', left().next],
    ['with the push that takes the file away', stated({ 'o/a': '', 'o/b': '' })],
  ])('is renamed to one that was there already and has no builds, when that says so %s', (_when, before) => {
    const { steps: done, leaving, fates } = change(before, claims);
    expect([done, leaving]).toEqual([['rename a → b', 'describe b'], []]);
    expect(fates).toEqual([{ kind: 'renames', from: 'o/a', to: 'o/b', chroots: ['fedora-42-x86_64'] }]);
  });

  test('is not renamed to one that has builds: it stays leaving, and that is said', () => {
    const { steps: done, leaving, fates } = change(left().next, claims, { builds: { 'o/b': 2 } });
    expect([done, leaving]).toEqual([['describe b'], left().leaving]);
    expect(fates).toEqual([
      { kind: 'apart', from: 'o/a', to: 'o/b', builds: 2 },
      { kind: 'deletes', project: 'o/a', packages: 1, builds: 4, at: due, before: true },
    ]);
    // What the note advises: the other one is deleted, and its file pushed again.
    const deleted = change({ ...stated({}), leaving }, {});
    expect(change(deleted.next, claims)).toMatchObject({ steps: ['rename a → b', 'describe b'], leaving: [] });
  });

  test('a new project that says it was one that is not there, or that becomes another one, is told so', () => {
    const names = (after: Projects) =>
      change(stated({ 'o/a': '' }), after).fates.filter(({ kind }) => kind === 'unfounded' || kind === 'renames');
    expect(names({ 'o/a': '', 'o/b': 'renamedFrom: o/typo' })).toEqual([
      { kind: 'unfounded', from: 'o/typo', to: 'o/b' },
    ]);
    expect(names({ 'o/b': 'renamedFrom: o/a', 'o/c': 'renamedFrom: o/a' })).toMatchObject([
      { kind: 'renames', from: 'o/a' },
      { kind: 'unfounded', from: 'o/a' },
    ]);
    expect(names({ 'o/a': 'renamedFrom: o/before' })).toEqual([]);
  });

  test('goes at once when another takes its name and says so', () => {
    const { steps: done, leaving, fates } = change(left().next, { 'o/a': 'renamedFrom: o/b' });
    expect([done, leaving]).toEqual([['remove a', 'rename b → a'], []]);
    expect(fates).toMatchObject([
      { kind: 'deletes', project: 'o/a', at: null },
      { kind: 'renames', from: 'o/b', to: 'o/a' },
    ]);
  });

  test('goes at once when somebody asked for that, also when it was leaving', () => {
    const asked = { atOnce: ['o/a'] };
    const { steps: done, leaving, fates } = change(stated({ 'o/a': '', 'o/b': '' }), { 'o/b': '' }, asked);
    expect([done, leaving]).toEqual([['remove a'], []]);
    expect(fates).toMatchObject([{ kind: 'deletes', project: 'o/a', at: null, before: false }]);
    expect(change(left().next, { 'o/b': '' }, asked)).toMatchObject({ steps: ['remove a'], leaving: [] });
  });

  test('and the key of a project stays when another kind is stated: it is said what makes the next one', () => {
    const { fates } = change(stated({ 'o/a': '' }), { 'o/a': 'signing: { kind: ed25519 }' });
    expect(fates).toEqual([{ kind: 'key', project: 'o/a', from: 'rsa4096', to: 'ed25519' }]);
    expect(change(stated({ 'o/a': '' }), { 'o/a': 'signing: { kind: rsa4096 }' }).fates).toEqual([]);
  });

  test('and what projects drop stays: it is only said', () => {
    const { steps: done, fates } = change(stated({ 'o/a': '' }), { 'o/a': 'packages: {}' });
    expect(done).toEqual(['describe a']);
    expect(fates).toEqual([{ kind: 'drops', project: 'o/a', packages: ['x'], keptSeconds: 14 * 86_400, chroots: [] }]);
  });

  test('and of a frozen project it is said that nothing is in reach', () => {
    const frozen = 'frozen: a report\n';
    const dropped = change(stated({ 'o/a': frozen }), { 'o/a': `${frozen}packages: {}` });
    expect(dropped.fates).toMatchObject([{ kind: 'drops', packages: ['x'], frozen: true }]);
    const resolved = change(stated({ 'o/a': frozen }), { 'o/a': 'packages: {}' });
    expect(resolved.fates).toEqual([
      { kind: 'drops', project: 'o/a', packages: ['x'], keptSeconds: 14 * 86_400, chroots: [] },
      freezes(false),
    ]);
    const left = change(stated({ 'o/a': frozen }), {});
    expect(left.fates).toMatchObject([{ kind: 'deletes', project: 'o/a', at: due, frozen: true }]);
    expect(change(left.next, { 'o/a': frozen }).fates).toEqual([{ kind: 'keeps', project: 'o/a', frozen: true }]);
  });

  test('and of packages that left before it is said when what they have published goes now, and that it goes at once', () => {
    const gone = (name: string, since: string) => ({ project: 'o/a', package: name, leftAt: 'c', by: 'mia', since });
    const departed = [gone('rock', '2026-01-24T14:00:00.000Z'), gone('stone', '2026-01-24T14:00:00.000Z')];
    const before = { ...stated({ 'o/a': 'retention: { removed: 14d }' }), departed };
    const said = (removed: string) => change(before, { 'o/a': `retention: { removed: ${removed} }` }).fates;
    const was = {
      ...{ kind: 'retimes', project: 'o/a', packages: ['rock', 'stone'] },
      before: '2026-02-07T14:00:00.000Z',
    };
    expect(said('14d')).toEqual([]);
    expect(said('remove')).toEqual([{ ...was, at: '2026-01-24T14:00:00.000Z', due: true }]);
    expect(said('3d')).toEqual([{ ...was, at: '2026-01-27T14:00:00.000Z', due: true }]);
    expect(said('10d')).toEqual([{ ...was, at: '2026-02-03T14:00:00.000Z', due: false }]);
    expect(said('keep')).toEqual([{ ...was, at: null, due: false }]);
    const renamed = change(before, { 'o/b': 'renamedFrom: o/a\nretention: { removed: remove }' }).fates;
    expect(renamed[0]).toEqual({ ...was, project: 'o/b', at: '2026-01-24T14:00:00.000Z', due: true });
    expect(change(before, { 'o/a': 'frozen: why\nretention: { removed: remove }' }).fates[0]).toMatchObject({
      ...{ kind: 'retimes', at: null, due: false, frozen: true },
    });
  });

  test('the policy does so as well, and is told by itself', () => {
    const gone = { project: 'o/a', package: 'rock', leftAt: 'c', by: 'mia', since: '2026-01-24T14:00:00.000Z' };
    const under = (policy: string) => {
      const at = stated({ 'o/a': '' }, policy);
      return { ...at, departed: [gone] };
    };
    const after = under('retention: { removed: remove, failed: 3d }');
    const how = { by: 'mia', deleteAt: due, atOnce: new Set<string>(), builds: new Map<string, number>(), now };
    expect(planConfigChange(under(''), after, how).fates).toEqual([
      {
        kind: 'retimes',
        project: 'o/a',
        packages: ['rock'],
        before: '2026-02-07T14:00:00.000Z',
        at: gone.since,
        due: true,
      },
      {
        kind: 'policy',
        changes: [
          { key: 'retention.removed', from: '14 days', to: 'not at all' },
          { key: 'retention.failed', from: '30 days', to: '3 days' },
        ],
      },
    ]);
  });

  test('what users see without a build is told: of its own keys, and of what the projects that it needs come to need', () => {
    const more = `publish: manual
repoOptions: { priority: 50, module_hotfixes: true }
runtimeRepos: [coppice://o/b]
`;
    const { fates } = change(stated({ 'o/a': more, 'o/b': '', 'o/c': '' }), {
      'o/a': 'publish: each\nrepoOptions: { priority: 10 }\nruntimeRepos: [coppice://o/b]\ndeleteAfter: 2026-05-01\n',
      'o/b': 'runtimeRepos: [coppice://o/c]\nfrozen: why',
      'o/c': '',
    });
    expect(fates).toEqual([
      {
        ...{ kind: 'shows', project: 'o/a' },
        changes: [
          { what: 'last day', from: null, to: '2026-05-01' },
          { what: 'publish', from: 'manual', to: 'each' },
          { what: 'option', name: 'priority', from: '50', to: '10' },
          { what: 'option', name: 'module_hotfixes', from: 'true', to: null },
          { what: 'needed', added: ['coppice://o/c'], removed: [] },
        ],
      },
      {
        ...{ kind: 'shows', project: 'o/b', frozen: true },
        changes: [
          { what: 'frozen', frozen: true },
          { what: 'needed', added: ['coppice://o/c'], removed: [] },
        ],
      },
    ]);
  });

  test('and a package that is back before its time has what it had, also under another name of its project', () => {
    const gone = { project: 'o/a', package: 'x', leftAt: 'c', by: 'mia', since: due };
    const without = { ...stated({ 'o/a': 'packages: {}' }), departed: [gone] };
    expect(change(without, { 'o/a': '' }).fates).toEqual([{ kind: 'returns', project: 'o/a', packages: ['x'] }]);
    expect(change(without, { 'o/a': 'frozen: a report\n' }).fates).toEqual([
      { kind: 'returns', project: 'o/a', packages: ['x'], frozen: true },
      freezes(true),
    ]);
    expect(change(without, { 'o/b': 'renamedFrom: o/a\n' }).fates).toEqual([
      { kind: 'renames', from: 'o/a', to: 'o/b', chroots: ['fedora-42-x86_64'] },
      { kind: 'returns', project: 'o/b', packages: ['x'] },
    ]);
    expect(change(without, { 'o/a': 'packages: {}' }).fates).toEqual([]);
  });
});
