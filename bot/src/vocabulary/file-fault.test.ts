import { mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { sayFileFault, sayUnexpectedFileFault } from './file-fault.ts';

test('what the file system refuses is said in words, without its codes', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'coppice-fault-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await symlink('circle', join(folder, 'circle'));
  const faultOf = (path: string) =>
    readFile(join(folder, path)).then(
      () => '',
      (error: unknown) => sayFileFault(error),
    );
  expect(await faultOf('nothing')).toBe('is not there');
  expect(await faultOf('.')).toBe('is a folder');
  expect(await faultOf('circle')).toBe('is a link that leads to itself');
  expect(await faultOf('x'.repeat(300))).toBe('has a name that is too long');
  expect(sayFileFault(new Error('it is empty'))).toBe('cannot be used: it is empty');

  const missing = await readdir(join(folder, 'nothing')).catch((error: unknown) => error);
  expect(sayUnexpectedFileFault(missing)).toBe(`${join(folder, 'nothing')} is not there. Mend that, and try again.`);
  expect(sayUnexpectedFileFault(new Error('a mistake of ours'))).toBeUndefined();
});
