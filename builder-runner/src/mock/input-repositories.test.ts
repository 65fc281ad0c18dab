import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ChrootName } from '@coppice/config';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findRepositories } from './input-repositories.ts';

let folder: string;
const place = () => ({ published: folder, controlUrl: 'http://127.0.0.1:9', chroot: 'fedora-42-x86_64' as ChrootName });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coppice-inputs-'));
  const repodata = join(folder, 'results/acme/tools:pr:12/fedora-42-x86_64/repodata');
  await mkdir(repodata, { recursive: true });
  await writeFile(join(repodata, 'repomd.xml'), '');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test("another project's repository is read with its key, an address as it is, each once, in order", async () => {
  const repos = ['https://example.org/r', 'coppice://acme/tools:pr:12', 'https://example.org/r'];
  expect(await findRepositories(place(), repos)).toEqual([
    { url: 'https://example.org/r' },
    {
      name: 'acme/tools:pr:12',
      url: 'http://127.0.0.1:9/results/acme/tools:pr:12/fedora-42-x86_64/',
      keyUrl: 'http://127.0.0.1:9/results/acme/tools:pr:12/pubkey.gpg',
    },
  ]);
});

test('a project without a repository for the chroot is told as missing', async () => {
  expect(await findRepositories(place(), ['coppice://acme/new'])).toEqual([{ missing: 'coppice://acme/new' }]);
});
