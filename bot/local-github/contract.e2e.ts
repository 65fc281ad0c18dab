import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestGithub, type TestGithub } from '../testing/local-github-client.ts';
import { createContract } from '../testing/openapi-contract.ts';

const R = '/repos/acme/packages';
let it: TestGithub;
let sha: string;

beforeAll(async () => {
  it = await openTestGithub();
  sha = await it.push('maintainer', 'acme/packages', 'main', { 'a.txt': 'one\n' });
  await it.push('builder', 'acme/packages', 'topic', { 'dir/b.txt': 'two\n' });
});
afterAll(() => it.close());

test('every answer and webhook that the bot meets is as GitHub describes it', async () => {
  const app = it.appJwt();
  const bot = await it.installationToken();
  const ask = async (method: string, place: string, body?: unknown) =>
    (await it.rest(bot, method, R + place, body)).body;
  await it.rest(app, 'GET', '/app');
  await it.rest(app, 'GET', '/app/installations');
  await it.rest(bot, 'GET', '/installation/repositories');
  const comment = await ask('POST', '/issues/1/comments', { body: 'queued' });
  await ask('PATCH', `/issues/comments/${comment.id}`, { body: 'built' });
  await ask('POST', `/issues/comments/${comment.id}/reactions`, { content: 'eyes' });
  await ask('POST', '/issues/1/reactions', { content: 'rocket' });
  const pull = (await it.rest('token-builder', 'POST', `${R}/pulls`, { title: 'T', head: 'topic', base: 'main' })).body;
  await ask('POST', `/issues/${pull.number}/comments`, { body: 'on a pull request' });
  const annotation = { path: 'a.txt', start_line: 1, end_line: 1, annotation_level: 'failure', message: 'no' };
  const output = { title: 'One', summary: 'Two', annotations: [annotation] };
  const actions = [{ label: 'Again', description: 'Build again', identifier: 'rebuild' }];
  const run = await ask('POST', '/check-runs', { name: 'n', head_sha: sha, status: 'in_progress', output, actions });
  await ask('PATCH', `/check-runs/${run.id}`, { conclusion: 'failure', output });
  await ask('POST', `/statuses/${sha}`, { state: 'success', context: 'c' });
  await ask('POST', `/commits/${sha}/comments`, { body: 'no' });
  const key = `ssh-ed25519 ${'A'.repeat(68)}`;
  const kept = (await it.rest('token-outsider', 'POST', '/user/keys', { title: 'laptop', key: `${key} me@home` })).body;
  expect((await it.rest(bot, 'GET', '/users/outsider/keys')).body).toEqual([{ id: kept.id, key }]);
  await it.rest('token-outsider', 'GET', '/user/keys');
  await it.rest('token-outsider', 'DELETE', `/user/keys/${kept.id}`);
  for (const place of [
    '',
    '/issues/1',
    '/issues?state=all',
    `/issues/${pull.number}`,
    '/issues/1/comments?per_page=100',
    '/issues/comments?since=2026-01-01T00:00:00Z&sort=created&direction=desc&per_page=100',
    `/issues/comments/${comment.id}`,
    `/issues/comments/${comment.id}/reactions`,
    '/collaborators/builder/permission',
    '/collaborators/outsider/permission',
    `/check-runs/${run.id}`,
    `/check-runs/${run.id}/annotations`,
    `/commits/${sha}/check-runs?filter=latest`,
    `/commits/${sha}/status`,
    `/commits/${sha}/comments`,
    '/commits/main',
    '/commits?per_page=1',
    '/git/ref/heads/main',
    `/git/commits/${sha}`,
    `/git/trees/${sha}?recursive=1`,
    '/branches/main',
    '/branches',
    '/compare/main...topic',
    '/contents/a.txt?ref=main',
    '/contents/',
    '/pulls?state=open',
    `/pulls/${pull.number}`,
    `/pulls/${pull.number}/files`,
    `/pulls/${pull.number}/commits`,
  ]) {
    await ask('GET', place);
  }
  await it.rest('token-outsider', 'POST', `${R}/forks`, {});
  await it.push('outsider', 'outsider/packages', 'topic', { 'c.txt': 'three\n' });
  const fromFork = { title: 'T', head: 'outsider:topic', base: 'main' };
  await ask('GET', `/pulls/${(await it.rest('token-outsider', 'POST', `${R}/pulls`, fromFork)).body.number}`);
  await it.push('outsider', 'outsider/packages', 'topic', { 'c.txt': 'four\n' });
  await it.webhook('pull_request', (one) => one.action === 'synchronize');
  await it.rest('token-maintainer', 'PUT', `${R}/pulls/${pull.number}/merge`);
  await it.webhook('pull_request', (one) => one.action === 'closed');

  const contract = createContract();
  const bad = it
    .github()
    .requests()
    .filter((one) => one.status >= 300);
  expect(bad.map((one) => `${one.method} ${one.path} ${one.status}`)).toEqual([]);
  expect(
    it
      .github()
      .requests()
      .flatMap((one) => contract.check(one)),
  ).toEqual([]);
  expect(it.received.flatMap((one) => contract.checkWebhook(one.event, one.payload))).toEqual([]);
});

test('the contract refuses what GitHub would not say', () => {
  const contract = createContract();
  const issue = { method: 'GET', path: `${R}/issues/1`, status: 200, responseBody: { number: 'one' } };
  expect(contract.check(issue).join('\n')).toMatch(/number/);
  expect(contract.check({ method: 'GET', path: '/nowhere', status: 200 })).toHaveLength(1);
  const empty = { method: 'POST', path: `${R}/issues/1/comments`, requestBody: {}, status: 410 };
  expect(contract.check(empty).join('\n')).toMatch(/body/);
  expect(contract.checkWebhook('issue_comment', { action: 'invented' })).toHaveLength(1);
});
