import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { verify } from './verify.ts';
import { render } from './verify-file.ts';

vi.setConfig({ testTimeout: 60_000 });

let folder: string;
let key: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coppice-verify-cli-'));
  key = await makeKey();
  await writeFile(join(folder, 'a.rpm'), 'no package');
});
afterAll(() => rm(folder, { recursive: true }));

async function makeKey(): Promise<string> {
  const gpghome = join(folder, 'gpg');
  await mkdir(gpghome, { mode: 0o700 });
  const gpg = async (...args: string[]) =>
    (await execa('gpg', ['--batch', '--quiet', '--passphrase', '', ...args], { env: { GNUPGHOME: gpghome } })).stdout;
  await gpg('--quick-generate-key', 'a', 'ed25519', 'sign', 'never');
  const armored = await gpg('--armor', '--export');
  await execa('gpgconf', ['--homedir', gpghome, '--kill', 'gpg-agent']);
  return armored;
}

/** What the command says, and how it ends. */
async function run(question: Partial<Parameters<typeof verify>[1]>) {
  const said: string[] = [];
  const terminal = { print: (text: string) => said.push(text), say: (text: string) => said.push(text) };
  const code = await verify(terminal, { json: false, ...question });
  return { code, said: said.join('\n') };
}

test('without enough to look at it ends with 2, and says what to name', async () => {
  const file = join(folder, 'a.rpm');
  expect(await run({})).toEqual({ code: 2, said: expect.stringContaining('coppice verify FILE.rpm') });
  expect(await run({ file: join(folder, 'b.rpm') })).toEqual({ code: 2, said: expect.stringMatching(/is not there/) });
  expect(await run({ file: folder })).toEqual({ code: 2, said: expect.stringMatching(/is no regular file/) });
  expect(await run({ file })).toEqual({
    code: 2,
    said: expect.stringMatching(/attestation\.intoto\.jsonl is not there/),
  });
  const attestation = join(folder, 'given');
  await writeFile(attestation, '{"payload":1}');
  expect(await run({ file, attestation })).toEqual({
    code: 2,
    said: expect.stringMatching(/pubkey\.gpg and .+pubkey\.gpg are not there\. Name the public key .+ --key/),
  });
  expect(await run({ file, attestation, key: file })).toEqual({
    code: 2,
    said: expect.stringMatching(/a\.rpm cannot be used as a key/),
  });
});

test('what is neither package nor attestation is bad, and a key from beside it is told', async () => {
  const file = join(folder, 'a.rpm');
  await writeFile(join(folder, 'attestation.intoto.jsonl'), '{"payload":"\u001b[31m"}');
  await writeFile(join(folder, 'pubkey.gpg'), key);
  const { code, said } = await run({ file });
  expect(code).toBe(1);
  expect(said).toMatch(/It does not fit: rpm-signature, envelope\. Do not install it\./);
  expect(said).toMatch(/The key was taken from .+pubkey\.gpg\. Who could change the package/);
  expect(said).not.toContain('\u001b');
  const asked = await run({ file, key: join(folder, 'pubkey.gpg'), json: true });
  expect(JSON.parse(asked.said)).toMatchObject({ good: false, file, checks: [{ check: 'rpm-signature' }, {}] });
});

test('what others wrote reaches the terminal without control characters', () => {
  const hostile = 'x\u001b]0;title\u0007\r\n\u009b1m';
  const checks = [{ check: 'subject', good: true, detail: hostile }] as const;
  const used = { file: hostile, key: hostile, attestation: hostile };
  const text = render({ sha256: 'a', checks, statement: undefined }, used, true);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
  expect(text.replaceAll('\n', '')).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
  expect(text.split('\n')).toHaveLength(9);
  expect(text).toMatch(/All of it fits\.$/);
});
