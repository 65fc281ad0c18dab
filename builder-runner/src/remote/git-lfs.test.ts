import { describe, expect, test } from 'vitest';
import { lfsBatchUrl, lfsRequest, parseLfsAnswer, parseLfsPointer } from './git-lfs.ts';

const oid = 'a'.repeat(64);
const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${oid}\nsize 12\n`;

test('a pointer is told by its version, its hash and its size', () => {
  expect(parseLfsPointer(pointer)).toEqual({ sha256: oid, bytes: 12 });
  const extended = pointer.replace('oid', `ext-0-foo sha256:${oid}\noid`);
  expect(parseLfsPointer(extended)).toEqual({ sha256: oid, bytes: 12 });
  for (const text of [
    '',
    'text',
    pointer.replace('sha256:a', 'sha256:g'),
    pointer.replace('size 12', 'size x'),
    ` ${pointer}`,
  ])
    expect(parseLfsPointer(text)).toBeUndefined();
  expect(parseLfsPointer(`${pointer}${'x'.repeat(2000)}`)).toBeUndefined();
});

test('files are asked for below the address of their repository', () => {
  expect(lfsBatchUrl('https://a.example/x.git')).toBe('https://a.example/x.git/info/lfs/objects/batch');
  expect(lfsBatchUrl('https://a.example/x/')).toBe('https://a.example/x.git/info/lfs/objects/batch');
  expect(lfsRequest([{ sha256: oid, bytes: 12 }])).toMatchObject({
    operation: 'download',
    objects: [{ oid, size: 12 }],
  });
});

describe('an answer', () => {
  test('says where each file is, with the headers that are the server’s to say', () => {
    const header = { Authorization: 'Basic x', Host: 'inside', 'X-Amz-Date': 'd', Cookie: 'c', 'X-Bad': 'a\r\nb: c' };
    const good = { oid, actions: { download: { href: 'https://store.example/a', header } } };
    const lost = { oid: 'b'.repeat(64), error: { code: 404, message: 'not found' } };
    const answer = parseLfsAnswer({ transfer: 'basic', objects: [good, lost] });
    expect(answer?.get(oid)).toEqual({
      url: 'https://store.example/a',
      headers: { Authorization: 'Basic x', 'X-Amz-Date': 'd' },
    });
    expect(answer?.get(lost.oid)).toEqual({ why: 'is not given by its server (not found)' });
  });

  test.each([[undefined], [null], [{}], [{ objects: 'x' }], [{ objects: Array(2000).fill({ oid }) }]])(
    '%j is none',
    (value) => {
      expect(parseLfsAnswer(value)).toBeUndefined();
    },
  );
});
