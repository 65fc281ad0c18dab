import { expect, test } from 'vitest';
import { writeAnswer } from '../reply/answer.ts';
import { applyToBotState, initialBotState } from '../vocabulary/bot-state.ts';
import type { Job } from '../vocabulary/job.ts';
import { handleMisplaced } from './handle-misplaced.ts';

type Misplaced = Extract<Job, { kind: 'misplaced' }>;
const job = (body: string, before = '', more: Partial<Misplaced> = {}): Misplaced => ({
  ...{ kind: 'misplaced', place: 'review', id: 5, on: { issue: 7 }, actor: 'ada' },
  ...{ body, before, ...more },
});

test.each([
  ['a command', '/build hello', '', ['/build hello']],
  ['two, among text', 'Looks good.\n\n/approve\n\n@coppice build hello', '', ['/approve', '@coppice build hello']],
  ['what comes near a command', '/biuld hello', '', ['/biuld hello']],
  ['an edit that mends one', '/build hello', '/biuld hello', ['/build hello']],
  ['an edit that adds one', '/status\n/build hello', '/status', ['/build hello']],
  ['an edit of other text', 'Please:\n\n/build hello', 'please\n\n/build hello', []],
  ['a mention', '@coppice is a good bot', '', []],
  ['a mention at the end', 'thanks to @coppice', '', []],
  ['a quote', '> /build hello', '', []],
  ['commands of another bot', '/lgtm\n/retest', '', []],
  ['no command', 'and/or', '', []],
])('%s in a review is answered with where to write it, or not at all', async (_what, body, before, lines) => {
  const { answer, checks } = await handleMisplaced(job(body, before), initialBotState());
  expect(checks).toEqual([]);
  if (lines.length === 0) return expect(answer).toBeUndefined();
  expect(answer).toMatchObject({ to: 'review/5', issue: 7, by: 'ada' });
  const text = writeAnswer(answer?.to ?? 0, answer?.sections ?? [], new Map(), '');
  expect(text).toMatch(/^<!-- coppice:misplaced review\/5 -->\n/);
  expect(text).toContain(`as a new comment here:\n\n${lines.map((line) => `- \`${line}\``).join('\n')}`);
});

test('a comment on a commit is answered there', async () => {
  const { answer } = await handleMisplaced(
    job('/build', '', { place: 'commit-comment', on: { commit: 'abc' } }),
    initialBotState(),
  );
  expect(answer).toMatchObject({ to: 'commit-comment/5', commit: 'abc' });
  expect(JSON.stringify(answer?.sections)).toContain('on an issue or pull request');
});

test('text is answered once, when it first holds a command, however often it is edited', async () => {
  const state = initialBotState();
  const answered: boolean[] = [];
  for (const body of ['@coppice is nice', '/build hello', '/build libgreet']) {
    const handled = await handleMisplaced(job(body), state);
    applyToBotState(state, { kind: 'handled', id: body, ...handled });
    applyToBotState(state, { kind: 'answered', to: 'review/5' });
    answered.push(handled.answer !== undefined);
  }
  expect(answered).toEqual([false, true, false]);
});
