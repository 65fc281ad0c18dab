import { settingsSchema } from '@coppice/config';
import { expect, test } from 'vitest';
import { writeAnswer } from '../reply/answer.ts';
import type { InForce } from '../reply/in-force.ts';
import { noPetitions } from '../vocabulary/petitions.ts';
import type { CommentJob } from './carry-out/done.ts';
import { type CommentContext, handleComment } from './handle-comment.ts';
import { parseComment } from './read/parse-comment.ts';

const commit = 'a'.repeat(40);
const inForce: InForce = {
  ...{ goodCommit: 'b'.repeat(40), leaving: [] },
  refused: { commit, problems: 1, first: ['projects/acme/tools.yaml:1:1: wrong'] },
};
const context = {
  ...{ config: () => undefined, admins: () => [], petitions: () => noPetitions, inForce: () => inForce },
  people: { why: () => 'Another account has this login now.', isOther: () => false },
  ...{ queue: { builds: () => [] }, settings: settingsSchema.parse({}), url: 'https://coppice.example' },
} as unknown as CommentContext;
const job = { kind: 'comment', issue: 1, comment: 7, actor: 'mia', onPullRequest: false } as CommentJob;
const answerTo = async (body: string) => {
  const { answer } = await handleComment(job, parseComment(body), 'comment/7', context);
  return writeAnswer(7, answer.sections, new Map(), '');
};

test('an answer to several commands says once what is in force', async () => {
  const text = await answerTo('/help\n\n/status\n\n/build hello\n\n/plan');
  expect(text.split('was refused')).toHaveLength(2);
  // Before the first that is about it.
  expect(text.indexOf('was refused')).toBeGreaterThan(text.indexOf('**`/status`**'));
  expect(text.indexOf('was refused')).toBeLessThan(text.indexOf('**`/build hello`**'));
});

test('what is about all of a comment has no heading of its own', async () => {
  const text = await answerTo(Array.from({ length: 12 }, () => '/build hello').join('\n\n'));
  expect(text).toContain('\n\nAnother account has this login now.\n\nOnly the first 10 commands');
  expect(text).not.toContain('…');
  const { answer } = await handleComment(job, 'tangled', 'comment/7', context);
  expect(writeAnswer(7, answer.sections, new Map(), '')).toMatch(/ -->\nThis comment is too tangled/);
});
