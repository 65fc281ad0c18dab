// What a build puts on a builder, over a real connection: before the builder is its own, and after.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { published, type QueuedBuild, type QueuedChroot } from '@coppice/config';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { chrootsForTests, requestForTests } from '../../testing/queue/request-for-tests.ts';
import { startSshd, type TestServer } from '../../testing/sshd-for-tests.ts';
import type { Session } from '../builder/session.ts';
import { type Connection, connectBuilder } from '../builder/ssh.ts';
import { findSrpm } from '../publish/publisher.ts';
import { applyQueueOperation } from '../queue/queue-operation.ts';
import { emptyQueueState } from '../queue/queue-state.ts';
import { folderName, type Upload, UploadAhead } from './upload-build.ts';

const never = new AbortController().signal;
let server: TestServer;
let connection: Connection;
let home: string;
let upload: Upload;

beforeAll(async () => {
  server = await startSshd();
  connection = await connectBuilder(server.builder, server.user, never);
});
afterAll(async () => {
  connection.close();
  await server.stop();
});
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'coppice-ahead-'));
  const state = emptyQueueState();
  const requests = [requestForTests({ chroots: chrootsForTests('sapling-12-x86_64') })];
  applyQueueOperation(state, { kind: 'enqueue', requests, at: '2026-01-01T00:00:00.000Z' });
  const build = { ...([...state.builds.values()][0] as QueuedBuild), srpm: 'hello-1-1.src.rpm' };
  const context = { home } as Upload['context'];
  const chroot = build.chroots[0] as QueuedChroot;
  const srpm = await findSrpm(context, build, chroot.chroot);
  mkdirSync(dirname(srpm), { recursive: true });
  writeFileSync(srpm, 'a source package');
  upload = { context, build, chroot, session: sessionOf('one'), builderHasNetwork: false };
});
afterEach(() => rm(home, { recursive: true, force: true }));

const left: string[] = [];

/** A builder whose folders of builds are below a folder of this test. */
function sessionOf(name: string): Session {
  left.length = 0;
  return {
    ...{ builder: { ...server.builder, name }, user: server.user, home: join(home, name) },
    controlUrl: 'http://127.0.0.1:8400',
    see: () => undefined,
    useFolder: (folder) => join(home, name, 'builds', folder),
    leaveFolder: (folder) => void left.push(`${name} ${folder}`),
    run: (step) => step(connection),
  };
}

const folderOf = (of: Upload) => of.session.useFolder(folderName(of.build, of.chroot));
/** Lies in the build's folder until that is made anew. */
const mark = (of: Upload) => join(folderOf(of), 'mark');

/** Begins on the present builder; resolves when the files are there, and marks them. */
async function begun(ahead: UploadAhead): Promise<void> {
  ahead.begin(upload, never);
  // The source package comes last.
  const last = join(folderOf(upload), 'hello-1-1.src.rpm');
  await expect.poll(() => existsSync(last) && readFileSync(last, 'utf8')).toBe('a source package');
  writeFileSync(mark(upload), '');
}

test('what was made ready for a build is there when the builder is given, and is not sent again', async () => {
  const ahead = new UploadAhead();
  await begun(ahead);
  await ahead.complete(upload, connection, folderOf(upload));
  expect(existsSync(mark(upload))).toBe(true);
  for (const name of ['build.cfg', 'macros', 'detached.sh', 'result']) {
    expect([name, existsSync(join(folderOf(upload), name))]).toEqual([name, true]);
  }
  expect(left).toEqual([]);
});

test('what has changed since is sent again: a repository that is there by now is one of the build', async () => {
  const ahead = new UploadAhead();
  await begun(ahead);
  const { owner, project } = upload.build;
  const repodata = join(home, 'published', published.repository(owner, project, upload.chroot.chroot), 'repodata');
  mkdirSync(repodata, { recursive: true });
  writeFileSync(join(repodata, 'repomd.xml'), '');
  await ahead.complete(upload, connection, folderOf(upload));
  expect(existsSync(mark(upload))).toBe(false);
  expect(readFileSync(join(folderOf(upload), 'build.cfg'), 'utf8')).toContain('[coppice-project]');
});

test('a build that gets another builder brings everything there, and leaves the first to be cleaned', async () => {
  const ahead = new UploadAhead();
  await begun(ahead);
  const other = { ...upload, session: sessionOf('two') };
  await ahead.complete(other, connection, folderOf(other));
  expect(readFileSync(join(folderOf(other), 'hello-1-1.src.rpm'), 'utf8')).toBe('a source package');
  expect(left).toEqual([`one ${folderName(upload.build, upload.chroot)}`]);
});

test('a build that is not wanted any more leaves what it made ready to be cleaned', async () => {
  const ahead = new UploadAhead();
  await begun(ahead);
  ahead.forget(upload);
  ahead.forget(upload);
  expect(left).toEqual([`one ${folderName(upload.build, upload.chroot)}`]);
});
