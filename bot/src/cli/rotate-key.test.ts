import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lockFolder } from '@coppice/builder-runner/queue';
import { ensureKey, startKeyTending } from '@coppice/builder-runner/runner';
import { defaultTerms, type KeyNote, sandboxOf } from '@coppice/config';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { describeRotation, rotateKeyOf } from './rotate-key.ts';

let home: string;
let lines: string[];
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'coppice-rotate-cli-'));
  lines = [];
  await mkdir(join(home, 'state/queue'), { recursive: true, mode: 0o700 });
});
afterEach(() => rm(home, { recursive: true, force: true }));

const rotate = (name: string, atOnce = false, json = false) => {
  const put = (text: string) => void lines.push(text);
  const order = { owner: 'acme', name, atOnce, json };
  return rotateKeyOf({ print: put, say: put }, { COPPICE_HOME: home }, order);
};

test('where no service runs, the command itself makes the next key, once, and lets it sign when asked', async () => {
  const { fingerprint } = await ensureKey(home, 'acme', 'tools');
  expect(await rotate('tools')).toBe(0);
  expect(lines[0]).toMatch(
    new RegExp(`^Signing keys of acme/tools:\n {2}signing {2}${fingerprint} {2}rsa4096, ends on`),
  );
  expect(await rotate('tools')).toBe(0);
  expect(lines[1]).toMatch(/The next key was made before, .+ with --now it does so at once\.$/);
  expect(await rotate('tools', true, true)).toBe(0);
  const { keys } = JSON.parse(lines[2] ?? '') as { keys: KeyNote[] };
  expect(keys.map(({ role }) => role)).toEqual(['signing', 'former']);
  expect(keys[1]?.fingerprint).toBe(fingerprint);
  // The lock is free again.
  await (await lockFolder(join(home, 'state/queue'))).release();
});

test('where a service runs, it is asked, with the kind that its config states', async () => {
  await ensureKey(home, 'acme', 'tools');
  const lock = await lockFolder(join(home, 'state/queue'));
  const tender = await startKeyTending({
    publisher: { home, url: 'http://x', signing: () => ({ ...defaultTerms, kind: 'ed25519' }) },
    ...{ projects: () => [{ owner: 'acme', name: 'tools' }], onChange: () => undefined, askMilliseconds: 20 },
    ...{ log: () => undefined, now: () => new Date() },
  });
  try {
    expect(await rotate('tools')).toBe(0);
    expect(lines[0]).toMatch(
      /next {5}[0-9A-F]{40} {2}ed25519, ends on \d{4}-\d\d-\d\d\nThe next key is in pubkey\.gpg/,
    );
  } finally {
    await tender.stop();
    await lock.release();
  }
});

test('a project without a key, and a sandbox, are refused with what to do', async () => {
  await expect(rotate('tools')).rejects.toThrow(/acme\/tools has no signing key in .+Is the name right/);
  expect(await rotate(sandboxOf('tools', 7))).toBe(1);
  expect(lines[0]).toContain('belongs to a pull request');
});

test('of a frozen project it says that metadata is signed once it is resolved, and not now', async () => {
  await ensureKey(home, 'acme', 'tools');
  await mkdir(join(home, 'state/frozen/acme/tools'), { recursive: true });
  expect(await rotate('tools', true)).toBe(0);
  expect(lines[0]).toMatch(
    /The new key signs from now on\. .+\nacme\/tools is frozen: .+ after `\/resolve acme\/tools`\.$/,
  );
});

test('an end that never comes is said so', () => {
  const key: KeyNote = { fingerprint: 'A', kind: 'rsa4096', role: 'signing', endsAt: null, signsFrom: null };
  const text = describeRotation('a/b', [key], { wasUnderWay: false, serviceRuns: false, isFrozen: false });
  expect(text).toContain('rsa4096, never ends');
  expect(text).toContain('when the service runs again');
});
