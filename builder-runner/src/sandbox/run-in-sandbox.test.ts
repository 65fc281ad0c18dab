import { existsSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { keyringProbe } from '../../testing/keyring-probe.ts';
import { runInSandbox } from './run-in-sandbox.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coppice-sandbox-test-'));
  await mkdir(join(folder, 'sources'));
  await mkdir(join(folder, 'out'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A spec is a program: what this shell command of one prints when rpm reads the spec in the sandbox. */
async function whatItSaw(program: string, seconds = 30) {
  const spec = `Name: tiny
Version: 1.0
Release: 1
Summary: Tiny
License: Apache-2.0
URL: %(${program})
%description
Tiny.
`;
  writeFileSync(join(folder, 'sources', 'tiny.spec'), spec);
  return runInSandbox({
    command: ['rpmspec', '--query', '--qf', '%{URL}', '/sources/tiny.spec'],
    sources: join(folder, 'sources'),
    output: join(folder, 'out'),
    seconds,
    fileBytes: 1_000_000,
    signal: new AbortController().signal,
  });
}

test("it sees no file of the control host, neither a secret nor the machine's accounts", async () => {
  const secret = join(folder, 'secret');
  writeFileSync(secret, 'hunter2');
  const reading = await whatItSaw(`cat ${secret} /etc/shadow /root/.bashrc 2>/dev/null | wc -c`);
  expect(reading).toMatchObject({ exitCode: 0, output: '0' });
  expect(await whatItSaw('ls -d /work /var /root /run 2>/dev/null | wc -l')).toMatchObject({ output: '0' });
});

test('it cannot set anything of the kernel, nor make devices', async () => {
  const tries = 'for f in kernel/core_pattern kernel/modprobe; do (: >> /proc/sys/$f) 2>/dev/null && echo opened; done';
  const all = `${tries}; mknod /tmp/sda b 8 0 2>/dev/null && echo made; echo end`;
  expect(await whatItSaw(all)).toMatchObject({ output: 'end' });
});

test('it has a session keyring of its own, and asks for keys in vain in every ABI of the machine', async () => {
  writeFileSync(join(folder, 'sources', 'keys.py'), keyringProbe);
  const runs = [await whatItSaw('python3 /sources/keys.py'), await whatItSaw('python3 /sources/keys.py')];
  const [first, second] = runs.map(({ output }) => output.split(';'));
  const calls = ['keyctl', 'add_key', 'request_key'];
  const names =
    process.arch === 'x64' ? ['', '-x32', '-i386'].flatMap((abi) => calls.map((call) => call + abi)) : calls;
  expect(first?.[0]).toBe(names.map((name) => `${name}=refused`).join(','));
  // Who is not root sees other sessions of the same user listed, those that have just ended among them.
  const [before = [], after = []] = [first?.[1]?.split(','), second?.[1]?.split(',')];
  expect(before[0]).toMatch(/^[0-9a-f]+$/);
  expect(after.filter((session) => !before.includes(session))).not.toEqual([]);
});

test('it sees no environment of the service', async () => {
  process.env.COPPICE_TEST_SECRET = 'hunter2';
  expect(await whatItSaw('env | grep -c COPPICE_TEST_SECRET')).toMatchObject({ output: '0' });
});

test('it reaches no network, not even this machine', async () => {
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const program = `bash -c 'exec 3<>/dev/tcp/127.0.0.1/${port}' 2>/dev/null && echo reached || echo no`;
  expect(await whatItSaw(program)).toMatchObject({ output: 'no' });
  await new Promise((resolve) => server.close(resolve));
  expect(connections).toBe(0);
});

test('it cannot write to its sources; what it writes to its output stays', async () => {
  const program = 'touch /out/stray; touch /sources/x 2>/dev/null && echo written || echo no';
  expect(await whatItSaw(program)).toMatchObject({ output: 'no' });
  expect(existsSync(join(folder, 'out', 'stray'))).toBe(true);
});

test('it is ended at the time limit', async () => {
  expect(await whatItSaw('sleep 1000', 0.3)).toMatchObject({ timedOut: true, exitCode: null });
});

test('builders of this machine leave the keyrings in the same way: a driver can be copied, so it carries the file', async () => {
  const ansible = join(import.meta.dirname, '../../../ansible');
  const [ours, theirs] = await Promise.all([
    readFile(join(ansible, 'roles/builder/files/mock-lite/mocklite/keyrings.py'), 'utf8'),
    readFile(join(ansible, 'drivers/local/files/local_builder/keyrings.py'), 'utf8'),
  ]);
  expect(theirs).toBe(ours);
});
