import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readLog } from './read-log.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coppice-log-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function logOf(text: string | Uint8Array) {
  const file = join(folder, 'build.log');
  await writeFile(file, text);
  return readLog(file);
}

test('reads a small log whole, with and without a newline at its end', async () => {
  expect(await logOf('a\r\nb\n')).toEqual({ parts: [{ firstLine: 1, lines: ['a', 'b'] }], lineCount: 2, bytes: 5 });
  expect((await logOf('a\nb')).parts[0]?.lines).toEqual(['a', 'b']);
  expect(await logOf('')).toEqual({ parts: [{ firstLine: 1, lines: [] }], lineCount: 0, bytes: 0 });
});

test('gives the lines at the end of a large log the numbers that they have in the file', async () => {
  const lines = Array.from({ length: 300_000 }, (_, index) => `${index + 1}`);
  const { parts, lineCount } = await logOf(`${lines.join('\n')}\n`);
  expect(lineCount).toBe(300_000);
  expect(parts).toHaveLength(2);
  for (const part of parts) {
    expect(part.lines[0]).toBe(String(part.firstLine));
    expect(part.lines.at(-1)).toBe(String(part.firstLine + part.lines.length - 1));
  }
  expect(parts[1]?.lines.at(-1)).toBe('300000');
});

test('survives a large log that is one line, and bytes that are no text', async () => {
  const { parts } = await logOf(Buffer.alloc(2_000_000, 0xff));
  expect(parts.every((part) => part.lines.length <= 1)).toBe(true);
});

test('says which file is missing', async () => {
  await expect(readLog(join(folder, 'none.log'))).rejects.toMatchObject({ code: 'ENOENT' });
});
