import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestGithub, type TestGithub } from '../testing/local-github-client.ts';
import { gitIn } from './git/git-in.ts';

let it: TestGithub;
beforeAll(async () => {
  it = await openTestGithub();
});
afterAll(() => it.close());

const make = (login: string, path: string, body: object) => it.rest(`token-${login}`, 'POST', path, body);
const mainOf = (name: string) => gitIn(`${it.folder}/repositories/${name}.git`).text(['rev-parse', 'refs/heads/main']);

test.each([
  ['maintainer', '/orgs/acme/repos', 'acme'],
  ['outsider', '/user/repos', 'outsider'],
])('what %s makes by %s is cloned from and pushed to', async (login, path, owner) => {
  const made = await make(login, path, { name: 'fresh' });
  expect(made).toMatchObject({ status: 201, body: { full_name: `${owner}/fresh`, owner: { login: owner } } });
  const sha = await it.push(login, `${owner}/fresh`, 'main', { 'a.txt': 'one\n' });
  expect(await mainOf(`${owner}/fresh`)).toBe(sha);
  expect((await it.rest(undefined, 'GET', `/repos/${owner}/fresh/commits/main`)).body.sha).toBe(sha);
  expect((await make(login, path, { name: 'fresh' })).status).toBe(422);
});

test('a first commit is made where it is asked for', async () => {
  await make('maintainer', '/orgs/acme/repos', { name: 'begun', auto_init: true });
  const { body } = await it.rest(undefined, 'GET', '/repos/acme/begun/commits/main');
  expect([body.sha, body.commit.message]).toEqual([await mainOf('acme/begun'), 'Initial commit']);
});

test('others see no private one, may not push to another’s, and may make none in the organisation', async () => {
  await make('outsider', '/user/repos', { name: 'secret', private: true });
  expect((await it.rest('token-builder', 'GET', '/repos/outsider/secret')).status).toBe(404);
  await expect(it.push('builder', 'outsider/fresh', 'main', { 'x.txt': 'x' })).rejects.toThrow(/403/);
  expect((await make('builder', '/orgs/acme/repos', { name: 'mine' })).status).toBe(403);
  expect((await make('maintainer', '/orgs/acme/repos', { name: '../up' })).status).toBe(422);
});
