import { expect, test } from 'vitest';
import { workKey } from '../vocabulary/job.ts';
import { jobOfMisplaced, type MisplacedPayload } from './misplaced.ts';

const ada = { login: 'ada', type: 'User' };
const text = { body: '/build', user: ada };
const pull = { number: 7, body: '', user: ada };

test.each<[string, MisplacedPayload, string, object]>([
  ['a pull request', { action: 'opened', pull_request: { ...pull, ...text } }, 'pull-description/7', { issue: 7 }],
  ['an issue', { action: 'opened', issue: { number: 3, ...text } }, 'issue-description/3', { issue: 3 }],
  ['a review', { action: 'submitted', review: { id: 5, ...text }, pull_request: pull }, 'review/5', { issue: 7 }],
  [
    'a comment of a review',
    { action: 'created', comment: { id: 6, commit_id: 'abc', ...text }, pull_request: pull },
    'review-comment/6',
    { issue: 7 },
  ],
  [
    'a commit',
    { action: 'created', comment: { id: 8, commit_id: 'abc', ...text } },
    'commit-comment/8',
    { commit: 'abc' },
  ],
  [
    'an edit',
    { action: 'edited', comment: { id: 9, ...text }, issue: { ...pull }, changes: { body: { from: 'Hello' } } },
    'edited-comment/9',
    { issue: 7 },
  ],
])('a command in %s is noted under what it stands in, however often it is told of', (_what, payload, key, on) => {
  const job = jobOfMisplaced({ ...payload, sender: ada });
  expect(job).toMatchObject({ kind: 'misplaced', on, body: '/build', actor: 'ada' });
  const known = job && workKey('one delivery', job);
  expect(known).toMatch(new RegExp(`^misplaced/${key}/[0-9a-f]{16}$`));
  expect(job && workKey('another delivery', job)).toBe(known);
});

test('text that held nothing to answer may hold a command after an edit: that is other work', () => {
  const of = (body: string, more: Partial<MisplacedPayload> = {}) =>
    jobOfMisplaced({ action: 'opened', sender: ada, issue: { number: 3, body, user: ada }, ...more });
  const edited = { action: 'edited', changes: { body: { from: '@coppice is nice' } } };
  const keys = [of('@coppice is nice'), of('/build hello', edited)].map((job) => job && workKey('one delivery', job));
  expect(keys).not.toContain(undefined);
  expect(keys[0]).not.toBe(keys[1]);
});

const opened = { action: 'opened', pull_request: { ...pull, ...text }, sender: ada };
test.each<[string, MisplacedPayload]>([
  ['text without one', { ...opened, pull_request: pull }],
  [
    'what a bot wrote',
    { ...opened, pull_request: { ...pull, ...text, user: { login: 'renovate[bot]', type: 'Bot' } } },
  ],
  ['what a bot edited', { ...opened, sender: { login: 'coppice[bot]' } }],
  ['an edit of the title', { ...opened, action: 'edited', changes: { title: { from: 'x' } } }],
  ['a description that is empty', { ...opened, pull_request: { ...pull, body: null } }],
])('nothing is noted of %s', (_what, payload) => {
  expect(jobOfMisplaced(payload)).toBeUndefined();
});
