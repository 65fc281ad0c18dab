import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startSshd, type TestServer } from '../../testing/sshd-for-tests.ts';
import { RunnerError } from '../base/errors.ts';
import { type ReceiveOrder, receiveFiles, takeFiles } from './receive-files.ts';
import { type Connection, connectBuilder } from './ssh.ts';
import { uploadTree } from './upload-tree.ts';

const never = new AbortController().signal;
let server: TestServer;
let connection: Connection;
let folder: string;

beforeAll(async () => {
  server = await startSshd();
  connection = await connectBuilder(server.builder, server.user, never);
  folder = await mkdtemp(join(tmpdir(), 'coppice-receive-'));
});
afterAll(async () => {
  connection.close();
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

const orderOf = (name: string, more: Partial<ReceiveOrder> = {}): ReceiveOrder => ({
  ...{ from: join(folder, name), patterns: ['*.rpm', 'build.log'], to: join(folder, `${name}-here`) },
  ...{ fileBytes: 10_000_000, totalBytes: 20_000_000, signal: never },
  ...more,
});

test('the files that are wanted come as they are, and nothing else does', async () => {
  const order = orderOf('good');
  mkdirSync(join(order.from, 'folder.rpm'), { recursive: true });
  const large = Buffer.alloc(5_000_000, 'large ');
  for (const [name, content] of [
    ['a.rpm', large],
    ['empty.rpm', ''],
    ["it's a b\nc.rpm", 'odd'],
    ['build.log', 'log\n'],
    ['secret.txt', 'no'],
    ['too-large.rpm', Buffer.alloc(10_000_001)],
  ] as const) {
    writeFileSync(join(order.from, name), content);
  }
  symlinkSync('/etc/passwd', join(order.from, 'link.rpm'));
  writeFileSync(Buffer.concat([Buffer.from(`${order.from}/b-`), Buffer.from([0xff]), Buffer.from('.rpm')]), 'odd name');
  utimesSync(join(order.from, 'build.log'), 1_000_000, 1_000_000);
  mkdirSync(order.to);
  writeFileSync(join(order.to, 'left.rpm'), 'of an interrupted try');
  const received = await receiveFiles(connection, order);
  if (received.kind !== 'files') return expect(received.kind).toBe('files');
  const { names, left } = received;
  const wanted = ['a.rpm', 'build.log', 'empty.rpm', "it's a b\nc.rpm"];
  expect([names.toSorted(), readdirSync(order.to).sort()]).toEqual([wanted, wanted]);
  expect(readFileSync(join(order.to, 'a.rpm')).equals(large)).toBe(true);
  expect(readFileSync(join(order.to, "it's a b\nc.rpm"), 'utf8')).toBe('odd');
  expect(statSync(join(order.to, 'build.log')).mtimeMs).toBe(1_000_000_000);
  expect(
    left.map(({ name, why }) => [name, why]).sort((a, b) => (`${a[1]} ${a[0]}` < `${b[1]} ${b[0]}` ? -1 : 1)),
  ).toEqual([
    ['folder.rpm', 'kind'],
    ['link.rpm', 'kind'],
    ['b-\ufffd.rpm', 'name'],
    ['too-large.rpm', 'size'],
  ]);
  expect(left).toContainEqual({ name: 'too-large.rpm', bytes: 10_000_001, why: 'size' });
});

test('a folder that is not there has no files', async () => {
  expect(await receiveFiles(connection, orderOf('nowhere'))).toEqual({ kind: 'files', names: [], left: [] });
});

test('more than may come together does not come', async () => {
  const order = orderOf('much', { totalBytes: 5 });
  mkdirSync(order.from);
  for (const [name, content] of [
    ['a.rpm', '123'],
    ['b.rpm', '1234'],
  ] as const)
    writeFileSync(join(order.from, name), content);
  const largest = { name: 'b.rpm', bytes: 4 };
  expect(await receiveFiles(connection, order)).toEqual({ kind: 'too-large', largest });
  expect(readdirSync(order.to)).toEqual([]);
});

test('a cancellation ends it', async () => {
  const order = orderOf('late', { signal: AbortSignal.abort(new Error('canceled')) });
  await expect(receiveFiles(connection, order)).rejects.toThrow('canceled');
});

test('what was uploaded comes back, beside what was put there, and nothing of before', async () => {
  const local = join(folder, 'local');
  mkdirSync(join(local, 'result'), { recursive: true });
  writeFileSync(join(local, 'result', 'build.log'), 'in a folder');
  writeFileSync(join(local, 'one.rpm'), 'one');
  writeFileSync(join(folder, 'beside.rpm'), 'beside');
  const remote = join(folder, 'uploaded');
  mkdirSync(remote);
  writeFileSync(join(remote, 'old.rpm'), 'old');
  await uploadTree(connection, local, remote, [join(folder, 'beside.rpm')]);
  expect(readdirSync(remote).sort()).toEqual(['beside.rpm', 'one.rpm', 'result']);
  expect(await receiveFiles(connection, orderOf('uploaded'))).toMatchObject({ kind: 'files' });
  expect(readFileSync(join(folder, 'uploaded-here', 'beside.rpm'), 'utf8')).toBe('beside');
});

async function* inPieces(sent: Buffer, cuts: readonly number[]): AsyncGenerator<Buffer> {
  let from = 0;
  for (const cut of [...cuts.map((at) => at % (sent.length + 1)).sort((a, b) => a - b), sent.length]) {
    if (cut > from) yield sent.subarray(from, cut);
    from = cut;
  }
}

test('however what is sent is cut into pieces, the same files come of it', () =>
  fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(fc.record({ name: fc.stringMatching(/^[a-z]{1,8}$/), data: fc.uint8Array({ maxLength: 40 }) }), {
        selector: ({ name }) => name,
        maxLength: 4,
      }),
      fc.array(fc.nat(), { maxLength: 12 }),
      async (files, cuts) => {
        const heads = files.map(({ name, data }) => Buffer.from(`${data.length} 1 f ${name}\0`));
        const sent = Buffer.concat([...heads, Buffer.from('\0'), ...files.map(({ data }) => data)]);
        const to = await mkdtemp(join(folder, 'pieces-'));
        await takeFiles(inPieces(sent, cuts), { to, fileBytes: 1000, totalBytes: 1000 }, never);
        expect(Object.fromEntries(readdirSync(to).map((name) => [name, [...readFileSync(join(to, name))]]))).toEqual(
          Object.fromEntries(files.map(({ name, data }) => [name, [...data]])),
        );
      },
    ),
    { numRuns: 50 },
  ));

test.each([
  ['a name that leads out of the folder', '3 1 f ../x\0\0abc'],
  ['a name that is the folder', '3 1 f .\0\0abc'],
  ['the same name twice', '1 1 f a\x001 1 f a\0\0ab'],
  ['a size that is no number', '-3 1 f a\0\0abc'],
  ['an entry without end', '1'.repeat(2000)],
])('refused is %s', async (_, sent) => {
  const to = await mkdtemp(join(folder, 'refused-'));
  const taken = takeFiles(inPieces(Buffer.from(sent), [1000]), { to, fileBytes: 1000, totalBytes: 1000 }, never);
  await expect(taken).rejects.toMatchObject({ code: 'collect' });
  expect(readdirSync(to)).toEqual([]);
});

test('a stream that ends too early is a connection that was lost', async () => {
  const to = await mkdtemp(join(folder, 'cut-'));
  const taken = takeFiles(
    inPieces(Buffer.from('9 1 f a\0\0abc'), []),
    { to, fileBytes: 1000, totalBytes: 1000 },
    never,
  );
  await expect(taken).rejects.toMatchObject({ code: 'lost' });
});

test('when the connection is lost in the middle, nothing is written any more once that is told', async () => {
  const to = join(folder, 'lost-here');
  const lost = Promise.withResolvers<never>();
  const written = Promise.withResolvers<void>();
  const pieces = new PassThrough();
  const client = { exec: (_: string, use: (error: undefined, channel: unknown) => void) => use(undefined, channel) };
  const channel = Object.assign(pieces, { stderr: new PassThrough(), end: () => undefined, destroy: () => pieces });
  const broken = { client, lost: lost.promise } as unknown as Connection;
  const taken = receiveFiles(broken, { ...orderOf('lost'), to });
  taken.catch(() => undefined);
  pieces.write('900000 1 f a.rpm\0\0abc');
  const look = setInterval(() => existsSync(join(to, 'a.rpm')) && written.resolve(), 5);
  await written.promise;
  clearInterval(look);
  lost.reject(new RunnerError('lost', 'gone'));
  await expect(taken).rejects.toMatchObject({ code: 'lost' });
  await rm(to, { recursive: true });
  pieces.write('def');
  await new Promise((resolve) => setImmediate(resolve));
  expect(existsSync(to)).toBe(false);
  // The file of a writer that went on would still be open.
  const open = readdirSync('/proc/self/fd').map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return '';
    }
  });
  expect(open.filter((path) => path.startsWith(to))).toEqual([]);
});
