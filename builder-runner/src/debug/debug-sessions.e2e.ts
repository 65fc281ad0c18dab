// A debug session from the request to its end, on a real builder with a real SSH client.
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BuildId, published, settingsSchema } from '@coppice/config';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { needRoot } from '../../testing/need-root.ts';
import { scripted } from '../../testing/packages.ts';
import { makeTestHome, sapling, type TestHome, untilChange } from '../../testing/start-test-service.ts';
import { openPool } from '../pool/open-pool.ts';
import type { BuilderPool } from '../pool/pool.ts';
import { openQueue, type Queue } from '../queue/index.ts';
import { type Runner, startRunner } from '../runner.ts';
import { type DebugSessions, openDebugSessions } from './debug-sessions.ts';
import type { DebugSession } from './debug-state.ts';
import { readSshKeys } from './ssh-keys.ts';

needRoot();
const lines: string[] = [];
const log = (level: string, message: string, fields?: object) =>
  void lines.push(`${level} ${message} ${JSON.stringify(fields ?? {})}`);
const settings = settingsSchema.parse({ builders: { pools: [{ loginsTrusted: true }] } });
const now = () => new Date();
let place: TestHome;
let queue: Queue;
let pool: BuilderPool;
let runner: Runner;
let debugSessions: DebugSessions;
let keys: string;
let failed: BuildId;

const context = () => ({ ...place, queue, pool, settings, controlPort: place.port, log, now });

beforeAll(async () => {
  keys = await mkdtemp(join(tmpdir(), 'coppice-keys-'));
  for (const name of ['asker', 'stranger'])
    await execa('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(keys, name)]);
  place = await makeTestHome({ broken: scripted('broken', 'echo half > half-done\necho it breaks here >&2\nfalse') });
  queue = await openQueue({ folder: join(place.home, 'state', 'queue'), now });
  pool = await openPool({ settings, home: place.home, controlPort: place.port, log, now });
  runner = await startRunner(context());
  const [build] = await queue.enqueue([place.request({ package: 'broken' })]);
  failed = build?.id as BuildId;
  await untilChange(queue, failed, ({ gone }) => gone);
}, 300_000);

afterAll(async () => {
  await debugSessions?.stop();
  await runner?.stop({ drain: false });
  await pool?.stop({ keepLeased: false });
  await queue?.close();
  await place?.remove();
  await rm(keys, { recursive: true, force: true });
});

const keyOf = async (name: string) => readSshKeys([await readFile(join(keys, `${name}.pub`), 'utf8')]);
const ask = async (key: string): Promise<DebugSession> => {
  const request = place.request({ package: 'broken' });
  const wish = { key, id: failed, request, chroot: sapling, by: 'builder', keys: await keyOf('asker') };
  const session = await debugSessions.request(wish);
  if (typeof session === 'string') throw new Error(session);
  if ('refused' in session) throw new Error(session.refused);
  return session;
};
const whenIt = async (id: number, ...states: readonly DebugSession['state'][]): Promise<DebugSession> => {
  await vi.waitUntil(() => states.includes(debugSessions.session(id)?.state ?? 'waiting'), {
    timeout: 120_000,
    interval: 50,
  });
  return debugSessions.session(id) as DebugSession;
};
const accessOf = ({ access }: DebugSession) => {
  if (access === null) throw new Error('it is not open');
  return access;
};
/** What somebody with this key gets of a command there, the host key held against the fingerprint that was told. */
const logIn = async (session: DebugSession, who: string, command: string, ...options: string[]) => {
  const { host, port, user, fingerprint } = accessOf(session);
  const known = join(keys, `known-${session.id}`);
  const { stdout } = await execa('ssh-keyscan', ['-t', 'ed25519', '-p', String(port), host]);
  await writeFile(known, stdout);
  expect((await execa('ssh-keygen', ['-l', '-f', known])).stdout).toContain(` ${fingerprint} `);
  const strict = ['-F', '/dev/null', '-o', `UserKnownHostsFile=${known}`, '-o', 'StrictHostKeyChecking=yes'];
  const only = ['-o', 'IdentitiesOnly=yes', '-o', 'BatchMode=yes', '-i', join(keys, who), '-p', String(port)];
  return await execa('ssh', [...strict, ...only, ...options, `${user}@${host}`, command], {
    reject: false,
    stdin: 'ignore',
  });
};
const folders = (): Promise<string[]> => readdir(join(place.home, 'state', 'builders')).catch(() => []);
const snapshot = async () => {
  const root = join(place.root, 'results');
  const names = (await readdir(root, { recursive: true })).sort();
  return Promise.all(names.map(async (name) => `${name} ${(await stat(join(root, name))).mtimeMs}`));
};

describe('a debug session', () => {
  test('opens a builder with the failed build in its root to the key of who asked, to nobody else, and publishes nothing', async () => {
    debugSessions = await openDebugSessions(context());
    const before = await snapshot();
    const asked = await ask('one');
    expect((await ask('one')).id, 'asked for again, it is the same').toBe(asked.id);
    const session = await whenIt(asked.id, 'open', 'failed');
    expect(session).toMatchObject({ state: 'open', message: null, by: 'builder' });
    const access = accessOf(session);
    expect(access.exitCode).toBe(1);
    const log = await logIn(session, 'asker', `cat ${access.folder}/result/build.log`);
    expect(log.stdout).toContain('it breaks here');
    const found = await logIn(
      session,
      'asker',
      `mock -r ${access.folder}/build.cfg --shell 'find / -name half-done -type f 2>/dev/null'`,
    );
    expect(`${found.stdout}\n${found.stderr}`).toMatch(/\/build\S*\/half-done/);
    const refused = await logIn(session, 'stranger', 'id');
    expect([refused.exitCode, refused.stderr]).toEqual([255, expect.stringContaining('Permission denied')]);
    const tunnel = await logIn(session, 'asker', 'id', '-W', '127.0.0.1:22');
    expect(tunnel.stderr).toContain('administratively prohibited');
    const control = await logIn(
      session,
      'asker',
      `grep -o 'http://127.0.0.1:[0-9]*' ${access.folder}/build.cfg | head -1`,
    );
    expect(control.stdout).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    const reach = await logIn(session, 'asker', `curl --silent --max-time 5 ${control.stdout.trim()}/; echo "exit $?"`);
    expect(reach.stdout, 'the control host is out of reach').toMatch(/exit (7|28)$/);
    expect(await snapshot()).toEqual(before);
    expect(queue.builds()).toEqual([]);
    expect(pool.isKept(session.builder ?? '')).toBe(true);
    await debugSessions.end(session.id, 'builder');
    expect(debugSessions.session(session.id)).toMatchObject({ state: 'ended', message: 'Ended by builder.' });
    expect(await folders()).not.toContain(session.builder ?? '');
    expect((await execa('pgrep', ['-f', session.builder ?? ''], { reject: false })).stdout).toBe('');
  });

  test('is taken up by the next start of the service, and ends by itself', async () => {
    await debugSessions.stop();
    debugSessions = await openDebugSessions(context(), 12);
    const { id } = await ask('two');
    const open = await whenIt(id, 'open', 'failed');
    const until = Date.parse(accessOf(open).until);
    // As after a crash: another pool finds what this one has made.
    await debugSessions.stop();
    const crashed = pool;
    pool = await openPool({ settings, home: place.home, controlPort: place.port, log, now });
    debugSessions = await openDebugSessions(context(), 12);
    expect(debugSessions.session(id)).toMatchObject({ state: 'open', builder: open.builder });
    expect((await logIn(open, 'asker', 'echo here')).stdout).toBe('here');
    const over = await whenIt(id, 'ended');
    expect(over.message).toBe('Its time was over.');
    expect(Date.now()).toBeGreaterThanOrEqual(until - 50);
    await vi.waitUntil(async () => !(await folders()).includes(open.builder ?? ''), { timeout: 30_000 });
    const { host, port } = accessOf(open);
    const scan = await execa('ssh-keyscan', ['-t', 'ed25519', '-p', String(port), host], { reject: false });
    expect(scan.stdout, 'nobody answers there any more').toBe('');
    await crashed.stop({ keepLeased: false });
  });

  test('that was cut off on its way begins anew, and one that is ended on its way leaves no builder', async () => {
    const { id } = await ask('three');
    const first = await whenIt(id, 'preparing');
    expect(first.builder).toMatch(/^coppice-/);
    await debugSessions.stop();
    debugSessions = await openDebugSessions(context());
    expect(await folders(), 'nobody knows how far it came').not.toContain(first.builder ?? '');
    const second = await whenIt(id, 'preparing', 'open');
    expect(second.builder).not.toBe(first.builder);
    await debugSessions.end(id, 'builder');
    await vi.waitUntil(async () => !(await folders()).includes(second.builder ?? ''), { timeout: 30_000 });
    expect(debugSessions.session(id)?.state).toBe('ended');
  });

  test('is not to be had of a build without a source package', async () => {
    const id = 77 as BuildId;
    const request = place.request({ package: 'broken' });
    const folder = join(place.root, published.srpmBuild({ ...request, id }));
    expect(await stat(folder).catch(() => 'none')).toBe('none');
    const wish = { key: 'four', id, request, chroot: sapling, by: 'builder', keys: await keyOf('asker') };
    expect(await debugSessions.request(wish)).toBe('no-source');
  });
});
