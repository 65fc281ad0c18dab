import { expect, test } from 'vitest';
import { KnownTexts } from './known-texts.ts';

const texts = (bytes: number) => [Buffer.alloc(bytes - 1), Buffer.alloc(1)];

test('texts are known until there are too many, and those that were not asked for longest go first', () => {
  const known = new KnownTexts(100);
  const one = texts(40);
  known.keep('one', one);
  known.keep('two', texts(40));
  expect(known.get('one')).toBe(one);
  known.keep('three', texts(40));
  expect(['one', 'two', 'three'].map((file) => known.get(file)?.length)).toEqual([2, undefined, 2]);
});

test('those that others were made from go at once, and what is too large is not kept', () => {
  const known = new KnownTexts(100);
  known.keep('one', texts(60));
  known.keep('two', texts(61), 'one');
  expect([known.get('one'), known.get('two')?.length]).toEqual([undefined, 2]);
  known.keep('three', texts(101), 'two');
  expect([known.get('two'), known.get('three')]).toEqual([undefined, undefined]);
  known.keep('four', texts(100));
  expect(known.get('four')).toHaveLength(2);
});
