// The command against a home where a service has run, and against one that runs.
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { openJournaledStore } from '@coppice/builder-runner/queue';
import { execa } from 'execa';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { controlAction, startControlServer } from '../service/control-server.ts';
import { writeEndpoint } from '../service/endpoint.ts';
import { readHome } from '../service/home.ts';
import { applyToBotState, type BotOperation, type BotState, initialBotState } from '../vocabulary/bot-state.ts';
import { pruneWishSchema } from '../vocabulary/prune-report.ts';
import { prune } from './prune.ts';

let folder: string;
let printed: string[];
const said: string[] = [];
const terminal = { print: (text: string) => void printed.push(text), say: (text: string) => void said.push(text) };
const environment = () => ({ COPPICE_HOME: folder });
const endpoint = {
  pid: 1,
  url: 'http://127.0.0.1:8080',
  github: { mode: 'embedded', apiUrl: 'http://x.test', webUrl: 'http://x.test', repository: 'acme/packages' },
} as const;
const report = { dryRun: true, builds: [], sources: [], generations: [], sandboxes: [], projects: [], bytes: 0 };

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coppice-prune-cli-'));
  printed = [];
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A home in which a config is in force. */
async function makeHome(): Promise<void> {
  const files = {
    'coppice.yaml': 'admins: [a]\nchroots: [fedora-42-x86_64]\nretention: { failed: 30d, failedBuilds: 2 }\n',
    'projects/acme/tools.yaml': 'maintainers: [a]\nchroots: [fedora-42-x86_64]\nretention: { failed: 1d }\n',
    'projects/acme/libs.yaml': 'maintainers: [a]\nchroots: [fedora-42-x86_64]\ndeleteAfter: 2020-01-01\n',
  };
  const work = join(folder, 'work');
  for (const [name, text] of Object.entries(files)) {
    await mkdir(join(work, name, '..'), { recursive: true });
    await writeFile(join(work, name), text);
  }
  const git = (...args: string[]) =>
    execa('git', ['-c', 'user.name=a', '-c', 'user.email=a@example.org', '-C', work, ...args]);
  await git('init', '-q');
  await git('add', '.');
  await git('commit', '-qm', 'One');
  await mkdir(join(folder, 'state'), { recursive: true });
  await execa('git', ['clone', '-q', '--bare', work, join(folder, 'state/config.git')]);
  const { stdout: commit } = await git('rev-parse', 'HEAD');
  const store = await openJournaledStore<BotState, BotOperation, void>({
    ...{ folder: join(folder, 'state/bot'), initial: initialBotState, apply: applyToBotState },
    decode: (json) => json as BotState,
  });
  await store.commit([{ kind: 'handled', id: 'x', checks: [], goodCommit: commit }]);
  await store.close();
  await writeEndpoint(readHome(environment()), endpoint);
}

async function failedBuild(project: string, id: number, endedAt: string): Promise<string> {
  const path = join(folder, 'published/results/acme', project, 'fedora-42-x86_64', `0000000${id}-one`);
  await mkdir(path, { recursive: true });
  await writeFile(join(path, 'build.log'), 'x'.repeat(1000));
  await writeFile(join(path, 'result.json'), JSON.stringify({ state: 'failed', reason: 'compile', endedAt }));
  return path;
}

test('says what would go, and then takes it away, where no service runs', async () => {
  await makeHome();
  const long = new Date(Date.now() - 3 * 86_400_000).toISOString();
  const [old, last] = [await failedBuild('tools', 1, long), await failedBuild('tools', 2, long)];
  const many = [];
  for (const id of [3, 4, 5]) many.push(await failedBuild('other', id, long));
  expect(await prune(terminal, environment(), { dryRun: true, json: true })).toBe(0);
  const report = JSON.parse(printed[0] ?? '');
  expect(report).toMatchObject({
    dryRun: true,
    builds: [
      { project: 'acme/other', id: 3, why: 'failed' },
      { project: 'acme/tools', id: 1, why: 'failed', package: 'one', chroot: 'fedora-42-x86_64' },
    ],
    projects: [{ project: 'acme/libs', deleteAfter: '2020-01-01' }],
    problems: [],
  });
  expect(report.bytes).toBeGreaterThan(2000);
  expect(existsSync(old)).toBe(true);
  expect(await prune(terminal, environment(), { dryRun: false, json: false })).toBe(0);
  expect(printed[1]).toMatch(/^acme\/tools +fedora-42-x86_64 +build 1 of one +failed +\d+$/m);
  expect(printed[1]).toMatch(/\n\d+ bytes are freed/);
  expect([old, last, ...many].map((path) => existsSync(path))).toEqual([false, true, false, true, true]);
});

test('asks the running service, which knows who may', async () => {
  await makeHome();
  const asked: unknown[] = [];
  const control = await startControlServer({
    '/prune': controlAction(pruneWishSchema, async (wish) => {
      asked.push(wish);
      return { ...report, problems: ['acme/tools is left as it is: damaged'] };
    }),
  });
  try {
    await writeEndpoint(readHome(environment()), { ...endpoint, control });
    expect(await prune(terminal, environment(), { dryRun: true, json: false })).toBe(1);
    expect([asked, printed, said.at(-1)]).toEqual([
      [{ dryRun: true }],
      ['Nothing is to be removed.'],
      'acme/tools is left as it is: damaged',
    ]);
    const address = `http://127.0.0.1:${control.port}/prune`;
    const as = (token: string) => fetch(address, { method: 'POST', headers: { Authorization: `Bearer ${token}` } });
    expect((await as('0'.repeat(64))).status).toBe(403);
    expect((await as('')).status).toBe(403);
    expect((await fetch(address, { headers: { Authorization: `Bearer ${control.token}` } })).status).toBe(404);
    expect(asked).toHaveLength(1);
  } finally {
    await control.close();
  }
});

test('says so where no service has run, and where no config is in force', async () => {
  await expect(prune(terminal, environment(), { dryRun: true, json: false })).rejects.toThrow(/No service has run in/);
  await mkdir(join(folder, 'state'), { recursive: true });
  await writeEndpoint(readHome(environment()), endpoint);
  await execa('git', ['init', '-q', '--bare', join(folder, 'state/config.git')]);
  await expect(prune(terminal, environment(), { dryRun: true, json: false })).rejects.toThrow(/No config is in force/);
});

/** fetch gives up when the head of an answer has not come within what its dispatcher says: five minutes. */
const dispatcher = Symbol.for('undici.globalDispatcher.1');
type Dispatchers = Record<symbol, { constructor: new (options: { headersTimeout: number }) => never }>;

test('waits for a service that works for longer than fetch waits for an answer', async () => {
  await makeHome();
  const control = await startControlServer({
    '/prune': controlAction(pruneWishSchema, async () => {
      await setTimeout(1500);
      return { ...report, problems: [] };
    }),
  });
  await fetch('data:,');
  const dispatchers = globalThis as unknown as Dispatchers;
  const before = dispatchers[dispatcher];
  if (before === undefined) throw new TypeError('fetch has no dispatcher');
  dispatchers[dispatcher] = new before.constructor({ headersTimeout: 100 });
  try {
    const address = `http://127.0.0.1:${control.port}/prune`;
    const headers = { Authorization: `Bearer ${control.token}` };
    await expect(fetch(address, { method: 'POST', headers, body: '{"dryRun":true}' })).rejects.toThrow();
    await writeEndpoint(readHome(environment()), { ...endpoint, control });
    expect(await prune(terminal, environment(), { dryRun: true, json: false })).toBe(0);
    expect(printed).toEqual(['Nothing is to be removed.']);
  } finally {
    dispatchers[dispatcher] = before;
    await control.close();
  }
});

test('says that a service went away while it worked', async () => {
  await makeHome();
  const control = await startControlServer({
    '/prune': controlAction(pruneWishSchema, async () => {
      await control.close();
      return report;
    }),
  });
  await writeEndpoint(readHome(environment()), { ...endpoint, control });
  await expect(prune(terminal, environment(), { dryRun: true, json: false })).rejects.toThrow(
    'The service went away before it had answered. Its log says how far it came; ask again when it runs.',
  );
});
