import { type ChrootName, published } from '@coppice/config';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { coppiceProject, dnfRepo } from './dnf-repo.ts';

const url = 'https://build.example.org:8443';
const chroot = 'fedora-42-x86_64' as ChrootName;

test('what the packages need at run time stands in sections of its own, projects of this service with their keys', async () => {
  const repos = ['coppice://acme/libs', 'https://example.org/pub/$releasever/$basearch/', 'coppice://acme/libs'];
  await expect(dnfRepo(url, 'acme', 'tools', chroot, repos)).toMatchFileSnapshot('testdata/runtime.repo');
});

test('the host is named without its port, and both signatures are asked for', async () => {
  await expect(dnfRepo(url, 'acme', 'tools', chroot)).toMatchFileSnapshot('testdata/plain.repo');
});

test('a sandbox has letters in its id that dnf allows, and goes first', () => {
  const text = dnfRepo(url, 'acme', 'tools:pr:7', chroot, ['coppice://acme/tools', 'coppice://acme/libs']);
  expect(text.split('\n').filter((line) => line.startsWith('[') || line.startsWith('priority'))).toEqual([
    '[copr:build.example.org:acme:tools:pr:7]',
    'priority=90',
    '[coprdep:build.example.org:acme:tools]',
    '[coprdep:build.example.org:acme:libs]',
  ]);
  expect(published.dnfRepo('acme', 'tools:pr:7', chroot)).toBe('coprs/acme/tools:pr:7/repo/fedora-42/dnf.repo');
});

test('no address leaves its line or takes the section of another', () => {
  const address = fc
    .string({ unit: 'binary' })
    .filter((text) => text.isWellFormed())
    .map((text) => `https://x/${text}`);
  fc.assert(
    fc.property(fc.uniqueArray(address, { maxLength: 5 }), (addresses) => {
      const sections = dnfRepo(url, 'acme', 'tools', chroot, addresses)
        .split(/[\r\n\u0085\u2028\u2029]/)
        .filter((line) => line.startsWith('['));
      expect(sections).toHaveLength(addresses.length + 1);
      expect(new Set(sections).size).toBe(sections.length);
    }),
  );
});

test('an address of this service names a project', () => {
  expect(coppiceProject('coppice://acme/tools:pr:12')).toEqual({ owner: 'acme', name: 'tools:pr:12' });
});

test.each([
  'coppice://acme',
  'coppice://../x',
  'coppice://a/../b',
  'https://acme/tools',
  'coppice://a/b/c',
  'coppice:///b',
])('%s names none', (address) => expect(coppiceProject(address)).toBeUndefined());
