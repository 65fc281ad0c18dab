import { expect, test } from 'vitest';
import { createLog, describe } from './log.ts';

const now = () => new Date('2026-01-02T03:04:05.678Z');

test('a line for people holds time, level, message and fields', () => {
  const lines: string[] = [];
  createLog((line) => lines.push(line), 'text', now)('warn', 'Disk is nearly full', { freeBytes: 12 });
  expect(lines).toEqual(['2026-01-02T03:04:05.678Z warn  Disk is nearly full freeBytes=12\n']);
});

test('outside text cannot forge a line or colour the terminal', () => {
  const lines: string[] = [];
  createLog((line) => lines.push(line), 'text', now)('info', 'package \u001b[31mred\n2026 error forged', {
    name: 'a\nb',
  });
  expect(lines).toEqual(['2026-01-02T03:04:05.678Z info  package \ufffd[31mred 2026 error forged name="a\\nb"\n']);
});

test('a JSON line tells an error with its causes', () => {
  const lines: string[] = [];
  const error = new Error('no page', { cause: new Error('disk full') });
  createLog((line) => lines.push(line), 'json', now)('error', 'The site could not be written', { error });
  expect(JSON.parse(lines[0] ?? '')).toEqual({
    time: '2026-01-02T03:04:05.678Z',
    level: 'error',
    message: 'The site could not be written',
    error: 'no page: disk full',
  });
});

test('a cause stands in brackets behind a whole sentence', () => {
  expect(describe(new Error('It does not answer. Start it.', { cause: new Error('bad port') }))).toBe(
    'It does not answer. Start it. (bad port)',
  );
});

test('a cause that its error tells already is not said again', () => {
  const lines: string[] = [];
  const cause = new Error("EROFS: read-only file system, open 'lock'");
  const error = new Error(`Opening the lock file: ${cause.message}`, { cause });
  createLog((line) => lines.push(line), 'json', now)('error', 'No start', { error });
  expect(JSON.parse(lines[0] ?? '').error).toBe("Opening the lock file: EROFS: read-only file system, open 'lock'");
});
