import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ListedComment } from '../github/comments.ts';
import { writeAnswerMark } from '../reply/answer-mark.ts';
import { initialBotState } from '../vocabulary/bot-state.ts';
import type { CommentCursor, Job } from '../vocabulary/job.ts';
import type { KnownPull } from '../vocabulary/known-pull.ts';
import {
  firstCursor,
  isLate,
  lookedUntil,
  missedComments,
  missedGroups,
  missedPulls,
  missedPush,
} from './find-missed.ts';

const at = (minute: number) => new Date(Date.UTC(2026, 0, 1, 0, minute)).toISOString().replace('.000', '');
const comment = (id: number, minute: number, more: Partial<ListedComment> = {}): ListedComment => ({
  id,
  html_url: `https://github.example/acme/packages/issues/7#issuecomment-${id}`,
  user: { login: 'builder', id: 2, type: 'User' },
  body: '/build hello',
  created_at: at(minute),
  updated_at: at(minute),
  ...more,
});
const pull = (number: number, more: Partial<KnownPull> = {}): KnownPull => ({
  ...{ number, author: 'builder', head: 'a', headSeenAt: at(0), touched: [], needsAdmin: false, approvals: [] },
  closedAt: null,
  ...more,
});
const missed = (listed: readonly ListedComment[], cursor: CommentCursor) =>
  missedComments(listed, cursor, (login) => login === 'renovate[bot]');
const numbersOf = (jobs: readonly Job[]) => jobs.map((job) => (job.kind === 'comment' ? job.comment : job.kind));

test('comments from before the first start are nobody’s request, however young', () => {
  const cursor = firstCursor(comment(10, 30));
  expect(numbersOf(missed([comment(11, 31), comment(10, 30), comment(9, 30)], cursor).jobs)).toEqual([11]);
  expect(numbersOf(missed([comment(1, 0)], firstCursor(undefined)).jobs)).toEqual([1]);
});

const ourAnswer = writeAnswerMark({ to: 3, state: 'good' });

test('comments come in the order in which they were written, edited ones, those of bots without rights and answers not at all', () => {
  const listed = [
    comment(14, 34),
    comment(13, 33, { updated_at: at(40) }),
    comment(12, 32, { user: { login: 'dependabot[bot]', id: 4, type: 'Bot' } }),
    comment(15, 33, { user: { login: 'renovate[bot]', id: 5, type: 'Bot' } }),
    comment(16, 33, { user: { login: 'renovate[bot]', id: 5, type: 'Bot' }, body: `${ourAnswer}\n/build hello` }),
    comment(11, 31, { html_url: 'https://github.example/acme/packages/pull/8#issuecomment-11' }),
  ];
  const { jobs, cursor } = missed(listed, { floor: 10, seenUntil: at(30) });
  expect(jobs).toMatchObject([
    { comment: 11, issue: 8, onPullRequest: true, actor: 'builder', actorId: 2 },
    { comment: 15, actor: 'renovate[bot]', actorId: 5 },
    { comment: 14, issue: 7, onPullRequest: false },
  ]);
  expect(cursor).toEqual({ floor: 10, seenUntil: at(34) });
});

test('every comment is found by some look, whatever the order in which they come to be seen, if not ten minutes late', () => {
  const written = fc.array(fc.record({ minute: fc.nat(120), late: fc.nat(9) }), { minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(written, fc.array(fc.nat(140), { maxLength: 20 }), (comments, looks) => {
      const found = new Set<unknown>();
      let cursor = firstCursor(undefined);
      for (const minute of [...looks, 140].sort((one, other) => one - other)) {
        const seen = comments
          .map(({ minute: own, late }, id) => ({ comment: comment(id + 1, own), visible: own + late }))
          .filter(({ visible }) => visible <= minute)
          .map((one) => one.comment)
          .filter(({ created_at }) => Date.parse(created_at) >= Date.parse(lookedUntil(cursor)));
        const looked = missed(seen, cursor);
        for (const id of numbersOf(looked.jobs)) found.add(id);
        cursor = looked.cursor;
      }
      expect(found.size).toBe(comments.length);
    }),
  );
});

test('a webhook that comes when a look must have found its comment is late; one that no look could have found is not', () => {
  const job = (id: number, minute: number): Job => ({
    ...{ kind: 'comment', issue: 1, comment: id, url: '', actor: 'builder', actorId: 2, body: '/help' },
    onPullRequest: false,
    writtenAt: at(minute),
  });
  const cursor = { floor: 5, seenUntil: at(60) };
  expect([job(4, 70), job(6, 49)].map((one) => isLate(one, cursor))).toEqual([true, true]);
  expect([job(6, 50), job(7, 61)].map((one) => isLate(one, cursor))).toEqual([false, false]);
  expect(isLate(job(4, 0), null)).toBe(false);
});

test('a head is missed unless it is handled or waits', () => {
  const head = { branch: 'main', commit: 'b', author: 'builder' };
  const job: Job = { kind: 'push', commit: 'b', branch: 'main', pusher: 'builder' };
  const state = initialBotState();
  expect(missedPush(head, state)).toEqual(job);
  expect(missedPush(head, { ...state, handledCommit: 'b' })).toBeUndefined();
  expect(missedPush(head, { ...state, inbox: [{ id: 'any', job }] })).toBeUndefined();
});

test('a pull request whose base became another branch is missed once, and again when it comes back', () => {
  const missed = (known: KnownPull, base: string) =>
    missedPulls([{ number: 1, head: 'a', base, author: 'bea' }], 'main', { ...initialBotState(), pulls: [known] }).map(
      ({ job }) => job,
    );
  expect(missed(pull(1), 'stable')).toEqual([{ kind: 'pull', number: 1, again: false, author: 'builder' }]);
  expect(missed(pull(1, { closedAt: at(1) }), 'stable')).toEqual([]);
  expect(missed(pull(1, { closedAt: at(1) }), 'main')).toEqual([
    { kind: 'pull', number: 1, again: true, author: 'bea' },
  ]);
});

test('pull requests are missed that are new, moved, closed or opened again; not those of other branches', () => {
  const open = (number: number, head: string, base = 'main') => ({ number, head, base, author: 'bea' });
  const state = {
    ...initialBotState(),
    pulls: [pull(1), pull(2), pull(3), pull(4, { closedAt: at(1) }), pull(5, { closedAt: at(1) }), pull(6)],
    inbox: [{ id: 'x', job: { kind: 'pull', number: 6, again: false } as const }],
  };
  const seen = [open(1, 'a'), open(2, 'b'), open(4, 'a'), open(6, 'b'), open(7, 'a'), open(8, 'a', 'stable')];
  expect(missedPulls(seen, 'main', state).map(({ job }) => job)).toEqual([
    { kind: 'pull', number: 2, again: false, author: 'bea' },
    { kind: 'pull', number: 4, again: true, author: 'bea' },
    { kind: 'pull', number: 7, again: false, author: 'bea' },
    { kind: 'pull', number: 3, again: false, author: 'builder' },
  ]);
});

test('what a merge queue would merge is missed unless it was judged or waits to be', () => {
  const group = (commit: string) => ({ ref: `refs/heads/gh-readonly-queue/main/${commit}`, base: 'main', commit });
  const job = (commit: string) => ({ kind: 'group', commit, what: 'checks' }) as const;
  const state = { ...initialBotState(), groups: ['a'], inbox: [{ id: 'group/b', job: job('b') }] };
  expect(missedGroups([group('a'), group('b'), group('c')], state)).toEqual([{ key: 'group/c', job: job('c') }]);
});
