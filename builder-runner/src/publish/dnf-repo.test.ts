import {
  type ChrootName,
  type NeededRepo,
  plainRepoOptions,
  plainTerms,
  published,
  type RepoTerms,
} from '@coppice/config';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { coppiceProject, dnfRepo } from './dnf-repo.ts';

const url = 'https://build.example.org:8443';
const chroot = 'fedora-42-x86_64' as ChrootName;

const project = (name: string): NeededRepo => ({ kind: 'project', owner: 'acme', name, options: plainRepoOptions });
const address = (of: string, key: string | null = null): NeededRepo => ({ kind: 'address', url: of, key });
const needing = (...needed: readonly NeededRepo[]): RepoTerms => ({ ...plainTerms, needed });

test('what the packages need at run time stands in sections of its own, with the keys that are known', async () => {
  const terms = needing(
    project('libs'),
    address('https://example.org/pub/$releasever/$basearch/'),
    address('https://example.org/signed/', 'https://example.org/key.asc'),
  );
  await expect(dnfRepo(url, 'acme', 'tools', chroot, terms)).toMatchFileSnapshot('testdata/runtime.repo');
});

test('what a project says of its repository stands in its section, and for 32 bits in one that costs more', async () => {
  const options = { priority: 50, cost: 800, moduleHotfixes: true, multilib: true };
  const libs: NeededRepo = { kind: 'project', owner: 'acme', name: 'libs', options: { ...options, multilib: false } };
  const terms: RepoTerms = { options, multilib: new Map([['fedora-42', 'i686']]), needed: [libs] };
  await expect(dnfRepo(url, 'acme', 'tools', chroot, terms)).toMatchFileSnapshot('testdata/options.repo');
  const other = dnfRepo(url, 'acme', 'tools', 'fedora-43-x86_64' as ChrootName, terms);
  expect(other).not.toContain(':ml]');
});

test.each([
  ['fedora-rawhide-x86_64', 'fedora-$releasever-$basearch'],
  ['fedora-eln-x86_64', 'fedora-eln-$basearch'],
  ['centos-stream-9-x86_64', 'centos-stream-$releasever-$basearch'],
  ['epel-9-x86_64', 'epel-9-$basearch'],
  ['mageia-cauldron-x86_64', 'mageia-cauldron-$basearch'],
  ['sapling-12-x86_64', 'sapling-12-$basearch'],
])('%s: a system that is upgraded goes on to read the right repository', (name, folder) => {
  expect(dnfRepo(url, 'acme', 'tools', name as ChrootName)).toContain(`/results/acme/tools/${folder}/\n`);
});

test('the host is named without its port, and both signatures are asked for', async () => {
  await expect(dnfRepo(url, 'acme', 'tools', chroot)).toMatchFileSnapshot('testdata/plain.repo');
});

test('a sandbox has letters in its id that dnf allows, goes first, and brings the project it was built beside', () => {
  const text = dnfRepo(url, 'acme', 'tools+pr7', chroot, needing(project('libs+pr9'), project('tools')));
  expect(text.split('\n').filter((line) => line.startsWith('[') || line.startsWith('priority'))).toEqual([
    '[copr:build.example.org:acme:tools:pr:7]',
    'priority=90',
    '[coprdep:build.example.org:acme:tools]',
    '[coprdep:build.example.org:acme:libs:pr:9]',
  ]);
  expect(published.dnfRepo('acme', 'tools+pr7', chroot)).toBe('coprs/acme/tools:pr:7/repo/fedora-42/dnf.repo');
});

test('a sandbox goes first also where its project has a priority, and has the options of its project', () => {
  const options = { priority: 20, cost: null, moduleHotfixes: true, multilib: false };
  const text = dnfRepo(url, 'acme', 'tools+pr7', chroot, { ...plainTerms, options });
  expect(text.match(/^(?:priority|module_hotfixes)=.*$/gm)).toEqual([
    'priority=19',
    'module_hotfixes=1',
    'priority=20',
    'module_hotfixes=1',
  ]);
});

test('no address leaves its line or takes the section of another', () => {
  const text = fc
    .string({ unit: 'binary' })
    .filter((text) => text.isWellFormed())
    .map((text) => `https://x/${text}`);
  fc.assert(
    fc.property(fc.uniqueArray(text, { maxLength: 5 }), (addresses) => {
      const needed = addresses.map((each) => address(each, each));
      const sections = dnfRepo(url, 'acme', 'tools', chroot, needing(...needed))
        .split(/[\r\n\u0085\u2028\u2029]/)
        .filter((line) => line.startsWith('['));
      expect(sections).toHaveLength(addresses.length + 1);
      expect(new Set(sections).size).toBe(sections.length);
    }),
  );
});

test('an address of this service names a project', () => {
  expect(coppiceProject('coppice://acme/tools+pr12')).toEqual({ owner: 'acme', name: 'tools+pr12' });
});

test.each([
  'coppice://acme',
  'coppice://../x',
  'coppice://a/../b',
  'https://acme/tools',
  'coppice://a/b/c',
  'coppice:///b',
])('%s names none', (address) => expect(coppiceProject(address)).toBeUndefined());
