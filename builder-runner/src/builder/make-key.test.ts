import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makeBuilderKey } from './make-key.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coppice-key-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('the key of a builder', () => {
  test('OpenSSH reads each private half and finds the stated public half in it', async () => {
    for (let index = 0; index < 20; index += 1) {
      const file = join(folder, `key-${index}`);
      const publicKey = await makeBuilderKey(file);
      const { stdout } = await execa('ssh-keygen', ['-y', '-f', file], { stdin: 'ignore' });
      expect(stdout.trim()).toBe(publicKey);
    }
  });

  test('only its owner reads it, and it takes the place of an earlier one', async () => {
    const file = join(folder, 'key');
    const first = await makeBuilderKey(file);
    const second = await makeBuilderKey(file);
    expect(second).not.toBe(first);
    expect(await readFile(`${file}.pub`, 'utf8')).toContain(second);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  test('a folder that is not there is a fault of spawning', async () => {
    await expect(makeBuilderKey(join(folder, 'missing', 'key'))).rejects.toMatchObject({ code: 'spawn' });
  });
});
