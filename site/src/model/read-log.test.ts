import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type LogText, type LogWish, readLog } from './read-log.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coppice-log-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function logOf(text: string | Uint8Array, around?: number, wish: LogWish = {}) {
  const file = join(folder, 'build.log');
  await writeFile(file, text);
  return (await readLog(file, { around, ...wish })) as LogText;
}

test('reads a small log whole, with and without a newline at its end', async () => {
  expect(await logOf('a\r\nb\n')).toEqual({
    parts: [{ firstLine: 1, lines: ['a', 'b'], from: 0, until: 5 }],
    lineCount: 2,
    bytes: 5,
  });
  expect((await logOf('a\nb')).parts[0]?.lines).toEqual(['a', 'b']);
  expect(await logOf('')).toEqual({
    parts: [{ firstLine: 1, lines: [], from: 0, until: 0 }],
    lineCount: 0,
    bytes: 0,
  });
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

test('the line that must be shown is there with its surroundings, wherever it is', async () => {
  const count = 300_000;
  const text = Array.from({ length: count }, (_, index) => `line ${index + 1}\n`).join('');
  const plain = await logOf(text);
  const headEnd = plain.parts[0]?.lines.length ?? 0;
  const tailStart = plain.parts[1]?.firstLine ?? 0;
  for (const around of [
    1,
    headEnd - 50,
    headEnd,
    headEnd + 1,
    headEnd + 2000,
    150_000,
    tailStart - 1,
    tailStart,
    tailStart + 50,
    count,
  ]) {
    const { parts, lineCount } = await logOf(text, around);
    expect(lineCount).toBe(count);
    const shown = new Set<string>();
    let end = 1;
    for (const { firstLine, lines } of parts) {
      expect(firstLine).toBeGreaterThanOrEqual(end);
      expect(lines).toEqual(lines.map((_, index) => `line ${firstLine + index}`));
      for (const line of lines) shown.add(line);
      end = firstLine + lines.length;
    }
    for (const near of [around - 100, around, around + 100]) {
      if (near >= 1 && near <= count) expect(shown).toContain(`line ${near}`);
    }
  }
  expect((await logOf(text, 150_000)).parts).toHaveLength(3);
  // The surroundings of a line just behind the beginning, or just before the end, leave no gap there.
  expect((await logOf(text, headEnd + 1)).parts).toHaveLength(2);
  expect((await logOf(text, tailStart - 1)).parts).toHaveLength(2);
  expect(await logOf(text, count + 1)).toEqual(plain);
});

test('a line that must be shown and is longer than all that is read is shown cut, and keeps its number', async () => {
  const text = `${'a\n'.repeat(100_000)}${'x'.repeat(900_000)}\n${'b\n'.repeat(100_000)}`;
  const { parts, lineCount } = await logOf(text, 100_001);
  expect(lineCount).toBe(200_001);
  const middle = parts[1];
  expect(middle?.lines.at(-1)).toMatch(/^x{1000,}$/);
  expect((middle?.firstLine ?? 0) + (middle?.lines.length ?? 0) - 1).toBe(100_001);
  expect(parts[2]?.lines.at(0)).toBe('b');
});

test('of a log that grows, a line without an end is left for later', async () => {
  const growing = { isGrowing: true };
  expect(await logOf('one\ntwo', undefined, growing)).toMatchObject({ lineCount: 1, bytes: 4 });
  expect((await logOf('one\ntwo\n', undefined, growing)).parts[0]?.lines).toEqual(['one', 'two']);
  expect(await logOf('o', undefined, growing)).toMatchObject({ lineCount: 0, bytes: 0 });
});

test('the parts say where in the file they are', async () => {
  const text = Array.from({ length: 60_000 }, (_, index) => `Zeile ${index + 1} ä\r\n`).join('');
  const bytes = Buffer.from(text);
  const { parts } = await logOf(text, 30_000);
  expect(parts).toHaveLength(3);
  for (const { from, until, lines } of parts)
    expect(bytes.subarray(from, until).toString()).toBe(lines.map((line) => `${line}\r\n`).join(''));
});

test.each([
  [
    'letters',
    (index: number) => `line ${index} of a log as compilers write it, cc -O2 -g -pipe -Wall -c file-${index}.c`,
  ],
  ['single characters', () => 'x'],
  ['nothing at all', () => ''],
  ['characters that are escaped', () => '<&"\'>'.repeat(16)],
])('of a large log of %s not more is read than fits on a page', async (_, line) => {
  const count = 5_000_000 / (line(1).length + 1);
  const text = Array.from({ length: count }, (_, index) => line(index)).join('\n');
  for (const around of [undefined, 20_000]) {
    const { parts } = await logOf(text, around);
    const escaped = parts.flatMap(({ lines }) => lines).map((shown) => shown.replace(/[&<>"']/g, '&quot;').length + 66);
    const room = escaped.reduce((sum, each) => sum + each, 0);
    expect(room).toBeLessThan(580_000);
    expect(room).toBeGreaterThan(150_000);
  }
});

test('survives a large log that is one line, and bytes that are no text', async () => {
  const { parts } = await logOf(Buffer.alloc(2_000_000, 0xff));
  expect(parts.map((part) => part.lines.length)).toEqual([1]);
});

test('says which file is missing', async () => {
  await expect(readLog(join(folder, 'none.log'))).rejects.toMatchObject({ code: 'ENOENT' });
});

test('waits for nobody to write into a FIFO, and reads no folder', async () => {
  const fifo = join(folder, 'fifo.log');
  execFileSync('mkfifo', [fifo]);
  expect([await readLog(fifo), await readLog(folder)]).toEqual([undefined, undefined]);
});
