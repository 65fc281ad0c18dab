import { copyFile, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type AttestedBuild, attestedBuild } from '../../testing/attested-builds.ts';
import { makeRpms } from '../../testing/make-rpms.ts';
import { ensureKey } from '../signing/keys.ts';
import { closeAllSigning, envelopeSigner } from '../signing/sign.ts';
import { sealStatement } from './dsse.ts';
import { predicateType } from './statement-schema.ts';
import { readStatus } from './verify-envelope.ts';
import { checkStatement, type RpmEvidence, readSignatureReport, verifyRpm } from './verify-rpm.ts';

// Keys are made, and programs are run.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let home: string;
let hello: AttestedBuild;
let other: AttestedBuild;
let foreign: AttestedBuild;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'coppice-verify-test-'));
  hello = await attestedBuild(home, 7, 'hello');
  other = await attestedBuild(home, 8, 'other');
  foreign = await attestedBuild(home, 9, 'hello', { project: 'foreign' });
});
afterAll(async () => {
  await closeAllSigning(home);
  await rm(home, { recursive: true, force: true });
});

/** The checks that fail, and what is said of the first. */
async function faults(evidence: Partial<RpmEvidence>) {
  const { checks } = await verifyRpm({ ...hello, ...evidence });
  const bad = checks.filter(({ good }) => !good);
  return { bad: bad.map(({ check }) => check), said: bad[0]?.detail ?? '' };
}

const decode = (line: string) => JSON.parse(line) as { payload: string; payloadType: string; signatures: object[] };
/** The same envelope around a payload that somebody has changed. */
function changed(line: string, change: (statement: Record<string, never>) => unknown): string {
  const envelope = decode(line);
  const statement = JSON.parse(Buffer.from(envelope.payload, 'base64').toString());
  const payload = Buffer.from(JSON.stringify(change(statement))).toString('base64');
  return `${JSON.stringify({ ...envelope, payload })}\n`;
}
/** An envelope that the project's own key has signed. */
async function sealed(statement: unknown): Promise<string> {
  const { fingerprint } = await ensureKey(home, 'acme', 'tools');
  return await sealStatement(statement, envelopeSigner({ home, owner: 'acme', project: 'tools', fingerprint }));
}

test('a package, its attestation and its key that belong together fit, whatever the file is called', async () => {
  const { checks, statement, sha256 } = await verifyRpm(hello);
  expect(checks.map(({ check, good }) => [check, good])).toEqual([
    ['rpm-signature', true],
    ['envelope', true],
    ['envelope-signature', true],
    ['subject', true],
    ['predicate', true],
  ]);
  expect(hello.record.artifacts.map((artifact) => artifact.sha256)).toContain(sha256);
  expect(statement?.predicate.buildDefinition.externalParameters).toMatchObject({ package: 'hello' });
  const renamed = join(home, '-x\n    Header V4 Signature, key ID 1: OK.rpm');
  await copyFile(hello.rpm, renamed);
  expect(await faults({ rpm: renamed })).toMatchObject({ bad: [] });
  // Several keys in one file: each counts.
  expect(await faults({ keys: foreign.keys + hello.keys })).toMatchObject({ bad: [] });
  expect(await faults({ keys: hello.keys + foreign.keys })).toMatchObject({ bad: [] });
});

describe('what was tampered with is named:', () => {
  test('a package with one other byte', async () => {
    const rpm = join(home, 'changed.rpm');
    const bytes = await readFile(hello.rpm);
    bytes[bytes.length - 20] = (bytes[bytes.length - 20] ?? 0) ^ 1;
    await writeFile(rpm, bytes);
    expect(await faults({ rpm })).toMatchObject({
      bad: ['rpm-signature', 'subject'],
      said: expect.stringMatching(/^The package has been changed: Payload SHA256/),
    });
  });

  test('a package that was cut off', async () => {
    const rpm = join(home, 'hello-1.0-1.noarch.rpm');
    await copyFile(hello.rpm, rpm);
    await truncate(rpm, 300);
    const { checks } = await verifyRpm({ ...hello, rpm });
    expect(checks[0]).toMatchObject({ good: false, detail: expect.stringMatching(/^The package cannot be read/) });
    expect(checks[3]).toMatchObject({
      good: false,
      detail: expect.stringMatching(/not the one that .+ names: its SHA/),
    });
  });

  test('a package without a signature, and one that another key has signed', async () => {
    const folder = await mkdtemp(join(home, 'unsigned-'));
    await makeRpms(folder, 'hello', '1.0');
    const rpm = join(folder, 'hello-1.0-1.noarch.rpm');
    expect(await faults({ rpm })).toMatchObject({
      bad: ['rpm-signature', 'subject'],
      said: 'The package is not signed.',
    });
    expect(await faults({ rpm: foreign.rpm })).toMatchObject({
      bad: ['rpm-signature', 'subject'],
      said: 'The package is signed by another key.',
    });
  });

  test('a payload that was changed under its signature', async () => {
    const attestation = changed(hello.attestation, (statement) => ({ ...statement, extra: 1 }));
    expect(await faults({ attestation })).toEqual({
      bad: ['envelope-signature'],
      said: 'The signature of the attestation is not good: what was signed has been changed.',
    });
    const { statement } = await verifyRpm({ ...hello, attestation });
    expect(statement).toBeUndefined();
    // Of the same length, and about a package that the same key has signed.
    const { sha256 } = other.record.artifacts.find(({ file }) => other.rpm.endsWith(file)) ?? { sha256: '' };
    const swapped = changed(hello.attestation, (stated) => {
      const subject = hello.record.artifacts.map(({ file }) => ({ name: file, digest: { sha256 } }));
      return { ...stated, subject };
    });
    expect(swapped).toHaveLength(hello.attestation.length);
    expect(await faults({ rpm: other.rpm, attestation: swapped })).toMatchObject({ bad: ['envelope-signature'] });
    const type = hello.attestation.replace('vnd.in-toto+json', 'vnd.other+json');
    expect(await faults({ attestation: type })).toMatchObject({ bad: ['envelope', 'envelope-signature'] });
  });

  test('the attestation of another build of the same key', async () => {
    expect(await faults({ attestation: other.attestation })).toMatchObject({
      bad: ['subject'],
      said: expect.stringMatching(/about 2 other files, .+ "other-1.0-1.noarch.rpm": it is that of another build/),
    });
  });

  test('an attestation by another key, and another key than that of both', async () => {
    expect(await faults({ attestation: foreign.attestation })).toMatchObject({
      bad: ['envelope-signature', 'subject'],
      said: expect.stringMatching(/another key has signed it/),
    });
    expect(await faults({ keys: foreign.keys })).toMatchObject({ bad: ['rpm-signature', 'envelope-signature'] });
    await expect(verifyRpm({ ...hello, keys: 'no key\n' })).rejects.toMatchObject({ code: 'keys' });
  });

  test.each([
    ['nothing', () => ''],
    ['a half', (line: string) => line.slice(0, line.length / 2)],
    ['two', (line: string) => line + line],
    ['no signature', (line: string) => JSON.stringify({ ...decode(line), signatures: [] })],
    ['a list', () => '[]\n'],
  ])('an attestation that is %s', async (_, change) => {
    expect(await faults({ attestation: change(hello.attestation) })).toMatchObject({ bad: ['envelope'] });
  });

  test('an attestation whose signature is none', async () => {
    for (const sig of [Buffer.from('junk').toString('base64'), '']) {
      const attestation = JSON.stringify({ ...decode(hello.attestation), signatures: [{ sig }] });
      expect(await faults({ attestation })).toMatchObject({ bad: ['envelope-signature'] });
    }
  });

  test('a signed statement of another form', async () => {
    const statement = JSON.parse(Buffer.from(decode(hello.attestation).payload, 'base64').toString());
    const without = structuredClone(statement);
    delete without.predicate.runDetails.metadata.finishedOn;
    expect(await faults({ attestation: await sealed(without) })).toMatchObject({
      bad: ['predicate'],
      said: expect.stringMatching(
        /^The statement is not of Coppice's form: predicate\.runDetails\.metadata\.finishedOn/,
      ),
    });
    const vsa = { ...statement, predicateType: 'https://slsa.dev/verification_summary/v1' };
    expect(await faults({ attestation: await sealed(vsa) })).toMatchObject({
      bad: ['predicate'],
      said: expect.stringContaining(`instead of ${predicateType}`),
    });
    expect(await faults({ attestation: await sealed({ ...statement, subject: [] }) })).toMatchObject({
      bad: ['envelope'],
    });
    // Fields that a later service adds are let pass.
    const later = { ...statement, predicate: { ...statement.predicate, coppice_later: 1 } };
    expect(await faults({ attestation: await sealed(later) })).toMatchObject({ bad: [] });
  });
});

test('gpg and rpmkeys are believed only when they say the whole of it', () => {
  const good = '[GNUPG:] GOODSIG B3 A\n[GNUPG:] VALIDSIG 84E8C4DF733214AC98BF1CE2B3E77594B025754B 2026 1 0\n';
  expect(readStatus(good)).toMatchObject({ kind: 'good', hasExpired: false });
  expect(readStatus(good.replace('GOODSIG', 'EXPKEYSIG'))).toMatchObject({ kind: 'good', hasExpired: true });
  for (const word of ['REVKEYSIG', 'EXPSIG', 'BADSIG', 'ERRSIG'])
    expect(readStatus(good.replace('GOODSIG', word)).kind).toBe('bad');
  expect(readStatus(`${good}[GNUPG:] BADSIG B3 A\n`).kind).toBe('bad');
  expect(readStatus('[GNUPG:] GOODSIG B3 A\n').kind).toBe('bad');
  const newer = 'package.rpm:\n  Header OpenPGP V4 RSA/SHA512 signature, key fingerprint: 84e8: OK\n  MD5 digest: OK\n';
  expect(readSignatureReport({ succeeded: true, text: newer })).toMatchObject({ good: true });
  expect(readSignatureReport({ succeeded: false, text: newer })).toMatchObject({ good: false });
  expect(readSignatureReport({ succeeded: true, text: 'package.rpm:\n  MD5 digest: OK\n' })).toMatchObject({
    good: false,
  });
});

test('any payload is answered with checks, never with an error', () => {
  for (const text of ['', 'null', '{}', '{"_type":1}', '\ufffd', '[[[[']) {
    const { checks } = checkStatement(
      { payloadType: 'application/vnd.in-toto+json', payload: Buffer.from(text) },
      'x',
      'y',
    );
    expect(checks).toMatchObject([{ check: 'envelope', good: false }]);
  }
});

test('nothing is left in the temporary folder, and no agent of gpg', async () => {
  await verifyRpm(hello);
  const { stdout } = await execa('ps', ['-eo', 'args']);
  expect(stdout).not.toMatch(/gpg-agent.+coppice-verify-/);
});
