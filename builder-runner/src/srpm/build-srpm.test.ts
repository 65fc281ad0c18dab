// What happens when no builder can make a source package. Nothing listens where these builders are said to be.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { published, type QueuedBuild, settingsSchema } from '@coppice/config';
import { expect, onTestFinished, test } from 'vitest';
import { gitIn } from '../../testing/fetching.ts';
import { machineChroot, operationsForTests } from '../../testing/operations-for-tests.ts';
import { chrootsForTests, requestForTests } from '../../testing/queue/request-for-tests.ts';
import { Canceled } from '../base/abort.ts';
import { fail } from '../base/outcome.ts';
import { openPoolWith } from '../pool/open-pool.ts';
import { openQueue } from '../queue/index.ts';
import { buildSrpm, withUntried } from './build-srpm.ts';

const now = () => new Date();

/** A port of this machine that refuses connections. */
async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A build of a package in the config repo, and a pool whose builders cannot be reached; three of them are tried. */
async function openContext() {
  const home = await mkdtemp(join(tmpdir(), 'coppice-srpm-'));
  const work = join(home, 'work');
  const path = 'packages/acme/tools/hello';
  await mkdir(join(work, path), { recursive: true });
  await writeFile(join(work, path, 'hello.spec'), 'Name: hello\n');
  gitIn(work, 'init', '--quiet');
  gitIn(work, 'add', '.');
  gitIn(work, 'commit', '--quiet', '-m', 'One');
  const commit = gitIn(work, 'rev-parse', 'HEAD');
  execFileSync('git', ['clone', '--quiet', '--bare', work, join(home, 'state', 'config.git')]);
  const keyFile = join(home, 'key');
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', keyFile]);
  const instance = {
    instance: 'x',
    host: '127.0.0.1',
    port: await closedPort(),
    user: 'root',
    hostKey: 'ssh-ed25519 AA',
  };
  const settings = settingsSchema.parse({ builders: { pools: [{ driver: 'local', max: 1 }], attempts: 3 } });
  const queue = await openQueue({ folder: join(home, 'state', 'queue'), now });
  const lines: string[] = [];
  const ended: string[] = [];
  const log = (level: string, message: string) => void lines.push(`${level} ${message}`);
  const operations = operationsForTests({ instance, keyFile, folder: home }, ended);
  const pool = await openPoolWith({ settings, home, log, now, operations });
  onTestFinished(async () => {
    await pool.stop({ keepLeased: false });
    await queue.close();
    await rm(home, { recursive: true });
  });
  const source = { type: 'dir', commit, path, tree: '' } as const;
  const request = requestForTests({ source, configCommit: commit, chroots: chrootsForTests(machineChroot) });
  const [build] = (await queue.enqueue([request])) as readonly [QueuedBuild];
  return { context: { home, url: '', queue, pool, settings, controlPort: 1, log, now }, build, lines, ended };
}

test('each try has another builder, and after the last one it is a fault of the machinery without a record', async () => {
  const { context, build, lines, ended } = await openContext();
  const made = buildSrpm(context, build, new AbortController().signal);
  await expect(made).rejects.toMatchObject({ name: 'RunnerError', code: 'connect' });
  await expect.poll(() => new Set(ended).size, { message: 'none of them is used again' }).toBe(3);
  const again = lines.filter((line) => line.includes('is tried again'));
  expect(again).toHaveLength(2);
  expect(again[0]).toMatch(/^warn the source package of acme\/tools hello #1 is tried again: no SSH connection/);
  expect(existsSync(join(context.home, 'published', published.srpmBuild(build)))).toBe(false);
  expect(await readdir(join(context.home, 'state', 'staging'))).toEqual([]);
});

test('nothing of an earlier try is left beside what is published', async () => {
  const { context, build } = await openContext();
  const target = join(context.home, 'published', published.srpmBuild(build));
  await mkdir(join(target, machineChroot), { recursive: true });
  for (const file of [`${machineChroot}/hello-1-1.src.rpm`, 'hello-1-1.src.rpm', 'success', 'result.json'])
    await writeFile(join(target, file), 'of an earlier try');
  const gone = { ...build, source: { type: 'dir', commit: 'f'.repeat(40), path: 'gone', tree: '' } } as QueuedBuild;
  const made = await buildSrpm(context, gone, new AbortController().signal);
  expect(made).toMatchObject({ ok: false, failure: { reason: 'source' } });
  expect((await readdir(target)).sort()).toEqual(['fail', 'result.json', 'srpm.log']);
});

test('a cancellation between two tries ends it', async () => {
  const { context, build, lines } = await openContext();
  const canceling = new AbortController();
  const reason = new Canceled('Canceled by somebody.');
  const log = (level: string, message: string) => {
    context.log(level, message);
    if (message.includes('is tried again')) canceling.abort(reason);
  };
  await expect(buildSrpm({ ...context, log }, build, canceling.signal)).rejects.toBe(reason);
  expect(lines.filter((line) => line.includes('is tried again'))).toHaveLength(1);
});

test('a failure names the chroots for which no other source package was tried', () => {
  const { failure } = fail('source', 'a.txt is not among the sources.');
  expect(withUntried(failure, { variants: [] })).toBe(failure);
  const variants = [{ chroots: ['sapling-12-x86_64'] }, { chroots: ['epel-9-x86_64', 'epel-9-aarch64'] }];
  expect(withUntried(failure, { variants }).message).toBe(
    'a.txt is not among the sources. For sapling-12-x86_64, epel-9-x86_64 and epel-9-aarch64, where the spec names other sources, none was tried.',
  );
});
