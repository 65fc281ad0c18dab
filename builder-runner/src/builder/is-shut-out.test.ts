// On a builder that lets its owner in; nobody has no shell there, as a build user whose sessions end at once.
import { userInfo } from 'node:os';
import { afterAll, beforeAll, expect, test } from 'vitest';
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
