import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseSettings } from '@coppice/config';
import { createNodeMiddleware } from 'probot';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type LocalGithub, startLocalGithub } from '../../local-github/start.ts';
import { askRepository } from '../../testing/ask-github.ts';
import { createContract } from '../../testing/openapi-contract.ts';
import { waitFor } from '../../testing/wait-for.ts';
import { appEvents, appPermissions, appRegistration } from '../github/app-permissions.ts';
import { connectGithubApp } from '../github/octokit-client.ts';
import { connectProbot } from '../github/probot.ts';
import { webhooksPath } from '../service/http-server.ts';
import { type AppAccess, githubFindings } from './doctor-github.ts';

const repository = 'acme/packages';
const secret = 'the secret of both';
let folder: string;
let github: LocalGithub;
let server: http.Server;
let hookUrl: string;
let access: AppAccess;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coppice-doctor-github-'));
  github = await startLocalGithub({ folder, app: appRegistration });
  const parsed = parseSettings('', 'defaults');
  if (!parsed.ok) throw new Error('the defaults are wrong');
  const { appId, privateKeyPem: privateKey, apiUrl, url: webUrl } = github;
  const probot = connectProbot(parsed.value.github, { appId, privateKey, webhookSecret: secret }, () => undefined);
  const middleware = await createNodeMiddleware(() => undefined, { probot, webhooksPath });
  server = http.createServer(
    (request, response) => void middleware(request, response, () => response.writeHead(404).end()),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  hookUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}${webhooksPath}`;
  access = { apiUrl, webUrl, repository, appId, privateKey, webhooks: true, hookUrl };
  healthy();
});
afterEach(() => healthy());
afterAll(async () => {
  await github.stop();
  server.close();
  server.closeAllConnections();
  await rm(folder, { recursive: true });
});

function healthy(): void {
  github.changeRegistration({ app: appRegistration, installation: { ...appRegistration, suspendedAt: null } });
  github.changeWebhook({ url: hookUrl, secret });
}

/** Makes GitHub deliver something, and waits until that is over. */
async function deliver(): Promise<void> {
  const before = github.deliveries().length;
  await askRepository(access.apiUrl, repository)('builder', 'POST', 'issues/1/comments', { body: 'hello' });
  await waitFor('the delivery', 30, async () =>
    github
      .deliveries()
      .slice(before)
      .some(({ status, failure }) => status !== null || failure !== null),
  );
}

const look = (changed: Partial<AppAccess> = {}) => githubFindings({ ...access, ...changed });
const faults = async (changed: Partial<AppAccess> = {}) => (await look(changed)).filter(({ good }) => !good);
const without = (grant: typeof appRegistration, name: string) => ({
  permissions: Object.fromEntries(Object.entries(grant.permissions).filter(([one]) => one !== name)),
  events: grant.events.filter((event) => event !== name),
});

test('an app as the documentation wants it is good, and what it takes proves the secret', async () => {
  await deliver();
  expect((await look()).map(({ what, good }) => [what, good])).toEqual([
    ['GitHub App', true],
    ['installation', true],
    ['app permissions', true],
    ['app events', true],
    ['hook address', true],
    ['hook secret', true],
  ]);
  expect((await look()).at(-1)?.detail).toContain('took the newest delivery, issue_comment of ');
});

test('a key of another app, a number of no app and a file that is no key are told apart', async () => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const other = privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();
  const cases: readonly [Partial<AppAccess>, string, string][] = [
    [{ privateKey: other }, 'does not take the key for the app 1', 'github.privateKeyFile'],
    [{ appId: 4711 }, 'there is no app 4711', 'github.appId'],
    [{ privateKey: 'no key' }, 'its key cannot be used', 'the .pem file'],
    [{ apiUrl: 'http://127.0.0.1:1/api/v3' }, 'http://127.0.0.1:1/api/v3/app does not answer', 'can be reached'],
  ];
  for (const [changed, detail, fix] of cases) {
    expect(await look(changed)).toEqual([
      { what: 'GitHub App', good: false, detail: expect.stringContaining(detail), fix: expect.stringContaining(fix) },
    ]);
  }
});

test('an app that is not installed on the config repo is told where to install it', async () => {
  github.changeRegistration({ installation: null });
  const [fault, ...more] = await faults();
  expect(more).toEqual([]);
  expect(fault).toMatchObject({
    what: 'installation',
    detail: expect.stringContaining('not installed on acme/packages'),
    fix: expect.stringContaining(`${github.url}/apps/coppice/installations/new`),
  });
});

test('a suspended installation is named', async () => {
  github.changeRegistration({ installation: { ...appRegistration, suspendedAt: '2026-01-01T00:00:00Z' } });
  expect(await faults()).toEqual([
    expect.objectContaining({ what: 'installation', detail: expect.stringContaining('suspended since 2026-01-01') }),
  ]);
});

test.each(appPermissions)(
  'the permission $title that the app does not ask for is named with what it is for',
  async (one) => {
    const lacking = without(appRegistration, one.name);
    github.changeRegistration({ app: lacking, installation: { ...lacking, suspendedAt: null } });
    const [fault] = (await faults()).filter(({ what }) => what.startsWith('permission'));
    const wanted = one.level === 'write' ? 'Read and write' : 'Read-only';
    expect(fault).toMatchObject({ what: `permission ${one.title}` });
    expect(fault?.detail).toContain(`has "No access", not "${wanted}", which is for ${one.why.replace(/[*`]/g, '')}`);
    expect(fault?.fix).toContain(`${github.url}/organizations/acme/settings/apps/coppice/permissions, then accept it`);
  },
);

test('read where write is needed is not enough', async () => {
  const permissions = { ...appRegistration.permissions, contents: 'read' } as const;
  const lacking = { ...appRegistration, permissions };
  github.changeRegistration({ app: lacking, installation: { ...lacking, suspendedAt: null } });
  expect(await faults()).toEqual([
    expect.objectContaining({
      what: 'permission Contents',
      detail: expect.stringMatching(/has "Read-only", not "Read and write".*\/freeze/),
    }),
  ]);
});

test('what the app asks for and nobody has accepted yet is told with the page where that is done', async () => {
  const permissions = { ...appRegistration.permissions, contents: 'read' } as const;
  github.changeRegistration({ installation: { ...appRegistration, permissions, suspendedAt: null } });
  const { data } = await githubInstallation();
  expect(await faults()).toEqual([
    expect.objectContaining({
      what: 'permission Contents',
      detail: expect.stringContaining('asked for and not accepted by acme'),
      fix: `let an owner of acme accept it: ${data.html_url}`,
    }),
  ]);
});

test.each(appEvents)('the event $title that is not subscribed to is named', async ({ name, title, permission }) => {
  const lacking = { ...appRegistration, events: appRegistration.events.filter((one) => one !== name) };
  github.changeRegistration({ app: lacking, installation: { ...lacking, suspendedAt: null } });
  // Those of checks come by themselves.
  const expected = permission === 'checks' ? [] : [`event ${title}`];
  expect((await faults()).map(({ what }) => what)).toEqual(expected);
  expect(await faults({ webhooks: false })).toEqual([]);
});

test('without write access to Checks their events are missing, too', async () => {
  const events = appRegistration.events.filter((name) => !name.startsWith('check_'));
  const lacking = { ...without(appRegistration, 'checks'), events };
  github.changeRegistration({ app: lacking, installation: { ...lacking, suspendedAt: null } });
  const named = (await faults()).map(({ what }) => what);
  expect(named).toEqual(['permission Checks', 'event Check run', 'event Check suite']);
});

test('a webhook that is off, goes elsewhere or sends forms is named with both addresses', async () => {
  github.changeWebhook(undefined);
  expect(await faults()).toEqual([
    expect.objectContaining({ what: 'hook address', detail: expect.stringContaining('not active') }),
  ]);
  expect(await faults({ webhooks: false })).toEqual([]);
  github.changeWebhook({ url: 'https://elsewhere.example/hook', secret });
  const [fault, ...more] = await faults();
  expect(more).toEqual([]);
  expect(fault).toMatchObject({
    what: 'hook address',
    detail: `GitHub delivers to https://elsewhere.example/hook, the service is at ${hookUrl}`,
    fix: expect.stringContaining(`${github.url}/organizations/acme/settings/apps/coppice`),
  });
  github.changeWebhook({ url: hookUrl, secret, contentType: 'form' });
  expect(await faults()).toEqual([
    expect.objectContaining({ what: 'hook address', detail: expect.stringContaining('delivers form') }),
  ]);
});

test('a webhook without a secret, and one with another, are told apart, and both end when that is mended', async () => {
  github.changeWebhook({ url: hookUrl, secret: '' });
  expect(await faults()).toEqual([
    expect.objectContaining({ what: 'hook secret', detail: expect.stringContaining('has none') }),
  ]);
  github.changeWebhook({ url: hookUrl, secret: 'another' });
  await deliver();
  expect(await faults()).toEqual([
    expect.objectContaining({
      what: 'hook secret',
      detail: expect.stringMatching(/differs.*refused the signature of issue_comment of 2/),
      fix: expect.stringContaining('/settings/apps/coppice/advanced'),
    }),
  ]);
  github.changeWebhook({ url: hookUrl, secret });
  await deliver();
  expect(await faults()).toEqual([]);
});

test('deliveries that fail otherwise are no matter of the secret, and old addresses prove nothing', async () => {
  const deaf = `${hookUrl}/nothing-here`;
  github.changeWebhook({ url: deaf, secret });
  await deliver();
  expect(await faults({ hookUrl: deaf })).toEqual([
    expect.objectContaining({ what: 'hook deliveries', detail: expect.stringContaining('was not taken: 404') }),
  ]);
  github.changeWebhook({ url: 'http://127.0.0.1:1/', secret });
  await deliver();
  expect(await faults({ hookUrl: 'http://127.0.0.1:1/' })).toEqual([
    expect.objectContaining({ what: 'hook deliveries', detail: expect.stringContaining('502 (failed to connect') }),
  ]);
  github.changeWebhook({ url: hookUrl, secret });
  expect((await look()).at(-1)).toMatchObject({
    what: 'hook secret',
    good: true,
    detail: expect.stringContaining('not proven yet'),
  });
});

test('all that was asked and answered here is as GitHub describes it', { timeout: 60_000 }, async () => {
  await deliver();
  await look();
  const contract = createContract();
  const exchanges = github.requests().filter(({ identity }) => identity === 'app');
  const places = new Set(exchanges.map(({ path, status }) => `${path.replace(/\d+$/, 'N')} ${status}`));
  expect([...places].sort()).toEqual([
    '/app 200',
    '/app/hook/config 200',
    '/app/hook/config 404',
    '/app/hook/deliveries 200',
    '/app/hook/deliveries/N 200',
    '/repos/acme/packages/installation 200',
    '/repos/acme/packages/installation 404',
  ]);
  expect(exchanges.flatMap((one) => contract.check(one))).toEqual([]);
});

async function githubInstallation() {
  const client = connectGithubApp(access.apiUrl, access.appId, access.privateKey);
  return await client.rest.apps.getRepoInstallation({ owner: 'acme', repo: 'packages' });
}
