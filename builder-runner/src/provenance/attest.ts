// Writes what is said of a build beside its packages: the signed attestation, and the bill of materials.
import { hash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type Artifact,
  type BuildPlace,
  type BuildrootList,
  buildrootLog,
  type ChrootName,
  maximumBuildrootBytes,
  packageHeadersFile,
  parseBuildroot,
  parseJsonAs,
  published,
  type Result,
} from '@coppice/config';
import about from '../../package.json' with { type: 'json' };
import { RunnerError } from '../base/errors.ts';
import { readRegularFile } from '../base/regular-file.ts';
import { replaceFile } from '../base/replace-file.ts';
import { sha256Of } from '../rpm/describe-artifacts.ts';
import { readPackageFacts } from '../rpm/package-facts.ts';
import { type EnvelopeSigner, parseEnvelope, sealStatement } from './dsse.ts';
import type { SbomBuild } from './sbom.ts';
import { type BuildFacts, makeStatement, type SignedAgain, statementAgain } from './statement.ts';
import { type Statement, statementSchema } from './statement-schema.ts';
import { verifyEnvelope } from './verify-envelope.ts';

/** The names of both in a build's folder. */
export const attestationFile = 'attestation.intoto.jsonl';
export const sbomFile = 'sbom.cdx.json';
/** Several times what the bounds of all lists together come to. */
export const maximumAttestationBytes = 16 * 1024 * 1024;

/** Of a file of public keys. */
export const maximumKeyBytes = 1024 * 1024;

/** Both, as `result.json` records them. */
export interface Accounts {
  readonly attestation: Account;
  readonly sbom: Account;
}
type Account = NonNullable<Result['attestation']>;

/** What lies in a build's folder: packages that were signed, and mock's logs. */
export interface SignedFiles {
  /** Absolute. */
  readonly folder: string;
  readonly artifacts: readonly Artifact[];
  readonly logs: readonly string[];
}

/** What an attempt that was cut off may have left of both, and of what is told of the packages' headers. */
export async function removeAccounts(folder: string): Promise<void> {
  const files = [attestationFile, sbomFile, packageHeadersFile];
  await Promise.all(files.map((file) => rm(join(folder, file), { force: true })));
}

/** Writes both for a build. Throws RunnerError `sign`, and what signing throws. */
export async function attestBuild(
  signer: EnvelopeSigner,
  files: SignedFiles,
  facts: Omit<BuildFacts, 'version'>,
): Promise<Accounts> {
  const { build, chroot, engine, url, finishedAt: at } = facts;
  const buildroot = await readBuildroot(files.folder);
  const sbom = await writeSbom(files, buildroot, { url, engine, place: build, chroot: chroot.chroot, at });
  const byproducts = [await hashAll(files), { file: sbomFile, sha256: sbom.sha256 }].flat();
  const hashed = { artifacts: files.artifacts, byproducts, buildroot };
  const statement = makeStatement({ ...facts, version: about.version }, hashed);
  return { sbom, attestation: await writeAttestation(signer, files.folder, statement) };
}

/** A build whose packages were signed again with another project's key, in a folder of their own. */
export interface CopiedBuild {
  /** Where the build is now. */
  readonly place: BuildPlace;
  readonly chroot: ChrootName;
  /** Public address of the service, without a slash at the end. */
  readonly url: string;
  readonly at: Date;
  /** The record that it had before. */
  readonly original: Result;
  /** The public key of the project that it was built in, armored. */
  readonly originalKey: string;
}

/**
 * Writes both for packages that were built in another project and signed again here. `files.folder` holds the
 * attestation of their build, which is replaced: by one about these files that says where, when and of what they were
 * built. Resolves with undefined, and leaves neither, when there was no attestation, or it is not by the key of that
 * project and about the packages that its record names. Throws what signing throws.
 */
export async function attestAgain(
  signer: EnvelopeSigner,
  files: SignedFiles,
  { place, chroot, url, at, original, originalKey }: CopiedBuild,
): Promise<Accounts | undefined> {
  const before = await readOriginal(files.folder, original, originalKey);
  await Promise.all([attestationFile, sbomFile].map((file) => rm(join(files.folder, file), { force: true })));
  if (before === undefined || original.engine === null) return undefined;
  const wasIn = published.chrootBuild({ ...original, id: original.id as BuildPlace['id'] }, chroot);
  const again: SignedAgain = {
    project: `${place.owner}/${place.project}`,
    build: place.id,
    at,
    original: { uri: `${url}/${wasIn}/${attestationFile}`, sha256: before.sha256 },
  };
  const buildroot = await readBuildroot(files.folder);
  const sbom = await writeSbom(files, buildroot, { url, engine: original.engine, place, chroot, at });
  const byproducts = [{ file: sbomFile, sha256: sbom.sha256 }];
  const statement = statementAgain(before.statement, again, { artifacts: files.artifacts, byproducts });
  return { sbom, attestation: await writeAttestation(signer, files.folder, statement) };
}

async function readOriginal(
  folder: string,
  record: Result,
  key: string,
): Promise<{ readonly statement: Statement; readonly sha256: string } | undefined> {
  const read = await readRegularFile(join(folder, attestationFile), maximumAttestationBytes);
  const envelope = read?.kind === 'text' ? parseEnvelope(read.text) : undefined;
  if (read?.kind !== 'text' || envelope === undefined || typeof envelope === 'string') return undefined;
  if ((await verifyEnvelope(envelope, key)).kind !== 'good') return undefined;
  const statement = parseJsonAs(envelope.payload.toString('utf8'), statementSchema);
  if (statement.kind === 'broken') return undefined;
  const stated = new Set(statement.value.subject.map(({ digest }) => digest.sha256));
  const isAbout = record.artifacts.length > 0 && record.artifacts.every(({ sha256 }) => stated.has(sha256));
  return isAbout ? { statement: statement.value, sha256: hash('sha256', read.text) } : undefined;
}

/** Undefined: the builder gave none that could be read. */
async function readBuildroot(folder: string): Promise<BuildrootList | undefined> {
  const read = await readRegularFile(join(folder, buildrootLog), maximumBuildrootBytes);
  if (read?.kind !== 'text') return undefined;
  const list = parseBuildroot(read.text);
  // No build begins in an empty root.
  return list.packages.length === 0 ? undefined : list;
}

async function writeSbom(
  { folder, artifacts }: SignedFiles,
  buildroot: BuildrootList | undefined,
  build: Omit<SbomBuild, 'version'>,
): Promise<Account> {
  // What it stands on takes 80 ms to load, which commands and a service without builds do without.
  const { makeSbom } = await import('./sbom.ts');
  const packages = await Promise.all(
    artifacts.map(async (artifact) => ({ artifact, facts: await readPackageFacts(join(folder, artifact.file)) })),
  );
  return await writeAccount(folder, sbomFile, makeSbom({ ...build, version: about.version }, packages, buildroot));
}

async function writeAttestation(signer: EnvelopeSigner, folder: string, statement: Statement): Promise<Account> {
  const text = await sealStatement(statement, signer);
  if (Buffer.byteLength(text) > maximumAttestationBytes) {
    throw new RunnerError('sign', `the attestation would have more than ${maximumAttestationBytes} bytes`);
  }
  return await writeAccount(folder, attestationFile, text);
}

async function writeAccount(folder: string, file: string, text: string): Promise<Account> {
  await replaceFile(join(folder, file), text, { sync: false });
  return { file, bytes: Buffer.byteLength(text), sha256: hash('sha256', text) };
}

function hashAll({ folder, logs }: SignedFiles) {
  return Promise.all(logs.map(async (file) => ({ file, sha256: await sha256Of(join(folder, file)) })));
}
