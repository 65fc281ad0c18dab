import { expect, test } from 'vitest';
import { takeLines } from '../chroot-build/follow-logs.ts';
import { parseEngine } from './mock-command.ts';
import { excerptOf, lastStage, phaseStartedBy } from './mock-log.ts';

test('phases begin with the lines that mock and rpmbuild write', () => {
  expect(phaseStartedBy('state.log', '2026-01-02 03:04:05,678 - Start: rpmbuild hello-1.0-1.src.rpm')).toBe('build');
  expect(phaseStartedBy('state.log', '2026-01-02 03:04:05,678 - Start: chroot init')).toBeUndefined();
  expect(phaseStartedBy('build.log', 'Executing(%check): /bin/sh -e /var/tmp/rpm-tmp.x')).toBe('check');
  expect(phaseStartedBy('root.log', 'Executing(%check): /bin/sh')).toBeUndefined();
});

test('the last stage is the one that counts', () => {
  expect(lastStage('Executing(%prep): x\nExecuting(%build): y\n')).toBe('build');
  expect(lastStage('nothing ran')).toBeUndefined();
});

test('an excerpt is at most 12 lines, free of terminal sequences and overlong lines', () => {
  const log = Array.from(
    { length: 40 },
    (_, index) => `\u001b[31merror: number ${index}\u001b[0m\u0007${'x'.repeat(900)}`,
  );
  const excerpt = excerptOf(log.join('\r\n'));
  expect(excerpt).toHaveLength(12);
  expect(excerpt.at(-1)).toMatch(/^error: number 39x+$/);
  expect(Math.max(...excerpt.map((line) => line.length))).toBeLessThanOrEqual(400);
});

test('a log without telling lines gives its end', () => {
  expect(excerptOf('one\n\ntwo\n')).toEqual(['one', 'two']);
});

test('lines are whole although bytes come in pieces', () => {
  const lines: string[] = [];
  const take = takeLines((line) => lines.push(line));
  const bytes = Buffer.from('grün\nzwei\nrest');
  for (const byte of bytes) take(Buffer.from([byte]));
  expect(lines).toEqual(['grün', 'zwei']);
});

test.each([
  ['5.6\n', { name: 'mock', version: '5.6' }],
  ['mock-lite 1.2\n', { name: 'mock-lite', version: '1.2' }],
  ['', { name: 'mock', version: 'unknown' }],
])('the engine of %j', (output, engine) => expect(parseEngine(output)).toEqual(engine));
