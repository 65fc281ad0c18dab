import { parseConfigRepo } from '@coppice/config';
import { expect, test } from 'vitest';
import type { ConfigAtCommit } from '../config-repo/config-in-force.ts';
import { stepsOf } from './apply-config-change.ts';

/** A config with these projects: path → further lines. */
const stated = (projects: Readonly<Record<string, string>>): ConfigAtCommit => {
  const files = Object.entries(projects).map(
    ([key, more]) =>
      [
        `projects/${key}.yaml`,
        `maintainers: [a]\nchroots: [fedora-42-x86_64]\npackages: { x: { source: { type: srpm, url: "https://example.org/x.src.rpm", sha256: ${'a'.repeat(64)} } } }\n${more}`,
      ] as const,
  );
  const texts = new Map([['coppice.yaml', 'admins: [root]\nchroots: [fedora-42-x86_64]\n'], ...files]);
  const parsed = parseConfigRepo({ texts, oversize: new Map(), paths: new Set(texts.keys()) });
  if (!parsed.ok) throw new Error(parsed.problems.map(({ message }) => message).join());
  return { commit: '', config: parsed.value, packageTrees: new Map(), chrootConfigDigests: new Map() };
};
const steps = (before: Parameters<typeof stated>[0] | undefined, after: Parameters<typeof stated>[0]) =>
  stepsOf(before === undefined ? undefined : stated(before), stated(after)).map((step) =>
    [step.kind, ...('from' in step ? [`${step.from.name} →`] : []), step.project.name].join(' '),
  );

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
    'there was no config before: nothing is copied or deleted',
    [undefined, { 'o/a': 'frozen: why', 'o/b': 'forkedFrom: o/a' }],
    ['freeze a'],
  ],
])('%s', (_name, [before, after], wanted) => {
  expect(steps(before, after)).toEqual(wanted);
});
