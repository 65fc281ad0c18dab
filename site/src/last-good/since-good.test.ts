import type { Result } from '@coppice/config';
import { describe, expect, test } from 'vitest';
import { fixtureChroot, fixtureResult, fixtureSite } from '../../testing/fixture.ts';
import type { PackageChange } from './compare-buildroots.ts';
import { sinceGood, withBuildroot } from './since-good.ts';

const [old, fresh] = ['a'.repeat(40), 'b'.repeat(40)];
const request = 'https://github.com/acme/packages/commit/1';
const git = { type: 'git', url: 'https://github.com/acme/hello.git', ref: 'main' } as const;
const source = (nevra: string): Result['artifacts'] => [{ file: 'a.src.rpm', nevra, bytes: 1, sha256: 'c'.repeat(64) }];
const srpm = (changes: Partial<Result>) => ({ chroot: 'srpm', artifacts: source('hello-1-1.src'), ...changes });

/** What build 2, which failed, has other than build 1; the second of each pair is of the source package. */
function since(good: readonly Partial<Result>[], failed: readonly Partial<Result>[]) {
  const bad: Partial<Result> = { state: 'failed', reason: 'compile', artifacts: [] };
  const results = [
    ...good.map((each) => fixtureResult({ id: 1, request, ...each })),
    ...failed.map((each, index) => fixtureResult({ id: 2, request, ...(index === 0 ? bad : {}), ...each })),
  ];
  const [now, before] = fixtureSite({ results }).builds;
  const run = (build: typeof now) => build!.chroots.find(({ chroot }) => chroot === fixtureChroot)!;
  return sinceGood(now!, run(now), before!, run(before));
}

describe('since the last good build', () => {
  test('nothing may have changed, and that is said', () => {
    const told = since([{}, srpm({})], [{}, srpm({})]);
    expect(told).toMatchObject({ id: 1, href: '/acme/tools/build/1/', source: ['the same source'], facts: [] });
  });

  test('the version, the commit and what was fetched are told of, with subjects and where to compare', () => {
    const fetched = (sha256: string) => [{ url: 'https://example.org/', file: 'hello.tar.gz', sha256, bytes: 1 }];
    const commits = ['Mend <b>it</b>', 'Update to 2', 'Begin'].map((subject, index) => ({
      commit: [fresh, 'd'.repeat(40), old][index]!,
      subject,
    }));
    const told = since(
      [
        { source: { ...git, commit: old } },
        srpm({ source: { ...git, commit: old }, fetched: fetched('1'.repeat(64)), commits: commits.slice(2) }),
      ],
      [
        { source: { ...git, commit: fresh } },
        srpm({
          ...{ source: { ...git, commit: fresh }, fetched: fetched('2'.repeat(64)), commits },
          artifacts: source('hello-2-1.src'),
        }),
      ],
    );
    expect(told.source).toEqual(['version 1-1 → 2-1']);
    expect(told.facts).toEqual([
      { label: 'Version', from: '1-1', to: '2-1', href: null },
      {
        ...{ label: 'Commit', from: 'aaaaaaaaaaaa', to: 'bbbbbbbbbbbb' },
        href: `https://github.com/acme/hello/compare/${old}...${fresh}`,
      },
      { label: 'hello.tar.gz', from: '111111111111', to: '222222222222', href: null },
    ]);
    expect(told.commits.map(({ subject, href }) => [subject, href])).toEqual([
      ['Mend <b>it</b>', `https://github.com/acme/hello/commit/${fresh}`],
      ['Update to 2', `https://github.com/acme/hello/commit/${'d'.repeat(40)}`],
    ]);
  });

  test('a file that gave way to another one is told of by their names', () => {
    const files = (...names: readonly string[]) =>
      srpm({ fetched: names.map((file) => ({ url: 'https://example.org/', file, sha256: 'c'.repeat(64), bytes: 1 })) });
    const other = since([{}, files('a-1.tar.gz', 'b.patch')], [{}, files('a-2.tar.gz', 'b.patch')]).facts;
    expect(other).toEqual([{ label: 'File', from: 'a-1.tar.gz', to: 'a-2.tar.gz', href: null }]);
    const more = since([{}, files('a')], [{}, files('a', 'b')]).facts;
    expect(more).toEqual([{ label: 'b', from: null, to: 'cccccccccccc', href: null }]);
  });

  test('a folder of the config repo that was touched is told of by its commit, one that was not is the same', () => {
    const dir = (commit: string, tree: string) =>
      ({ type: 'dir', commit, path: 'packages/acme/tools/hello', tree }) as const;
    const one = { source: dir(old, old), configCommit: old };
    const touched = since([one, srpm(one)], [{ source: dir(fresh, fresh), configCommit: fresh }]);
    expect(touched.source).toEqual(['commit aaaaaaaaaaaa → bbbbbbbbbbbb']);
    expect(touched.facts[0]?.href).toBe(`https://github.com/acme/packages/compare/${old}...${fresh}`);
    const same = since([one, srpm(one)], [{ source: dir(fresh, old), configCommit: fresh }]);
    expect(same.source).toEqual(['the same source']);
    expect(same.facts.map(({ label }) => label)).toEqual(['Config']);
  });

  test('another engine and another kind of source are told of', () => {
    const told = since(
      [{ engine: { name: 'mock', version: '5.6' } }],
      [{ engine: { name: 'mock', version: '6.0' }, source: { ...git, commit: fresh } }],
    );
    expect(told.source).toEqual(['another source', 'mock 5.6 → 6.0']);
  });

  test('commits are not new where an older one was built again, nor where it is not known what was there', () => {
    const commits = [fresh, old].map((commit) => ({ commit, subject: 'x' }));
    const of = (commit: string, told: Result['commits']) => [
      { source: { ...git, commit } },
      srpm({ source: { ...git, commit }, commits: told }),
    ];
    expect(since(of(fresh, commits), of(old, commits.slice(1))).commits).toEqual([]);
    expect(since(of(old, undefined), of(fresh, commits)).commits).toHaveLength(1);
  });

  test('at most fifty packages of the buildroot have a row, and all are counted', () => {
    const changes = Array.from(
      { length: 60 },
      (_, index): PackageChange => ({ name: `p${index}`, from: '1-1', to: `2-${index}`, how: 'up' }),
    );
    const { buildroot } = withBuildroot(since([{}], [{}]), changes, 'p7 is to blame');
    expect(buildroot).toMatchObject({ leads: ['p7 1-1 → 2-7', 'p0 1-1 → 2-0'], more: 58, left: 10 });
    expect(buildroot?.rows).toHaveLength(50);
  });
});
