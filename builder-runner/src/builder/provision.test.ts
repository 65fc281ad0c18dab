import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { settingsSchema } from '@coppice/config';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePort, startSshd, type TestServer } from '../../testing/sshd-for-tests.ts';
import { PlaybookOutput } from './playbook.ts';
import { provisionBuilder } from './provision.ts';

const never = new AbortController().signal;
let server: TestServer;
let home: string;
beforeAll(async () => {
  server = await startSshd();
  home = await mkdtemp(join(tmpdir(), 'coppice-provision-'));
});
afterAll(async () => {
  await server.stop();
  await rm(home, { recursive: true });
});

test('a builder that came up and cannot be reached is told as that, with the reason and the words of ssh', async () => {
  const builder = { ...server.builderOf(await freePort(), 'host'), knownHostsFile: join(home, 'known_hosts') };
  const { name } = builder;
  const failed = await provisionBuilder({ home, settings: settingsSchema.parse({}) }, builder, never).catch(
    (error) => error,
  );
  expect(failed).toMatchObject({ code: 'unreachable', cause: expect.any(PlaybookOutput) });
  expect(failed.message).toMatch(
    new RegExp(`^${name} came up and cannot be reached as .* port \\d+: .*Connection refused`),
  );
  expect(failed.cause.output).toMatch(/UNREACHABLE[\s\S]*ssh -v ended with 255:[\s\S]*debug1: /);
}, 60_000);
