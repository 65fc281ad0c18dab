// A build that goes on seeing what it saw at its start: a real dnf reads through a real SSH connection, while the
// repository is published again and again, a package that it reads is deleted, and the service is started again.
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BuildId, published, type QueuedBuild } from '@coppice/config';
import { execa } from 'execa';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { buildOf, publishTiny, testChroot } from '../../testing/publish-builds.ts';
import { chrootsForTests } from '../../testing/queue/request-for-tests.ts';
import { serveFolder } from '../../testing/serve-folder.ts';
import { startSshd, type TestServer } from '../../testing/sshd-for-tests.ts';
import { openLine } from '../builder/session.ts';
import { findInputs } from '../mock/input-repositories.ts';
import { openQueue, type Queue } from '../queue/index.ts';
import { listGenerations } from '../repodata/generations.ts';
import { closeAllSigning } from '../signing/sign.ts';
import { findInUse, generationsInUse } from './generations-in-use.ts';
import { deleteBuild } from './project-life.ts';
import { writeMetadata } from './publish.ts';
import type { Publisher } from './publisher.ts';
import { removeDue } from './remove-later.ts';
import { graceSeconds, keptGenerations } from './repository-of.ts';

const tools = { owner: 'acme', project: 'tools' };
const path = published.repository('acme', 'tools', testChroot);
let home: string;
let ssh: TestServer;
let server: Awaited<ReturnType<typeof serveFolder>>;
let queue: Queue;
let publisher: Publisher;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'coppice-in-use-'));
  ssh = await startSshd();
  server = await serveFolder(join(home, 'published'));
  queue = await openTestQueue();
  publisher = {
    ...{ home, url: 'https://build.example.org' },
    generationsInUse: (repository) => generationsInUse(queue.builds(), repository),
  };
});
afterEach(async () => {
  vi.useRealTimers();
  await queue.close();
  await ssh.stop();
  server.closeAllConnections();
  server.close();
  await closeAllSigning(home);
  await rm(home, { recursive: true, force: true });
});

const openTestQueue = () => openQueue({ folder: join(home, 'state', 'queue'), now: () => new Date() });

/** A build that a worker has in hand. */
async function begun(): Promise<QueuedBuild> {
  const { id: _, requestedAt: __, srpm: ___, srpmState: ____, chroots: _____, ...request } = buildOf(1, 'reader');
  const asked = { ...request, after: [], afterBuilds: [], chroots: chrootsForTests(testChroot) };
  const [build] = (await queue.enqueue([asked])) as [QueuedBuild];
  await queue.claim('w');
  await queue.srpmDone(build.id, 'reader-1-1.src.rpm');
  expect(await queue.claim('w')).toMatchObject({ kind: 'chroot' });
  return build;
}

const inputsOf = ({ id }: QueuedBuild) => queue.build(id)?.chroots[0]?.inputs ?? [];

/** A connection to the builder on which this build sees what the queue says. */
async function connect(build: QueuedBuild) {
  const { builder, user } = ssh;
  const controlPort = (server.address() as AddressInfo).port;
  const options = { builder, user, controlPort, project: 'acme/tools', reconnectSeconds: 5, resumes: false };
  const line = await openLine({ ...options, signal: new AbortController().signal });
  const session = line.session(() => undefined);
  const seen = inputsOf(build).map(({ project, generation }) => [`${project}/${testChroot}`, generation]);
  session.see(Object.fromEntries(seen));
  return { url: `${session.controlUrl}/${path}`, line, session };
}

/** What dnf, with no cache, reads there with its check of the signature: packages, each with its bytes. */
async function readAll(url: string): Promise<string[]> {
  const folder = await mkdtemp(join(home, 'dnf-'));
  const key = join(home, 'published', published.publicKey('acme', 'tools'));
  const { stdout } = await execa('dnf', [
    ...['-q', '-y', '--disableplugin=local', '--releasever=12', `--installroot=${folder}/root`],
    ...[`--setopt=cachedir=${folder}/cache`, '--setopt=reposdir=/nonexistent', '--refresh'],
    ...['--repofrompath', `tiny,${url}`, '--repo', 'tiny', '--setopt=tiny.skip_if_unavailable=0'],
    ...['--setopt=tiny.repo_gpgcheck=1', `--setopt=tiny.gpgkey=file://${key}`],
    ...['repoquery', '--qf', '%{name}-%{version} %{location}\n'],
  ]);
  const seen = [];
  for (const line of stdout.split('\n').filter((text) => text !== '')) {
    const answer = await fetch(`${url}/${line.split(' ')[1]}`);
    const bytes = Buffer.from(await answer.arrayBuffer());
    seen.push(`${line} ${answer.status} ${bytes.subarray(0, 4).toString('hex')} ${bytes.length}`);
  }
  return [...new Set(seen)].sort();
}

/** As if so much time had passed: what is old enough to go is looked for, as the service does once a minute. */
async function later(seconds: number): Promise<void> {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + seconds * 1000 });
  await removeDue(home, new Date(), { isInUse: findInUse(publisher) });
  await writeMetadata(publisher, tools, testChroot, {});
}

test('a build sees one generation to its end, whatever is published, deleted or started again; then it goes', async () => {
  await publishTiny(publisher, 1, 'hello', '1.0');
  await publishTiny(publisher, 2, 'other', '1.0');
  const build = await begun();
  const place = { published: join(home, 'published'), chroot: testChroot };
  const inputs = await findInputs(place, 'acme/tools', ['coppice://acme/nothing', 'https://example.org/r']);
  expect(inputs).toEqual([{ project: 'acme/tools', generation: 2 }]);
  await queue.pin(build.id, testChroot, inputs);

  let { url, line, session } = await connect(build);
  const first = await readAll(url);
  expect(first.map((text) => text.split(' ', 1)[0])).toEqual(['hello-1.0', 'hello-1.0', 'other-1.0', 'other-1.0']);
  expect(first.every((text) => / 200 edabeedb \d+$/.test(text))).toBe(true);

  // Reads go on while the repository changes.
  let isDone = false;
  const changing = (async () => {
    await publishTiny(publisher, 3, 'hello', '2.0');
    await deleteBuild(publisher, 'acme', 'tools', 1 as BuildId);
    for (let count = 0; count < keptGenerations + 2; count += 1) await writeMetadata(publisher, tools, testChroot, {});
    isDone = true;
  })();
  do expect(await readAll(url)).toEqual(first);
  while (!isDone);
  await changing;
  await later(graceSeconds + 60);
  expect(await readAll(url)).toEqual(first);

  // The service is started again; its builder has the build still.
  await queue.close();
  line.close();
  queue = await openTestQueue();
  expect(inputsOf(build)).toEqual(inputs);
  ({ url, line, session } = await connect(build));
  await later(graceSeconds + 60);
  expect(await readAll(url)).toEqual(first);

  // What begins now sees what is there now.
  session.see({});
  const now = await readAll(url);
  expect(now.map((text) => text.split(' ', 1)[0])).toEqual(['hello-2.0', 'hello-2.0', 'other-1.0', 'other-1.0']);

  const repository = join(home, 'published', path);
  expect(await listGenerations(repository)).toContain(2);
  expect(existsSync(join(repository, '00000001-hello'))).toBe(true);
  await queue.finish(build.id, testChroot, { state: 'canceled', reason: null, message: 'Canceled by somebody.' });
  await later(graceSeconds + 60);
  expect(await listGenerations(repository)).not.toContain(2);
  expect(existsSync(join(repository, '00000001-hello'))).toBe(false);
  // What it saw is not there any more, and nothing else is shown instead.
  session.see({ [`acme/tools/${testChroot}`]: 2 });
  expect((await fetch(`${url}/repodata/repomd.xml`)).status).toBe(404);
  session.see({});
  expect(await readAll(url)).toEqual(now);
  line.close();
}, 180_000);
