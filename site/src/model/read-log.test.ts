import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type LogText, readLog } from './read-log.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coppice-log-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function logOf(text: string | Uint8Array, around?: number) {
  const file = join(folder, 'build.log');
  await writeFile(file, text);
  return (await readLog(file, around)) as LogText;
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
