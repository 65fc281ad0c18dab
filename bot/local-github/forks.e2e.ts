import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestGithub, type TestGithub } from '../testing/local-github-client.ts';
import { gitIn } from './git/git-in.ts';

const R = '/repos/acme/packages';
const FORK = 'outsider/packages';
let it: TestGithub;
let number: number;
let head: string;

beforeAll(async () => {
  it = await openTestGithub();
  await it.push('maintainer', 'acme/packages', 'main', { 'a.txt': 'one\n' });
});
afterAll(() => it.close());

const bare = () => gitIn(`${it.folder}/repositories/acme/packages.git`);
const pull = async () => (await it.rest(undefined, 'GET', `${R}/pulls/${number}`)).body;
const open = (login: string, from: string) =>
  it.rest(`token-${login}`, 'POST', `${R}/pulls`, { title: 'T', head: from, base: 'main' });

test('a fork has the commits of its parent, belongs to who made it, and is made once', async () => {
  const made = await it.rest('token-outsider', 'POST', `${R}/forks`, {});
  expect(made).toMatchObject({ status: 202, body: { full_name: FORK, fork: true, owner: { login: 'outsider' } } });
  expect(made.body.permissions).toMatchObject({ admin: true, push: true });
  const again = await it.rest('token-outsider', 'POST', `${R}/forks`, {});
  expect([again.status, again.body.id]).toEqual([202, made.body.id]);
  const main = async (name: string) => (await it.rest(undefined, 'GET', `/repos/${name}/commits/main`)).body.sha;
  expect(await main(FORK)).toBe(await main('acme/packages'));
  await expect(it.push('builder', FORK, 'main', { 'x.txt': 'x' })).rejects.toThrow(/403/);
  expect((await it.rest('token-maintainer', 'DELETE', `/repos/${FORK}`)).status).toBe(403);
});

test('the app may do nothing in a fork, and is told of nothing there', async () => {
  const bot = await it.installationToken();
  head = await it.push('outsider', FORK, 'topic', { 'topic.txt': 'a\n' });
  expect((await it.rest(bot, 'GET', `/repos/${FORK}/commits/topic`)).status).toBe(403);
  expect((await it.rest(bot, 'POST', `/repos/${FORK}/check-runs`, { name: 'n', head_sha: head })).status).toBe(403);
  const listed = (await it.rest(bot, 'GET', '/installation/repositories')).body.repositories;
  expect(listed.map((one: { full_name: string }) => one.full_name)).toEqual(['acme/packages']);
  const sha = await it.push('builder', 'acme/packages', 'later', { 'l.txt': 'l\n' });
  await it.webhook('push', (one) => one.after === sha);
  expect(it.received.filter(({ payload }) => payload.repository.full_name !== 'acme/packages')).toEqual([]);
});

test('a pull request from a fork follows its branch there, under refs/pull of the repository it goes into', async () => {
  expect((await open('outsider', 'nobody:topic')).status).toBe(422);
  expect((await open('outsider', 'outsider:nothing')).status).toBe(422);
  const opened = await open('outsider', 'outsider:topic');
  expect(opened).toMatchObject({
    status: 201,
    body: {
      user: { login: 'outsider' },
      head: { label: 'outsider:topic', ref: 'topic', sha: head, repo: { full_name: FORK, fork: true } },
      base: { label: 'acme:main', repo: { full_name: 'acme/packages' } },
      changed_files: 1,
    },
  });
  number = opened.body.number;
  expect((await open('outsider', 'outsider:topic')).status).toBe(422);
  expect(await bare().text(['rev-parse', `refs/pull/${number}/head`])).toBe(head);
  const next = await it.push('outsider', FORK, 'topic', { 'more.txt': 'b\n' });
  const { payload } = await it.webhook('pull_request', (one) => one.action === 'synchronize');
  expect(payload).toMatchObject({
    ...{ number, before: head, after: next },
    pull_request: { head: { sha: next } },
    ...{ repository: { full_name: 'acme/packages' }, sender: { login: 'outsider' } },
  });
  head = next;
  expect(await bare().text(['rev-parse', `refs/pull/${number}/head`])).toBe(head);
  expect(await bare().text(['for-each-ref', '--contains', head, '--format=%(refname)'])).toBe(
    `refs/pull/${number}/head`,
  );
  const run = await it.rest(await it.installationToken(), 'POST', `${R}/check-runs`, { name: 'n', head_sha: head });
  expect(run.status).toBe(201);
});

test('what became private is shown to its owner alone, and its pull request names no repository', async () => {
  const see = async (token?: string) => (await it.rest(token, 'GET', `/repos/${FORK}`)).status;
  const turn = (value: boolean) => it.rest('token-outsider', 'PATCH', `/repos/${FORK}`, { private: value });
  expect((await turn(true)).status).toBe(200);
  expect([await see(), await see('token-maintainer'), await see('token-outsider')]).toEqual([404, 404, 200]);
  await expect(it.push('builder', FORK, 'main', { 'x.txt': 'x' })).rejects.toThrow(/not found/);
  expect(await pull()).toMatchObject({ state: 'open', head: { label: 'outsider:topic', sha: head, repo: null } });
  await turn(false);
  expect(await pull()).toMatchObject({ head: { repo: { full_name: FORK } } });
});

test('a pull request outlives its fork, keeps its head and can be merged; a namesake is another fork', async () => {
  expect((await it.rest('token-outsider', 'DELETE', `/repos/${FORK}`)).status).toBe(204);
  expect((await it.rest('token-outsider', 'GET', `/repos/${FORK}`)).status).toBe(404);
  await it.restart();
  const gone = { state: 'open', head: { label: 'outsider:topic', sha: head, repo: null } };
  expect(await pull()).toMatchObject(gone);
  expect((await it.rest('token-outsider', 'POST', `${R}/forks`, {})).status).toBe(202);
  await it.push('outsider', FORK, 'topic', { 'other.txt': 'c\n' });
  expect(await pull()).toMatchObject(gone);
  const merged = await it.rest('token-maintainer', 'PUT', `${R}/pulls/${number}/merge`);
  expect(merged.status).toBe(200);
  expect(await bare().text(['log', '-1', '--format=%s', 'main'])).toBe(
    `Merge pull request #${number} from outsider/topic`,
  );
  expect(await bare().text(['show', 'main:more.txt'])).toBe('b');
});
