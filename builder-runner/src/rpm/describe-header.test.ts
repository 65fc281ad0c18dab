import { packageHeaderSchema } from '@coppice/config';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { describeHeader } from './describe-header.ts';
import { findLongestFileName } from './header-files.ts';
import { RpmHeaderError } from './rpm-header.ts';

const nevra = Buffer.from('n\x001\x00x\x00');
const named = [1000, 1001, 1002, 1022].map((tag) => [tag, { type: 6, offset: 0, count: 1 }] as const);

test('whatever bytes and places a header has, what is told of it passes its schema and is printable', () => {
  const place = fc.record({ type: fc.nat(10), offset: fc.nat(400), count: fc.nat(2 ** 32 - 1) });
  const known = [1004, 1005, 1006, 1009, 1016, 1020, 1028, 1030, 1036, 1047, 1048, 1049, 1050, 1080, 1081, 1082, 1112];
  const tag = fc.constantFrom(...known, 1113, 1116, 1117, 1118, 1027, 5008, 5009, 5046);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.array(fc.tuple(tag, place)), (bytes, more) => {
      const header = { store: Buffer.concat([nevra, bytes]), places: new Map([...named, ...more]) };
      try {
        const told = describeHeader(header);
        const { nevra: _, name: __, ...texts } = packageHeaderSchema.parse(told);
        const all = JSON.stringify(texts).replaceAll('\\n', '');
        expect(all).not.toMatch(/\\u00[01][0-9a-f]|\\u007f|\\ud[89a-f]|\\[btfr]/);
      } catch (error) {
        if (!(error instanceof RpmHeaderError)) throw error;
      }
    }),
  );
});

test('files that all claim one long folder take no more memory than what is told of them', () => {
  const folder = Buffer.from(`/${'d'.repeat(4_000)}\0`);
  const names = Buffer.from('f\0'.repeat(100_000));
  const places = new Map([
    ...named,
    [1118, { type: 8, offset: nevra.length, count: 1 }],
    [1117, { type: 8, offset: nevra.length + folder.length, count: 2 ** 32 - 1 }],
    [1116, { type: 4, offset: nevra.length + folder.length + names.length, count: 100_000 }],
  ]);
  const store = Buffer.concat([nevra, folder, names, Buffer.alloc(400_000)]);
  const told = describeHeader({ store, places });
  expect([told.files.length, told.left.files]).toEqual([2_000, 98_000]);
  expect(told.files[1_999]?.path).toBe(`/${'d'.repeat(4_000)}f`);
});

test('millions of names without a slash are read once', () => {
  const store = Buffer.alloc(20_000_000);
  expect(findLongestFileName(store, new Map([[1117, { type: 8, offset: 0, count: 2 ** 32 - 1 }]]))).toBe('');
});
