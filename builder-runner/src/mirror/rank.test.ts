import { expect, test } from 'vitest';
import { isUnfinished, rankOf } from './rank.ts';

test('what leads somewhere comes after what it leads to', () => {
  const inOrder = [
    'results/acme/tools/fedora-42-x86_64/00000001-hello/hello-1-1.noarch.rpm',
    'results/acme/tools/fedora-42-x86_64/repodata/repomd.xml.asc',
    'results/acme/tools/fedora-42-x86_64/repodata/repomd.xml',
    'results/acme/tools/fedora-42-x86_64/00000001-hello/result.json',
    'coprs/acme/tools/repo/fedora-42/dnf.repo',
    'acme/tools/index.html',
  ];
  expect(inOrder.map(rankOf)).toEqual([0, 1, 2, 3, 4, 5]);
});

test.each([
  ['results/acme/tools/pubkey.gpg', 0],
  ['results/acme/tools/fedora-42-x86_64/generations/7/repomd.xml', 0],
  ['results/acme/tools/fedora-42-x86_64/generations/current', 2],
  ['api_3/rpmrepo/acme/tools.json', 4],
  ['api/v1/builds.json', 5],
  ['distributions/sapling-12-x86_64/repodata/repomd.xml', 2],
])('%s has rank %i', (path, rank) => expect(rankOf(path)).toBe(rank));

test('what is not whole yet is not sent', () => {
  for (const name of ['.new-3', 'dnf.repo.new', 'index.html.77-3.tmp', '.htaccess'])
    expect(isUnfinished(name)).toBe(true);
  for (const name of ['renew', 'index.html', 'a.new.rpm']) expect(isUnfinished(name)).toBe(false);
});
