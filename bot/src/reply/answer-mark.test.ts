import { expect, test } from 'vitest';
import { readAnswerMark } from './answer-mark.ts';

test('an answer is found by its mark only at the start of a comment', () => {
  expect(readAnswerMark('text <!-- coppice:answer to=5 state=good -->')).toBeUndefined();
  expect(readAnswerMark('<!-- coppice:answer to=5 state=odd -->')).toBeUndefined();
});
