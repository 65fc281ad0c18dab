// On a builder that lets its owner in; nobody has no shell there, as a build user whose sessions end at once.
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { startSshd, type TestServer } from '../../testing/sshd-for-tests.ts';
import { isShutOut } from './is-shut-out.ts';

const never = new AbortController().signal;
let server: TestServer;

beforeAll(async () => {
  server = await startSshd();
});
afterAll(() => server.stop());

test('a build user who can do nothing, while the owner can, is shut out', async () => {
  expect(await isShutOut(server.builder, 'nobody', never)).toBe(true);
});

test('nobody is shut out of a builder that nobody reaches', async () => {
  expect(await isShutOut(server.builderOf(1, 'host'), 'nobody', never)).toBe(false);
});

test('who is let in is not shut out, nor can the owner say so of himself', async () => {
  const { builder } = server;
  const alias = { ...builder, instance: { ...builder.instance, user: 'nobody' } };
  expect(await isShutOut(alias, userInfo().username, never)).toBe(false);
  expect(await isShutOut(builder, userInfo().username, never)).toBe(false);
});

/** A server on which no command ends for a long while, and the file that the first of them makes. */
async function startStuckSshd() {
  const folder = await mkdtemp(join(tmpdir(), 'coppice-stuck-'));
  const began = join(folder, 'began');
  const stuck = await startSshd(`ForceCommand touch ${began}; exec sleep 40\n`);
  onTestFinished(async () => {
    await stuck.stop();
    await rm(folder, { recursive: true });
  });
  return { builder: stuck.builder, began };
}

test('nobody is shut out of a builder that answers not even its owner', async () => {
  const { builder } = await startStuckSshd();
  expect(await isShutOut(builder, 'nobody', never, 1)).toBe(false);
});

test('a cancellation does not wait for an answer', async () => {
  const { builder, began } = await startStuckSshd();
  const canceling = new AbortController();
  const asked = isShutOut(builder, 'nobody', canceling.signal, 3600);
  asked.catch(() => undefined);
  await expect.poll(() => existsSync(began)).toBe(true);
  canceling.abort(new Error('canceled'));
  await expect(asked).rejects.toThrow('canceled');
});
