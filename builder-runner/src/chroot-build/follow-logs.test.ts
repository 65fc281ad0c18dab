import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Connection } from '../builder/ssh.ts';
import { followLogs, takeLines } from './follow-logs.ts';

let local: string;
beforeEach(async () => {
  local = await mkdtemp(join(tmpdir(), 'coppice-logs-'));
});
afterEach(() => rm(local, { recursive: true, force: true }));

/** A builder that shows one log, from the byte that it is asked for, and then goes away. */
function builderWith(buildLog: string): Pick<Connection, 'stream'> & { readonly asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    stream: async (argv, take) => {
      asked.push(argv[1] as string);
      const from = Number(argv[1]?.replace('--bytes=+', ''));
      if (argv.at(-1)?.endsWith('/build.log') === true) {
        const bytes = Buffer.from(buildLog).subarray(from - 1);
        // In two parts, the second of which begins in the middle of a letter.
        take(bytes.subarray(0, 3));
        take(bytes.subarray(3));
      }
      return { ended: Promise.resolve(), stop: () => undefined };
    },
  };
}

test('following goes on where the connection before stopped: each byte once, each line once', async () => {
  const lines: string[] = [];
  const logs = await followLogs('/result', local, (_, line) => lines.push(line));
  const whole = 'éé one\ntwo\nthree\n';
  await logs.start(builderWith(whole.slice(0, 9)), '1');
  logs.stop();
  await logs.start(builderWith(whole), '1');
  logs.stop();
  await logs.close();
  expect(readFileSync(join(local, 'build.log'), 'utf8')).toBe(whole);
  expect(lines).toEqual(['éé one', 'two', 'three']);
});

test('after a restart it goes on where the published file ends, in the middle of a line', async () => {
  writeFileSync(join(local, 'build.log'), 'one\nExecuting(%ch');
  const lines: string[] = [];
  const logs = await followLogs('/result', local, (_, line) => lines.push(line));
  const builder = builderWith('one\nExecuting(%check): x\n');
  await logs.start(builder, '1');
  await logs.close();
  expect(builder.asked).toContain('--bytes=+18');
  expect(readFileSync(join(local, 'build.log'), 'utf8')).toBe('one\nExecuting(%check): x\n');
  expect(lines).toEqual(['Executing(%check): x']);
});

test('a FIFO in the place of a shown log is set aside: nobody waits for its reader', async () => {
  const path = join(local, 'build.log');
  execFileSync('mkfifo', [path]);
  const logs = await followLogs('/result', local, () => undefined);
  await logs.start(builderWith('one\n'), '1');
  await logs.close();
  expect(readFileSync(path, 'utf8')).toBe('one\n');
});

test('an overlong line is cut, and the next one is whole', () => {
  const lines: string[] = [];
  const take = takeLines((line) => lines.push(line));
  take(Buffer.from(`${'x'.repeat(9000)}\nnext\n`));
  expect(lines.map(({ length }) => length)).toEqual([4096, 4]);
});

test('lines are whole although bytes come in pieces', () => {
  const lines: string[] = [];
  const take = takeLines((line) => lines.push(line));
  const bytes = Buffer.from('grün\nzwei\nrest');
  for (const byte of bytes) take(Buffer.from([byte]));
  expect(lines).toEqual(['grün', 'zwei']);
});
