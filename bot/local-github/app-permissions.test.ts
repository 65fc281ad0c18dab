import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gitEnvironment } from '@coppice/builder-runner/remote';
import { execa } from 'execa';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { openTestGithub, type TestGithub } from '../testing/local-github-client.ts';
import { createContract } from '../testing/openapi-contract.ts';
import { PERMISSION_RULES } from './app-permissions.ts';
import type { Access, Registration } from './state/registration.ts';

const R = '/repos/acme/packages';
const contract = createContract();
let it: TestGithub;
let whole: Registration;
let sha: string;
let comment: number;
let pull: number;
let onPull: number;
let run: number;

beforeAll(async () => {
  it = await openTestGithub();
  whole = it.github().registration();
  sha = await it.push('maintainer', 'acme/packages', 'main', { 'a.txt': 'one\n' });
  await it.push('builder', 'acme/packages', 'topic', { 'b.txt': 'two\n' });
  const bot = await it.installationToken();
  const make = async (place: string, body: unknown) => (await it.rest(bot, 'POST', R + place, body)).body;
  comment = (await make('/issues/1/comments', { body: 'one' })).id;
  pull = (await make('/pulls', { title: 'T', head: 'topic', base: 'main' })).number;
  onPull = (await make(`/issues/${pull}/comments`, { body: 'two' })).id;
  run = (await make('/check-runs', { name: 'n', head_sha: sha })).id;
});
afterEach(() => it.github().changeRegistration(whole));
afterAll(() => it.close());

/** A token of an installation that has everything but this, of which it has no more than `left`. */
function tokenWith(name: string, left?: Access): Promise<string> {
  const { [name]: _taken, ...permissions } = whole.app.permissions;
  const grant = { permissions: left === undefined ? permissions : { ...permissions, [name]: left } };
  it.github().changeRegistration({ installation: { ...whole.app, suspendedAt: null, ...grant } });
  return it.installationToken();
}

test('each rule is of an operation that GitHub offers to apps', () => {
  const places = PERMISSION_RULES.map(({ method, pattern }) => `${method} ${pattern.replace(/[:*]/g, '')}`);
  const offered = (place: string) => contract.servesApps(...(place.split(' ') as [string, string]));
  expect(places.filter((place) => offered(place) !== true)).toEqual([]);
  expect(contract.servesApps('POST', '/user/keys')).toBe(false);
  expect(contract.servesApps('GET', '/nowhere')).toBeUndefined();
});

const newRun = () => ({ name: 'n', head_sha: sha });
test.each<[string, Access | undefined, string, () => string, (() => unknown)?]>([
  ['checks', 'read', 'POST', () => '/check-runs', newRun],
  ['checks', 'read', 'PATCH', () => `/check-runs/${run}`, () => ({ conclusion: 'success' })],
  ['checks', undefined, 'GET', () => `/commits/${sha}/check-runs`],
  ['contents', undefined, 'GET', () => '/branches/main'],
  ['contents', undefined, 'GET', () => '/commits/main'],
  ['contents', 'read', 'PUT', () => '/contents/x', () => ({ message: 'x', content: 'eA==' })],
  ['contents', 'read', 'PUT', () => `/pulls/${pull}/merge`],
  ['issues', undefined, 'GET', () => '/issues'],
  ['issues', 'read', 'POST', () => '/issues', () => ({ title: 'x' })],
  ['issues', 'read', 'POST', () => '/issues/1/comments', () => ({ body: 'x' })],
  ['issues', 'read', 'PATCH', () => `/issues/comments/${comment}`, () => ({ body: 'x' })],
  ['issues', 'read', 'POST', () => `/issues/comments/${comment}/reactions`, () => ({ content: 'eyes' })],
  ['metadata', undefined, 'GET', () => ''],
  ['pull_requests', undefined, 'GET', () => '/pulls'],
  ['pull_requests', undefined, 'GET', () => `/pulls/${pull}`],
  ['pull_requests', 'read', 'POST', () => `/issues/${pull}/comments`, () => ({ body: 'x' })],
  ['pull_requests', 'read', 'PATCH', () => `/issues/comments/${onPull}`, () => ({ body: 'x' })],
  ['statuses', 'read', 'POST', () => `/statuses/${sha}`, () => ({ state: 'success' })],
])('with %s: %s an installation is refused %s of what needs more', async (name, left, method, place, body) => {
  const refused = await it.rest(await tokenWith(name, left), method, R + place(), body?.());
  expect(refused).toEqual({
    status: 403,
    body: {
      message: 'Resource not accessible by integration',
      documentation_url: expect.stringContaining('https://docs.github.com/rest'),
      status: '403',
    },
  });
  const exchange = { method, path: R + place(), requestBody: body?.(), status: 403, responseBody: refused.body };
  expect(contract.check(exchange)).toEqual([]);
  const needed = it.github().requests().at(-1)?.accepted;
  expect(needed).toBe(`${name}=${left === undefined ? 'read' : 'write'}`);
});

test('what nobody wrote a rule for is refused', async () => {
  const bot = await it.installationToken();
  expect((await it.rest(bot, 'GET', `${R}/actions/secrets`)).status).toBe(403);
  expect((await it.rest(bot, 'PATCH', R, { description: 'mine' })).status).toBe(403);
});

test('a comment is read with Issues or with Pull requests, and not without both', async () => {
  const read = async (token: string) => (await it.rest(token, 'GET', `${R}/issues/comments/${comment}`)).status;
  expect(await read(await tokenWith('issues'))).toBe(200);
  expect(await read(await tokenWith('pull_requests'))).toBe(200);
  const { issues: _, pull_requests: __, ...permissions } = whole.app.permissions;
  it.github().changeRegistration({ installation: { ...whole.app, permissions, suspendedAt: null } });
  expect(await read(await it.installationToken())).toBe(403);
});

test('Git over HTTP wants Contents: read to fetch, write to push', async () => {
  const work = await mkdtemp(path.join(tmpdir(), 'coppice-git-rights-'));
  // As a header, as the bot does it: git itself would read what is public without the token.
  const git = async (token: string, ...args: string[]) => {
    const secret = Buffer.from(`x-access-token:${token}`).toString('base64');
    const env = gitEnvironment(['http'], [['http.extraHeader', `Authorization: Basic ${secret}`]]);
    return (await execa('git', args, { cwd: work, env, extendEnv: false })).stdout;
  };
  const remote = `${it.github().url}/acme/packages.git`;
  const push = (token: string) => git(token, 'push', '-q', remote, 'HEAD:refs/heads/by-app');
  try {
    const reader = await tokenWith('contents', 'read');
    await git(reader, 'clone', '-q', remote, '.');
    await expect(push(reader)).rejects.toThrow(/denied to coppice\[bot\][\s\S]*403/);
    await expect(git(await tokenWith('contents'), 'ls-remote', remote)).rejects.toThrow(/403/);
    it.github().changeRegistration(whole);
    await push(await it.installationToken());
    expect(await git(reader, 'ls-remote', remote, 'by-app')).toContain(sha);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
});

test('a token asks for less, never for more', async () => {
  const make = (permissions: Record<string, string>) =>
    it.rest(it.appJwt(), 'POST', '/app/installations/1/access_tokens', { permissions });
  const narrow = await make({ metadata: 'read' });
  expect(narrow).toMatchObject({ status: 201, body: { permissions: { metadata: 'read' } } });
  expect((await it.rest(narrow.body.token, 'GET', R)).status).toBe(200);
  expect((await it.rest(narrow.body.token, 'GET', `${R}/issues`)).status).toBe(403);
  expect((await make({ administration: 'write' })).status).toBe(422);
  await tokenWith('contents', 'read');
  expect((await make({ contents: 'read' })).status).toBe(201);
  expect((await make({ contents: 'write' })).status).toBe(422);
});

test('an app that is not installed, or suspended, gets no token and hears nothing', async () => {
  const say = async (body: string) =>
    (await it.rest('token-builder', 'POST', `${R}/issues/1/comments`, { body })).body.id as number;
  const token = () => it.rest(it.appJwt(), 'POST', '/app/installations/1/access_tokens');
  it.github().changeRegistration({ installation: null });
  expect((await token()).status).toBe(404);
  expect((await it.rest(it.appJwt(), 'GET', `${R}/installation`)).status).toBe(404);
  const unheard = [await say('one')];
  it.github().changeRegistration({ installation: { ...whole.app, suspendedAt: '2026-01-01T00:00:00Z' } });
  expect((await token()).status).toBe(403);
  unheard.push(await say('two'));
  const events = whole.app.events.filter((event) => event !== 'issue_comment');
  it.github().changeRegistration({ installation: { ...whole.app, events, suspendedAt: null } });
  unheard.push(await say('three'));
  it.github().changeRegistration(whole);
  const heard = await say('four');
  await it.webhook('issue_comment', (one) => one.comment.id === heard);
  const told = it.received.map(({ payload }) => payload.comment?.id as number | undefined);
  expect(unheard.filter((id) => told.includes(id))).toEqual([]);
});

test('with write access to Checks their events come by themselves', async () => {
  const make = async () => {
    const made = await it.rest(await it.installationToken(), 'POST', `${R}/check-runs`, newRun());
    return made.body.id as number;
  };
  it.github().changeRegistration({ installation: { ...whole.app, events: [], suspendedAt: null } });
  const heard = await make();
  await it.webhook('check_run', (one) => one.check_run.id === heard);
});
