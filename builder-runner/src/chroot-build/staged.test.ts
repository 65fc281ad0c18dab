import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BuildId, ChrootName } from '@coppice/config';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { clearOtherStaging, clearStaging, readMark, type StagedMark, stagingFolder, writeMark } from './staged.ts';

const chroot = 'sapling-12-x86_64' as ChrootName;
const engine = { name: 'mock', version: '6' };
let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'coppice-staged-'));
});
afterEach(() => rm(home, { recursive: true, force: true }));

const placeOf = (id: number) => ({ home, id: id as BuildId, chroot });

test('the last mark that was written is read; none, a torn one or one of another kind is none', async () => {
  const collected: StagedMark = { step: 'collected', engine, failure: null };
  const signed: StagedMark = { step: 'signed', engine, files: ['build.log'], artifacts: [] };
  expect(await readMark(placeOf(1))).toBeUndefined();
  await writeMark(placeOf(1), collected);
  expect(await readMark(placeOf(1))).toEqual(collected);
  await writeMark(placeOf(1), signed);
  expect(await readMark(placeOf(1))).toEqual(signed);
  for (const text of ['{"step":"signed","eng', '{"step":"published"}', '']) {
    writeFileSync(`${stagingFolder(placeOf(1))}.json`, text);
    expect(await readMark(placeOf(1))).toBeUndefined();
  }
});

test('clearing removes folder and mark of one build; at the start those that nothing goes on from are removed', async () => {
  for (const id of [1, 2, 3]) {
    mkdirSync(stagingFolder(placeOf(id)), { recursive: true });
    await writeMark(placeOf(id), { step: 'collected', engine, failure: null });
  }
  await clearStaging(placeOf(1));
  expect(readdirSync(join(home, 'state', 'staging')).sort()).toEqual(
    [2, 3].flatMap((id) => [`${id}-${chroot}`, `${id}-${chroot}.json`]),
  );
  await clearOtherStaging(home, [placeOf(3)]);
  expect(existsSync(stagingFolder(placeOf(2)))).toBe(false);
  expect(readdirSync(join(home, 'state', 'staging')).sort()).toEqual([`3-${chroot}`, `3-${chroot}.json`]);
});
