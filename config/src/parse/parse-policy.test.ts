import { describe, expect, test } from 'vitest';
import { policyText, problemsOf, treeOf } from '../../testing/config-for-tests.ts';

describe('coppice.yaml', () => {
  const policyProblems = (text: string) => problemsOf(treeOf({ 'coppice.yaml': text }));

  test('is needed', () => {
    expect(problemsOf(treeOf({}))[0]).toMatch(/^coppice.yaml:1:1: the repository has no coppice.yaml/);
    for (const name of ['coppice.yml', 'coppice.YAML', 'Coppice.yaml'])
      expect(problemsOf(treeOf({}, [name]))[0]).toContain(`(rename ${name})`);
  });

  test.each([
    ['', ['coppice.yaml:1:1: the file is empty (write at least `admins:`, `chroots:`; comments count for nothing)']],
    ['admins: [a]\n', ['coppice.yaml:1:1: the file lacks `chroots` (add `chroots:`)']],
    [
      `${policyText}limits: { timeout: 9h }`,
      [
        'coppice.yaml:3:20: `limits.timeout` is longer than `limits.maximumTimeout` (make it shorter, or the maximum longer)',
      ],
    ],
    [
      `${policyText}limits: { disk: 10 GB, timeot: 1h }`,
      [
        'coppice.yaml:3:17: `10 GB` is no size (write a whole number and B, KiB, MiB, GiB or TiB: `10 GiB`)',
        'coppice.yaml:3:24: unknown key `timeot` (did you mean `timeout`?)',
      ],
    ],
    [
      'admins: []\nchroots: [fedora]\n',
      [
        'coppice.yaml:1:9: `admins` must be a list of logins with at least one item, not an empty list (add one)',
        'coppice.yaml:2:11: `fedora` is no chroot name (a chroot is distribution-release-architecture, for example `fedora-42-x86_64`)',
      ],
    ],
  ])('%j', (text, expected) => {
    expect(policyProblems(text)).toEqual(expected);
  });
});
