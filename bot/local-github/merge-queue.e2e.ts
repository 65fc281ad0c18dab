import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestGithub, type TestGithub } from '../testing/local-github-client.ts';
import { createContract } from '../testing/openapi-contract.ts';
import { gitIn } from './git/git-in.ts';

const REPOSITORY = 'acme/packages';
const R = `/repos/${REPOSITORY}`;
let it: TestGithub;
let bot: string;

beforeAll(async () => {
  it = await openTestGithub();
  bot = await it.installationToken();
  await it.push('maintainer', REPOSITORY, 'main', { 'a.txt': 'one\n' });
  await it.rest('token-outsider', 'POST', `${R}/forks`, {});
});
afterAll(() => it.close());

const bare = (...args: string[]) => gitIn(`${it.folder}/repositories/acme/packages.git`).text(args);
async function propose(branch: string): Promise<{ number: number; head: string }> {
  const head = await it.push('outsider', 'outsider/packages', branch, { [`${branch}.txt`]: 'x\n' });
  const body = { title: branch, head: `outsider:${branch}`, base: 'main' };
  return { number: (await it.rest('token-outsider', 'POST', `${R}/pulls`, body)).body.number, head };
}
const check = (head_sha: string, conclusion: string) =>
  it.rest(bot, 'POST', `${R}/check-runs`, { name: 'coppice / config', head_sha, conclusion });
const closed = (number: number) =>
  it.webhook('pull_request', (one) => one.action === 'closed' && one.number === number);

test('a merge queue makes what it would merge, asks for checks, and makes it the base when they are green', async () => {
  const { number } = await propose('queued');
  const base = await bare('rev-parse', 'main');
  const { ref, sha } = await it.github().enqueue(REPOSITORY, number, 'maintainer');
  expect(ref).toBe(`refs/heads/gh-readonly-queue/main/pr-${number}-${base}`);
  const asked = await it.webhook('merge_group', (one) => one.merge_group.head_sha === sha);
  expect(asked.payload).toMatchObject({
    action: 'checks_requested',
    merge_group: { head_ref: ref, base_sha: base, base_ref: 'refs/heads/main', head_commit: { id: sha } },
  });
  await it.webhook('push', (one) => one.ref === ref && one.after === sha);
  await check(sha, 'success');
  const { payload } = await closed(number);
  expect(payload.pull_request).toMatchObject({ merged: true, merge_commit_sha: sha });
  await it.webhook('merge_group', (one) => one.action === 'destroyed' && one.reason === 'merged');
  expect(await bare('rev-parse', 'main')).toBe(sha);
  expect(await bare('for-each-ref', 'refs/heads/gh-readonly-queue/')).toBe('');
});

test('what is behind one that fails is made anew without it', async () => {
  const bad = await propose('bad');
  const good = await propose('good');
  const first = await it.github().enqueue(REPOSITORY, bad.number, 'maintainer');
  const second = await it.github().enqueue(REPOSITORY, good.number, 'maintainer');
  expect(second.ref).toContain(`pr-${good.number}-${first.sha}`);
  await check(first.sha, 'failure');
  const reasonOf = async (sha: string) => {
    const gone = await it.webhook(
      'merge_group',
      (one) => one.action === 'destroyed' && one.merge_group.head_sha === sha,
    );
    return gone.payload.reason;
  };
  expect([await reasonOf(first.sha), await reasonOf(second.sha)]).toEqual(['dequeued', 'invalidated']);
  const main = await bare('rev-parse', 'main');
  const again = await it.webhook(
    'merge_group',
    ({ action, merge_group: { head_sha, base_sha } }) =>
      action === 'checks_requested' && base_sha === main && head_sha !== first.sha,
  );
  await check(again.payload.merge_group.head_sha, 'success');
  await closed(good.number);
  expect(await bare('ls-tree', '--name-only', 'main')).toBe('a.txt\ngood.txt\nqueued.txt');
  expect((await it.rest(undefined, 'GET', `${R}/pulls/${bad.number}`)).body.state).toBe('open');
});

test('auto-merge waits for the check of the head; a rebase makes each commit once more, in its author’s name', async () => {
  const { number } = await propose('auto');
  const head = await it.push('outsider', 'outsider/packages', 'auto', { 'more.txt': 'y\n' });
  await it.webhook('pull_request', (one) => one.action === 'synchronize' && one.after === head);
  const before = await bare('rev-parse', 'main');
  await it.github().mergeWhenGreen(REPOSITORY, number, 'maintainer', 'rebase');
  expect(await bare('rev-parse', 'main')).toBe(before);
  await check(head, 'neutral');
  await closed(number);
  expect(await bare('log', '--format=%an %s %P', `${before}..main`)).toMatch(
    new RegExp(`^outsider Change [0-9a-f]{40}\noutsider Change ${before}$`),
  );
  expect(await bare('ls-tree', '--name-only', 'main')).toContain('auto.txt\ngood.txt\nmore.txt');
});

test('"update branch" merges the base into the head, in the fork, for those who may write there', async () => {
  const { number, head } = await propose('behind');
  await it.push('maintainer', REPOSITORY, 'main', { 'later.txt': 'l\n' });
  const update = (login: string, body: unknown) =>
    it.rest(`token-${login}`, 'PUT', `${R}/pulls/${number}/update-branch`, body);
  expect((await update('builder', {})).status).toBe(403);
  expect((await update('outsider', { expected_head_sha: '0'.repeat(40) })).status).toBe(422);
  expect((await update('outsider', { expected_head_sha: head })).status).toBe(202);
  const { payload } = await it.webhook('pull_request', (one) => one.action === 'synchronize' && one.before === head);
  expect(await bare('log', '-1', '--format=%P', payload.after)).toBe(`${head} ${await bare('rev-parse', 'main')}`);
  const contract = createContract();
  expect(it.received.flatMap((one) => contract.checkWebhook(one.event, one.payload))).toEqual([]);
});

test('without the permission for merge queues no merge group is told of', async () => {
  const whole = it.github().registration();
  const { merge_queues: _, ...permissions } = whole.app.permissions;
  it.github().changeRegistration({ installation: { ...whole.app, permissions, suspendedAt: null } });
  const { number } = await propose('unheard');
  const { sha } = await it.github().enqueue(REPOSITORY, number, 'maintainer');
  await it.webhook('push', (one) => one.after === sha);
  await it.github().dequeue(REPOSITORY, number, 'maintainer');
  await it.webhook('pull_request', (one) => one.action === 'dequeued' && one.number === number);
  expect(it.received.filter(({ payload }) => payload.merge_group?.head_sha === sha)).toEqual([]);
});
