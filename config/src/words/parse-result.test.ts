import { expect, test } from 'vitest';
import { z } from 'zod';
import { parseJsonAs } from './parse-json-as.ts';
import { parseResult } from './parse-result.ts';
import type { Result } from './result.ts';

const place = 'results/acme/tools/fedora-42-x86_64/00000007-hello';

const record: Result = {
  schemaVersion: 1,
  id: 7,
  owner: 'acme',
  project: 'tools',
  package: 'hello',
  chroot: 'fedora-42-x86_64',
  state: 'succeeded',
  reason: null,
  message: null,
  excerpt: [],
  where: null,
  requestedBy: 'octocat',
  request: 'https://github.com/acme/packages/issues/1',
  requestedAt: '2026-01-02T03:04:05Z',
  batch: 'b1',
  configCommit: 'c'.repeat(40),
  source: { type: 'dir', commit: 'c'.repeat(40), path: 'packages/acme/tools/hello', tree: 't'.repeat(40) },
  inputDigest: 'd',
  attempts: 1,
  builder: null,
  engine: null,
  phases: [],
  artifacts: [],
  startedAt: null,
  endedAt: '2026-01-02T03:05:05Z',
};

const read = (change: object, folder: string | undefined = place) =>
  parseResult(JSON.stringify({ ...record, ...change }), folder);

test('a record in the folder of its build is read, that of the source package too', () => {
  expect(read({})).toEqual({ kind: 'result', result: record });
  expect(read({ chroot: 'srpm' }, 'results/acme/tools/srpm-builds/00000007').kind).toBe('result');
});

test('what is no JSON, or not as the schema says, is broken, with the first fault', () => {
  expect(parseResult('{"id": 7', place)).toMatchObject({
    kind: 'broken',
    why: expect.stringMatching(/^it is not JSON/),
  });
  expect(read({ id: 'seven' })).toMatchObject({ kind: 'broken', why: expect.stringMatching(/^id: /) });
  expect(parseResult('null', place)).toMatchObject({ kind: 'broken', why: expect.stringMatching(/^the document: /) });
});

test.each([
  ['another number', { id: 8 }],
  ['another owner', { owner: 'other' }],
  ['another project', { project: 'other' }],
  ['another package', { package: 'other' }],
  ['another chroot', { chroot: 'fedora-41-x86_64' }],
  ['a chroot that is none', { chroot: '..' }],
  ['the source package', { chroot: 'srpm' }],
])('a record of %s is foreign', (_, change) => {
  expect(read(change)).toMatchObject({ kind: 'foreign', why: expect.stringContaining('another build') });
});

test.each([
  [{ project: '..' }, 'results/acme/../fedora-42-x86_64/00000007-hello'],
  [{ package: 'a/b' }, 'results/acme/tools/fedora-42-x86_64/00000007-a/b'],
  [{ owner: 'docs' }, 'results/docs/tools/fedora-42-x86_64/00000007-hello'],
])('names that no project may have are foreign even where they say that they are: %j', (change, folder) => {
  expect(read(change, folder).kind).toBe('foreign');
});

test('a record that moves may speak of any place', () => {
  expect(parseResult(JSON.stringify({ ...record, owner: 'other' }), undefined).kind).toBe('result');
});

test('any JSON is read by its schema', () => {
  expect(parseJsonAs('[1]', z.array(z.int()))).toEqual({ kind: 'value', value: [1] });
  expect(parseJsonAs('[1, "b"]', z.array(z.int()))).toMatchObject({
    kind: 'broken',
    why: expect.stringMatching(/^1: /),
  });
});
