import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeRpms } from '../../testing/make-rpms.ts';
import { checkSrpm } from './check-srpm.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coppice-srpms-'));
  await writeFile(join(folder, 'data.txt'), 'data');
});
afterEach(() => rm(folder, { recursive: true }));

const sources = (more = '') => `%define _sourcedir ${folder}\nSource0: data.txt\n${more}`;
const check = async () => {
  const name = (await readdir(folder)).find((each) => each.endsWith('src.rpm')) ?? '';
  return { name, checked: await checkSrpm(folder, name, 'sapling-12-x86_64') };
};

test('a source package with its sources is taken', async () => {
  await makeRpms(folder, 'whole', '1.0', { preamble: sources() });
  expect((await check()).checked).toEqual({ ok: true, value: 'whole-1.0-1.src.rpm' });
});

test('one that leaves sources out is not', async () => {
  await makeRpms(folder, 'partial', '1.0', { preamble: sources('NoSource: 0') });
  const { name, checked } = await check();
  expect(name).toBe('partial-1.0-1.nosrc.rpm');
  expect(checked).toMatchObject({
    failure: { reason: 'source', message: expect.stringMatching(/NoSource or NoPatch/) },
  });
});

test('a macro that nothing expanded is named', async () => {
  await makeRpms(folder, 'auto', '1.0', { release: '%autorelease' });
  expect((await check()).checked).toMatchObject({
    failure: {
      message: expect.stringMatching(/^Nothing in sapling-12-x86_64 defines the macro %autorelease: write out/),
    },
  });
});
