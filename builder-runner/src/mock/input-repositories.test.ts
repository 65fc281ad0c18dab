import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ChrootName } from '@coppice/config';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findInputs, findRepositories } from './input-repositories.ts';

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

test('a build sees the newest generation of its project and of those that it names, waiting ones too', async () => {
  const shown = async (project: string, link: string, number: number) => {
    const generations = join(folder, `results/acme/${project}/fedora-42-x86_64/generations`);
    await mkdir(generations, { recursive: true });
    await symlink(String(number), join(generations, link));
  };
  await shown('one', 'current', 3);
  await shown('one', 'newest', 5);
  await shown('two', 'current', 8);
  const repos = ['coppice://acme/two', 'https://example.org/r', 'coppice://acme/new', 'coppice://acme/one'];
  expect(await findInputs(place(), 'acme/one', repos)).toEqual([
    { project: 'acme/one', generation: 5 },
    { project: 'acme/two', generation: 8 },
  ]);
});
