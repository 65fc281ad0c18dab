import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { gitEnvironment } from './git-environment.ts';
import { openGit } from './open-git.ts';
import { runLimitedGit, streamLimitedGit } from './run-limited-git.ts';

let repository: string;

beforeAll(async () => {
  repository = await mkdtemp(join(tmpdir(), 'coppice-limited-git-'));
  await openGit({ timeoutSeconds: 60 }).text(['init', '--quiet', '--bare', repository]);
});
afterAll(() => rm(repository, { recursive: true, force: true }));

const call = () => ({
  environment: { ...gitEnvironment([]), GIT_DIR: repository },
  fileBytes: 100_000,
  seconds: 60,
});
/** Does not get smaller when git packs it. */
const noise = (bytes: number) => Array.from({ length: bytes }, () => String(Math.random())[5] ?? '').join('');

test('a file that git writes is bounded', async () => {
  const small = await runLimitedGit(['hash-object', '-w', '--stdin'], { ...call(), input: noise(10_000) });
  expect(small).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^[0-9a-f]{40}$/) });
  const large = await runLimitedGit(['hash-object', '-w', '--stdin'], { ...call(), input: noise(1_000_000) });
  expect(large.signal === 'SIGXFSZ' || /too large/i.test(large.stderr)).toBe(true);
});

test('its time is bounded, and an abort ends it', async () => {
  // Nobody gives it what it waits for.
  const late = await streamLimitedGit(['cat-file', '--batch'], { ...call(), seconds: 0.2 });
  expect(late).toMatchObject({ timedOut: true });
  const stop = new AbortController();
  const waiting = streamLimitedGit(['cat-file', '--batch'], { ...call(), signal: stop.signal });
  stop.abort();
  expect(await waiting).toMatchObject({ isCanceled: true });
});

test('it knows nothing of the environment of the service', async () => {
  vi.stubEnv('GIT_DIR', '/nowhere');
  vi.stubEnv('GIT_CONFIG_PARAMETERS', "'user.name=leaked'");
  const { stdout } = await runLimitedGit(['config', '--list'], call());
  vi.unstubAllEnvs();
  expect(stdout).toContain('core.bare=true');
  expect(stdout).not.toContain('leaked');
});
