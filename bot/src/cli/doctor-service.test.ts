import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseSettings } from '@coppice/config';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createWebhookReceiver } from '../inbox/receive-webhook.ts';
import { writeEndpoint } from '../service/endpoint.ts';
import { readHome } from '../service/home.ts';
import { type HttpServer, healthOf, type MirrorHealth, startHttpServer, webhooksPath } from '../service/http-server.ts';
import { clockFinding, serviceFindings, webhooksFinding } from './doctor-service.ts';

let folder: string;
let ready: boolean;
let brokenPools: readonly { name: string }[];
let mirror: MirrorHealth | undefined;
let disk: readonly string[];
let server: HttpServer;
let url: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coppice-doctor-service-'));
  ready = true;
  brokenPools = [];
  mirror = undefined;
  disk = [];
  server = await startHttpServer({
    host: '127.0.0.1',
    port: 0,
    published: folder,
    health: () => healthOf(ready, brokenPools, undefined, mirror, disk),
    metrics: async () => '',
  });
  url = `http://127.0.0.1:${server.port}`;
  const home = readHome({ COPPICE_HOME: folder });
  await mkdir(home.state);
  const github = { mode: 'embedded' as const, apiUrl: url, webUrl: url, repository: 'acme/packages' };
  await writeEndpoint(home, { pid: process.pid, url, github });
});
afterEach(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

/** As the service takes deliveries; gives what it logs of them. */
function takeWebhooks(): readonly string[] {
  const logged: string[] = [];
  const receive = createWebhookReceiver({
    ...{ path: webhooksPath, secret: 'secret', handle: () => undefined, now: () => new Date() },
    log: (_level, message) => logged.push(message),
  });
  server.setWebhooks(receive);
  return logged;
}

test('a service that is ready, on time and takes deliveries is good', async () => {
  const logged = takeWebhooks();
  const findings = await serviceFindings({ COPPICE_HOME: folder }, undefined, Date.now);
  expect(findings.map(({ what, good }) => [what, good])).toEqual([
    ['service', true],
    ['clock', true],
    ['webhooks', true],
  ]);
  expect(logged).toEqual([]);
});

test('of a service that is not ready only that is said', async () => {
  ready = false;
  expect(await serviceFindings({ COPPICE_HOME: folder }, undefined, Date.now)).toEqual([
    expect.objectContaining({ what: 'service', good: false }),
  ]);
});

test('a pool that makes no builders is a finding of its own', async () => {
  brokenPools = [{ name: 'big' }];
  const findings = await serviceFindings({ COPPICE_HOME: folder }, undefined, Date.now);
  expect(findings.slice(0, 2).map(({ what, good }) => [what, good])).toEqual([
    ['service', true],
    ['pool big', false],
  ]);
});

test('a mirror that is behind is a finding that says since when', async () => {
  mirror = { behindSince: '2026-01-02T03:04:05.000Z', files: 3 };
  const findings = await serviceFindings({ COPPICE_HOME: folder }, undefined, Date.now);
  expect(findings[1]).toMatchObject({
    ...{ what: 'what the mirror has', good: false },
    detail: 'behind since 2026-01-02T03:04:05.000Z, with 3 changes',
  });
});

test('a disk that the service finds full is a finding that names the folder', async () => {
  disk = ['published'];
  const answer = await fetch(`${url}/healthz`);
  expect(await answer.json()).toEqual({ status: 'degraded', ready: true, brokenPools: [], disk: ['published'] });
  const findings = await serviceFindings({ COPPICE_HOME: folder }, undefined, Date.now);
  expect(findings[1]).toMatchObject({ what: 'room', good: false, detail: expect.stringContaining(' published/') });
});

test('with webhooks switched off no delivery is tried', async () => {
  const parsed = parseSettings('github: { webhooks: false }', 'settings.yaml');
  const findings = await serviceFindings({ COPPICE_HOME: folder }, parsed.ok ? parsed.value : undefined, Date.now);
  expect(findings.at(-1)).toMatchObject({
    what: 'webhooks',
    good: true,
    detail: expect.stringContaining('every 10 s'),
  });
});

test('deliveries that do not reach the bot are a finding with the answer that came instead', async () => {
  expect(await webhooksFinding(url)).toMatchObject({ good: false, detail: expect.stringContaining('503') });
  expect(await webhooksFinding(`${url}/elsewhere`)).toMatchObject({
    good: false,
    detail: expect.stringContaining('405'),
  });
});

test.each([
  [0, true, 'agrees'],
  [5, true, 'agrees'],
  [-5, true, 'agrees'],
  [120, false, '\\d+ s ahead of'],
  [-120, false, '\\d+ s behind'],
])('a clock that is %i seconds off: good is %s', async (seconds, isGood, detail) => {
  const finding = await clockFinding('clock', `${url}/healthz`, () => Date.now() + seconds * 1000);
  expect(finding.good).toBe(isGood);
  expect(finding.detail).toMatch(new RegExp(detail));
});

test('a server without a date, or none at all, says so', async () => {
  const timeless = createServer((_, response) => {
    response.sendDate = false;
    response.end();
  });
  await new Promise<void>((resolve) => timeless.listen(0, '127.0.0.1', resolve));
  const address = `http://127.0.0.1:${(timeless.address() as AddressInfo).port}/`;
  expect(await clockFinding('clock', address, Date.now)).toMatchObject({ detail: `${address} does not say its time` });
  timeless.closeAllConnections();
  await new Promise((resolve) => timeless.close(resolve));
  expect(await clockFinding('clock', address, Date.now)).toMatchObject({ good: false });
  expect(await webhooksFinding(address.slice(0, -1))).toMatchObject({ good: false });
});
