// Whether an RPM is what an attestation speaks of, and both are signed by keys that the reader trusts. Offline: it asks
// nobody, and runs gpg and rpmkeys on files of its own.
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseJsonAs } from '@coppice/config';
import { execa } from 'execa';
import { RunnerError } from '../base/errors.ts';
import { baseName, inQuotes } from '../base/sentence-parts.ts';
import { sha256Of } from '../rpm/describe-artifacts.ts';
import { type Envelope, parseEnvelope, statementType } from './dsse.ts';
import { predicateType, type Statement, statementFrameSchema, statementSchema } from './statement-schema.ts';
import { verifyEnvelope } from './verify-envelope.ts';

/** What is looked at, in this order. */
export const rpmChecks = ['rpm-signature', 'envelope', 'envelope-signature', 'subject', 'predicate'] as const;

/** One thing that fits or does not; `detail` is a sentence, and may quote what others wrote. */
export interface RpmCheck {
  readonly check: (typeof rpmChecks)[number];
  readonly good: boolean;
  readonly detail: string;
}

export interface RpmVerification {
  /** Of the file as it is. */
  readonly sha256: string;
  readonly checks: readonly RpmCheck[];
  /** What the attestation says, when it is signed and of the known form; undefined otherwise. */
  readonly statement: Statement | undefined;
}

/** What is given; all of it may come from anybody but the keys. */
export interface RpmEvidence {
  /** Path of the RPM. */
  readonly rpm: string;
  /** The text of the attestation's file. */
  readonly attestation: string;
  /** The text of a file of armored public keys, each of which counts. */
  readonly keys: string;
}

/**
 * Looks at all of it, also when something does not fit. Throws RunnerError `keys` when there is no key to trust,
 * `tool-missing`, and what reading the RPM throws.
 */
export async function verifyRpm({ rpm, attestation, keys }: RpmEvidence): Promise<RpmVerification> {
  const sha256 = await sha256Of(rpm);
  const rpmSignature = await checkRpmSignature(rpm, keys);
  const envelope = parseEnvelope(attestation);
  if (typeof envelope === 'string') {
    const good = { check: 'envelope', good: false, detail: `The attestation ${envelope}.` } as const;
    return { sha256, checks: [rpmSignature, good], statement: undefined };
  }
  const signature = await checkEnvelopeSignature(envelope, keys);
  const { checks, statement } = checkStatement(envelope, baseName(rpm), sha256);
  return {
    sha256,
    checks: [rpmSignature, ...checks.slice(0, 1), signature, ...checks.slice(1)],
    statement: signature.good ? statement : undefined,
  };
}

async function checkEnvelopeSignature(envelope: Envelope, keys: string): Promise<RpmCheck> {
  const verdict = await verifyEnvelope(envelope, keys);
  const check = 'envelope-signature';
  switch (verdict.kind) {
    case 'unsound-key':
      throw new RunnerError('keys', verdict.why);
    case 'bad':
      return { check, good: false, detail: `The signature of the attestation is not good: ${verdict.why}.` };
    case 'good': {
      const since = verdict.hasExpired ? ', which has expired since' : '';
      return { check, good: true, detail: `The attestation is signed by the key ${verdict.fingerprint}${since}.` };
    }
  }
}

/** What the envelope holds: the envelope's own check first. Pure. */
export function checkStatement(
  { payloadType, payload }: Pick<Envelope, 'payloadType' | 'payload'>,
  file: string,
  sha256: string,
): { readonly checks: readonly RpmCheck[]; readonly statement: Statement | undefined } {
  const envelope = (good: boolean, detail: string): RpmCheck => ({ check: 'envelope', good, detail });
  if (payloadType !== statementType) {
    const detail = `The attestation holds ${inQuotes(payloadType)} instead of ${statementType}.`;
    return { checks: [envelope(false, detail)], statement: undefined };
  }
  const text = payload.toString('utf8');
  const frame = parseJsonAs(text, statementFrameSchema);
  if (frame.kind === 'broken') {
    const detail = `The attestation holds no in-toto statement: ${frame.why}.`;
    return { checks: [envelope(false, detail)], statement: undefined };
  }
  const whole = parseJsonAs(text, statementSchema);
  const statement = whole.kind === 'value' ? whole.value : undefined;
  const checks = [
    envelope(true, 'The attestation is an in-toto statement in a DSSE envelope.'),
    checkSubject(frame.value.subject, file, sha256),
    checkPredicate(frame.value.predicateType, whole.kind === 'broken' ? whole.why : undefined, statement),
  ];
  return { checks, statement };
}

/** The hash decides. The name helps to say what is wrong: files may be renamed. */
function checkSubject(subject: Statement['subject'], file: string, sha256: string): RpmCheck {
  const check = 'subject';
  const own = subject.find(({ digest }) => digest.sha256 === sha256);
  if (own !== undefined) {
    return { check, good: true, detail: `The attestation is about this file, as ${inQuotes(own.name)}.` };
  }
  const named = subject.find(({ name }) => name === file);
  const detail =
    named === undefined
      ? `The attestation is about ${subject.length} other files, the first of which is ${inQuotes(subject[0]?.name ?? '')}: it is that of another build.`
      : `The file is not the one that the attestation names: its SHA-256 is ${sha256} instead of ${named.digest.sha256}.`;
  return { check, good: false, detail };
}

function checkPredicate(type: string, why: string | undefined, statement: Statement | undefined): RpmCheck {
  const check = 'predicate';
  if (type !== predicateType) {
    return { check, good: false, detail: `The statement is a ${inQuotes(type)} instead of ${predicateType}.` };
  }
  if (statement === undefined) return { check, good: false, detail: `The statement is not of Coppice's form: ${why}.` };
  const { buildDefinition, runDetails } = statement.predicate;
  const { project, package: name, chroot } = buildDefinition.externalParameters;
  const { builder, metadata } = runDetails;
  const what = `${project} ${name} for ${chroot}`.slice(0, 300);
  const detail = `Built as ${inQuotes(what)} by ${inQuotes(builder.id)}, until ${metadata.finishedOn}.`;
  return { check, good: true, detail };
}

/** rpmkeys checks it, in a database of its own that holds these keys alone. */
async function checkRpmSignature(rpm: string, keys: string): Promise<RpmCheck> {
  const home = await mkdtemp(join(tmpdir(), 'coppice-verify-'));
  try {
    const keyFile = join(home, 'keys');
    await writeFile(keyFile, keys);
    if (!(await rpmkeys(home, ['--import', keyFile])).succeeded) {
      throw new RunnerError('keys', 'rpmkeys finds no key in it');
    }
    // Its own name, whatever it is, has no part in what rpmkeys is told or says.
    const file = join(home, 'package.rpm');
    await symlink(resolve(rpm), file);
    return readSignatureReport(await rpmkeys(home, ['--checksig', '--verbose', file]));
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

interface RpmkeysReport {
  readonly succeeded: boolean;
  readonly text: string;
}

async function rpmkeys(home: string, args: readonly string[]): Promise<RpmkeysReport> {
  const database = ['--define', `_dbpath ${join(home, 'db')}`, '--define', '_pkgverify_level all'];
  const done = await execa('rpmkeys', [...database, ...args], {
    env: { PATH: process.env.PATH ?? '/usr/bin:/bin', HOME: home, LC_ALL: 'C.UTF-8' },
    extendEnv: false,
    stdin: 'ignore',
    timeout: 120_000,
    maxBuffer: 1024 * 1024,
    all: true,
    reject: false,
  });
  if (done.code === 'ENOENT') throw new RunnerError('tool-missing', 'rpmkeys is missing: install rpm', { cause: done });
  return { succeeded: done.exitCode === 0, text: done.all };
}

/** What `rpmkeys --checksig --verbose` says: a line for each digest and signature. Pure. */
export function readSignatureReport({ succeeded, text }: RpmkeysReport): RpmCheck {
  const check = 'rpm-signature';
  const lines = text.split('\n').map((line) => line.trim());
  const bad = lines.find((line) => /^[\w ]+ digest: BAD\b|^[\w ]*signature\b[^(]*: BAD\b/i.test(line));
  const good = lines.find((line) => /\bsignature\b.*: OK$/i.test(line));
  const fault = (detail: string): RpmCheck => ({ check, good: false, detail });
  if (succeeded && good !== undefined) {
    return { check, good: true, detail: `The package is signed: ${good.replace(/: OK$/, '')}.` };
  }
  if (bad !== undefined) return fault(`The package has been changed: ${bad.slice(0, 200)}.`);
  if (lines.some((line) => /\bsignature\b.*: NOKEY$/i.test(line)))
    return fault('The package is signed by another key.');
  if (good === undefined && lines.some((line) => line.endsWith(': OK'))) return fault('The package is not signed.');
  const said = /\bpackage\.rpm: (\S.*)$/m.exec(text)?.[1];
  return fault(`The package cannot be read${said === undefined ? '' : `: ${said.slice(0, 200)}`}.`);
}
