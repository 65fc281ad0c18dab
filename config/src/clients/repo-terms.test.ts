import fc from 'fast-check';
import { expect, test } from 'vitest';
import { projectForTests } from '../../testing/config-for-tests.ts';
import type { ChrootName } from '../words/chroot.ts';
import { type Project, projectKey } from '../words/project.ts';
import { plainRepoOptions, type RuntimeRepo } from '../words/repo-options.ts';
import { maximumNeededRepos, multilibChroots, type NeededRepo, repoTerms } from './repo-terms.ts';

const plain = (url: string): RuntimeRepo => ({ url, key: null });
const needing = (name: string, ...urls: readonly string[]) => projectForTests({ name, runtimeRepos: urls.map(plain) });
const among = (...projects: readonly Project[]) => {
  const known = new Map(projects.map((project) => [projectKey(project), project]));
  return (key: string) => known.get(key);
};
const say = (repo: NeededRepo) => (repo.kind === 'project' ? `${repo.owner}/${repo.name}` : repo.url);

test('what is needed in turn comes after what is named, each once, and circles end', () => {
  const tools = needing('tools', 'coppice://acme/a', 'https://x.example/', 'coppice://acme/b');
  const a = needing('a', 'coppice://acme/b', 'coppice://acme/c', 'https://x.example/');
  const b = needing('b', 'coppice://acme/tools', 'coppice://acme/a');
  const c = needing('c', 'https://y.example/', 'coppice://acme/gone');
  const { needed } = repoTerms(tools, among(tools, a, b, c));
  expect(needed.map(say)).toEqual(['acme/a', 'https://x.example/', 'acme/b', 'acme/c', 'https://y.example/']);
});

test('a key that anybody stated for an address counts, the nearest one first', () => {
  const keyed = (key: string): RuntimeRepo => ({ url: 'https://x.example/', key });
  const tools = projectForTests({ runtimeRepos: [plain('https://x.example/'), plain('coppice://acme/a')] });
  const a = projectForTests({ name: 'a', runtimeRepos: [keyed('https://x.example/1'), plain('coppice://acme/b')] });
  const b = projectForTests({ name: 'b', runtimeRepos: [keyed('https://x.example/2')] });
  expect(repoTerms(tools, among(tools, a, b)).needed).toEqual([
    { kind: 'address', ...keyed('https://x.example/1') },
    { kind: 'project', owner: 'acme', name: 'a', options: plainRepoOptions },
    { kind: 'project', owner: 'acme', name: 'b', options: plainRepoOptions },
  ]);
});

test('whatever projects need of each other, all that can be reached is there once, and not the project itself', () => {
  const size = 12;
  const arrows = fc.array(fc.uniqueArray(fc.nat(size + 2), { maxLength: 6 }), { minLength: size, maxLength: size });
  fc.assert(
    fc.property(arrows, (links) => {
      const projects = links.map((targets, index) =>
        needing(`p${index}`, ...targets.map((target) => `coppice://acme/p${target}`)),
      );
      const reached = new Set<number>();
      const walk = (from: number) => {
        for (const to of links[from] ?? []) {
          if (to >= size || reached.has(to)) continue;
          reached.add(to);
          walk(to);
        }
      };
      walk(0);
      reached.delete(0);
      const found = repoTerms(projects[0] as Project, among(...projects)).needed.map(say);
      expect([...found].sort()).toEqual([...reached].map((index) => `acme/p${index}`).sort());
    }),
  );
});

test('there are never more of them than may be', () => {
  const names = Array.from({ length: 3 * maximumNeededRepos }, (_, index) => `p${index}`);
  const projects = names.map((name, index) =>
    needing(name, `coppice://acme/p${index + 1}`, `https://x.example/${name}`),
  );
  expect(repoTerms(projects[0] as Project, among(...projects)).needed).toHaveLength(maximumNeededRepos);
});

test('32 bits go with x86_64 where the same release has both', () => {
  const chroots = [
    'fedora-42-x86_64',
    'fedora-42-i686',
    'fedora-43-x86_64',
    'fedora-43-i386',
    'epel-9-i686',
    'a-1-aarch64',
  ];
  expect(multilibChroots(chroots as ChrootName[])).toEqual(
    new Map([
      ['fedora-42', 'i686'],
      ['fedora-43', 'i386'],
    ]),
  );
  const options = { ...plainRepoOptions, multilib: true };
  const project = projectForTests({ chroots: chroots as ChrootName[] });
  expect(repoTerms(project, among()).multilib.size).toBe(0);
  expect(repoTerms({ ...project, repoOptions: options }, among()).multilib.size).toBe(2);
});
