import { expect, test } from 'vitest';
import type { Reaction } from '../github/comments.ts';
import { RateLimited } from '../github/rate-limit.ts';
import { createReactions } from './reactions.ts';

/** GitHub that lets one reaction be made each time it is told to. */
const slowGithub = () => {
  const made: string[] = [];
  const waiting: (() => void)[] = [];
  const react = (comment: number, reaction: Reaction) =>
    new Promise<void>((resolve) => {
      made.push(`${comment} ${reaction}`);
      waiting.push(resolve);
    });
  const next = async () => {
    waiting.shift()?.();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { made, react, next };
};

test('reactions are made one at a time, and the last of a comment takes the place of one that still waits', async () => {
  const github = slowGithub();
  const reactions = createReactions(github, () => undefined);
  for (const comment of [1, 2]) reactions.react(comment, 'eyes', 'flood');
  expect(github.made).toEqual(['1 eyes']);
  for (const comment of [1, 2]) reactions.react(comment, 'rocket', 'flood');
  for (let at = 0; at < 3; at += 1) await github.next();
  await reactions.settled();
  expect(github.made.toSorted()).toEqual(['1 eyes', '1 rocket', '2 rocket']);
});

test('somebody is seen within three reactions, however many others wait', async () => {
  const github = slowGithub();
  const reactions = createReactions(github, () => undefined);
  for (let comment = 0; comment < 267; comment += 1) reactions.react(comment, 'eyes', 'flood');
  reactions.react(1000, 'eyes', 'ada');
  for (let at = 0; at < 3; at += 1) await github.next();
  expect(github.made).toContain('1000 eyes');
});

test('one that GitHub refuses is left, one that comes too early is made later', async () => {
  const complaints: string[] = [];
  const made: number[] = [];
  let early = true;
  const react = async (comment: number) => {
    if (comment === 1) throw new Error('Not Found');
    if (early) {
      early = false;
      throw new RateLimited(performance.now() + 5);
    }
    made.push(comment);
  };
  const reactions = createReactions({ react }, (_level, message) => complaints.push(message));
  for (const comment of [1, 2]) reactions.react(comment, 'eyes', 'ada');
  await reactions.settled();
  expect([complaints, made]).toEqual([['Comment 1 got no reaction'], [2]]);
});
