import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestGithub, type TestGithub } from '../testing/local-github-client.ts';
import { signature } from './delivery/webhooks.ts';
import { gitIn } from './git/git-in.ts';

const R = '/repos/acme/packages';
let it: TestGithub;

beforeAll(async () => {
  it = await openTestGithub();
  await it.push('maintainer', 'acme/packages', 'main', { 'a.txt': 'one\n' });
});
afterAll(() => it.close());

test('a push by git arrives and is told of with its commits, signed', async () => {
  const sha = await it.push('builder', 'acme/packages', 'main', { 'dir/b.txt': 'two\n' });
  const { payload, headers, text } = await it.webhook('push', (one) => one.after === sha);
  expect(payload).toMatchObject({
    ref: 'refs/heads/main',
    created: false,
    forced: false,
    pusher: { name: 'builder' },
    head_commit: { id: sha, added: ['dir/b.txt'], modified: [], removed: [] },
    sender: { login: 'builder' },
    installation: { id: 1 },
  });
  expect(headers['x-hub-signature-256']).toBe(signature('hush', text));
  expect((await it.rest(undefined, 'GET', `${R}/commits/main`)).body.sha).toBe(sha);
});

test('only those who may write can push', async () => {
  const push = (login: string) => it.push(login, 'acme/packages', 'evil', { 'x.txt': 'x' });
  await expect(push('outsider')).rejects.toThrow(/403/);
  await expect(push('nobody')).rejects.toThrow(/Authentication failed/);
});

test('an unknown token is refused, not taken for a user', async () => {
  expect((await it.rest('ghp_guess', 'GET', R)).status).toBe(401);
  expect((await it.rest(undefined, 'POST', `${R}/issues/1/comments`, { body: 'x' })).status).toBe(401);
});

test('an outsider may comment, and nothing more', async () => {
  const comment = (await it.rest('token-maintainer', 'POST', `${R}/issues/1/comments`, { body: 'mine' })).body;
  const asOutsider = (method: string, place: string, body: unknown) =>
    it.rest('token-outsider', method, R + place, body);
  expect((await asOutsider('POST', '/issues/1/comments', { body: '/help' })).status).toBe(201);
  expect((await asOutsider('PATCH', `/issues/comments/${comment.id}`, { body: 'forged' })).status).toBe(403);
  expect((await asOutsider('POST', '/issues/1/labels', { labels: ['x'] })).status).toBe(403);
  expect((await asOutsider('PUT', '/contents/x', { message: 'x', content: 'eA==' })).status).toBe(403);
  expect((await asOutsider('POST', '/check-runs', { name: 'x', head_sha: 'main' })).status).toBe(403);
});

test('a comment is told of with its issue and its author', async () => {
  const made = await it.rest('token-builder', 'POST', `${R}/issues/1/comments`, { body: '/build hello' });
  const { payload } = await it.webhook('issue_comment', (one) => one.comment.id === made.body.id);
  expect(payload).toMatchObject({
    action: 'created',
    issue: { number: 1, title: 'Build requests' },
    comment: { body: '/build hello', user: { login: 'builder' } },
    repository: { full_name: 'acme/packages' },
    sender: { login: 'builder' },
  });
});

test('a pull request follows its branch, lists its files, and merges into the bare repository', async () => {
  const first = await it.push('builder', 'acme/packages', 'topic', { 'topic.txt': 'a\n' });
  const opened = await it.rest('token-builder', 'POST', `${R}/pulls`, { title: 'Topic', head: 'topic', base: 'main' });
  expect(opened).toMatchObject({ status: 201, body: { head: { sha: first } } });
  const { number } = opened.body;
  const second = await it.push('builder', 'acme/packages', 'topic', { 'more.txt': 'b\n' });
  const moved = await it.webhook('pull_request', (one) => one.action === 'synchronize');
  expect(moved.payload).toMatchObject({
    number,
    before: first,
    after: second,
    pull_request: { head: { sha: second } },
  });
  const files = (await it.rest(undefined, 'GET', `${R}/pulls/${number}/files`)).body;
  expect(files.map((one: { filename: string }) => one.filename)).toEqual(['more.txt', 'topic.txt']);
  expect((await it.rest('token-outsider', 'PUT', `${R}/pulls/${number}/merge`)).status).toBe(403);
  const merged = await it.rest('token-maintainer', 'PUT', `${R}/pulls/${number}/merge`);
  expect(merged.status).toBe(200);
  await it.webhook('push', (one) => one.after === merged.body.sha);
  const closed = await it.webhook('pull_request', (one) => one.action === 'closed');
  expect(closed.payload.pull_request).toMatchObject({ merged: true, merge_commit_sha: merged.body.sha });
  const bare = `${it.folder}/repositories/acme/packages.git`;
  expect(await gitIn(bare).text(['rev-parse', 'main', `refs/pull/${number}/head`])).toBe(
    `${merged.body.sha}\n${second}`,
  );
});

test('a file written by REST is a commit that git sees', async () => {
  const content = Buffer.from('by rest\n').toString('base64');
  const made = await it.rest('token-maintainer', 'PUT', `${R}/contents/rest.txt`, { message: 'Add', content });
  expect(made.status).toBe(201);
  await it.webhook('push', (one) => one.after === made.body.commit.sha);
  const bare = `${it.folder}/repositories/acme/packages.git`;
  expect(await gitIn(bare).text(['show', 'main:rest.txt'])).toBe('by rest');
});

test('a channel can drop and double what is delivered', async () => {
  const post = async (body: string) =>
    (await it.rest('token-builder', 'POST', `${R}/issues/1/comments`, { body })).body.id;
  it.github().setChannel((delivery, send) => {
    const { body } = (delivery.payload as { comment: { body: string } }).comment;
    if (body === 'twice') void send().then(send);
  });
  const lost = await post('lost');
  const twice = await post('twice');
  const those = (id: number) => it.received.filter((one) => one.payload.comment?.id === id);
  await expect.poll(() => those(twice).length).toBe(2);
  it.github().setChannel(undefined);
  expect(those(lost)).toEqual([]);
  expect(new Set(those(twice).map((one) => one.headers['x-github-delivery'])).size).toBe(1);
});

test('a button of a check run is told of, and only one that the run has', async () => {
  const token = await it.installationToken();
  const { sha } = (await it.rest(token, 'GET', `${R}/commits/main`)).body;
  const actions = [{ label: 'Again', description: 'Build again', identifier: 'rebuild' }];
  const run = (await it.rest(token, 'POST', `${R}/check-runs`, { name: 'hello', head_sha: sha, actions })).body;
  await it.github().requestAction('acme/packages', run.id, 'rebuild', 'builder');
  const { payload } = await it.webhook('check_run', (one) => one.action === 'requested_action');
  expect(payload).toMatchObject({ requested_action: { identifier: 'rebuild' }, check_run: { id: run.id } });
  await expect(it.github().requestAction('acme/packages', run.id, 'else', 'builder')).rejects.toThrow(/no action/);
});

test('what was said and checked survives a restart', async () => {
  const token = await it.installationToken();
  const { sha } = (await it.rest(token, 'GET', `${R}/commits/main`)).body;
  const comment = (await it.rest(token, 'POST', `${R}/issues/1/comments`, { body: 'building' })).body;
  await it.rest(token, 'PATCH', `${R}/issues/comments/${comment.id}`, { body: 'built' });
  await it.rest(token, 'POST', `${R}/issues/comments/${comment.id}/reactions`, { content: 'rocket' });
  const run = (await it.rest(token, 'POST', `${R}/check-runs`, { name: 'kept', head_sha: sha })).body;
  await it.restart();
  expect((await it.rest(undefined, 'GET', `${R}/issues/comments/${comment.id}`)).body).toMatchObject({
    body: 'built',
    created_at: comment.created_at,
    user: { login: 'coppice[bot]' },
    reactions: { rocket: 1 },
  });
  const runs = (await it.rest(undefined, 'GET', `${R}/commits/${sha}/check-runs?check_name=kept`)).body;
  expect(runs.check_runs).toMatchObject([{ id: run.id, status: 'queued' }]);
  expect(it.github().deliveries()).toEqual([]);
  expect((await it.rest(token, 'GET', R)).status).toBe(401);
});
