// Promotion of one chroot: the packages that a pull request's sandbox has are signed anew, with the project's key, and
// published as they were tested. Where that cannot be, any more, the chroot is built as any other.

import { copyFile, lstat, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { type PromotedFrom, published, type QueuedBuild, type Result } from '@coppice/config';
import { ShuttingDown } from '../base/abort.ts';
import { nothingWhenAbsent } from '../base/absent.ts';
import { describeError, isDiskFull } from '../base/errors.ts';
import { type ChrootTask, enter, nameBuild } from '../context/runner-context.ts';
import type { Accounts } from '../provenance/attest.ts';
import { writePackageHeaders } from '../provenance/write-package-headers.ts';
import { attestCopy, readPublicKey } from '../publish/attest-copy.ts';
import { alone } from '../publish/project-place.ts';
import type { Publisher } from '../publish/publisher.ts';
import { usableRecord } from '../publish/read-record.ts';
import { signerOf } from '../publish/repository-of.ts';
import { describeArtifacts } from '../rpm/describe-artifacts.ts';
import { signRpms } from '../signing/sign.ts';
import { keptLogs } from './check-results.ts';
import { type StagedMark, stagingFolder, writeMark } from './staged.ts';

type Signed = Extract<StagedMark, { step: 'signed' }>;

/** What the record of a promoted chroot, and whoever shows it, says of it: one sentence. */
export function sayPromoted({ project, id }: PromotedFrom, { owner }: Pick<QueuedBuild, 'owner'>): string {
  return `Not built again: these are the packages of build ${id} of ${owner}/${project}, as they were tested there, signed with the project's key.`;
}

/**
 * Puts the packages and logs into the staging folder, signed and marked; from then on a crash goes on as with any
 * build. Undefined when they are to be built: nobody promotes them, or they are not there as they were any more. Throws
 * the reason of an abort, and RunnerError.
 */
export async function promoteChroot(task: ChrootTask): Promise<Signed | undefined> {
  const { context, build, chroot, signal } = task;
  const from = build.promotes;
  if (from === undefined) return undefined;
  const place = { home: context.home, id: build.id, chroot: chroot.chroot };
  const folder = stagingFolder(place);
  const taken = (await isPromotedWithAll(task)) ? await takeTested(task, folder) : undefined;
  if (signal.aborted) throw signal.reason;
  if (taken === undefined) {
    const what = `${nameBuild(build)} ${chroot.chroot} is built`;
    context.log('info', `${what}: what build ${from.id} of ${build.owner}/${from.project} made is not there any more`);
    await rm(folder, { recursive: true, force: true });
    return undefined;
  }
  enter(task, 'sign');
  const { record, engine, logs, key } = taken;
  const rpms = record.artifacts.map(({ file }) => file);
  await signRpms(await signerOf(context, build), folder, rpms);
  const artifacts = [...(await describeArtifacts(folder, rpms))];
  // The next start would do all of it again: that is as good.
  if (signal.aborted && !(signal.reason instanceof ShuttingDown)) throw signal.reason;
  const { startedAt, endedAt } = record;
  const original = { chroot: chroot.chroot, record, key };
  const accounts = await attestCopy(context, { folder, artifacts, logs }, build, original);
  const promotedFrom = { project: from.project, id: from.id, startedAt, endedAt };
  const packageHeaders = await writePackageHeaders(folder, artifacts, build.package);
  const files = [...logs, ...accountFiles(accounts), packageHeaders.file, ...rpms];
  const described = { ...accounts, packageHeaders };
  const mark: Signed = { step: 'signed', engine, files, artifacts, accounts: described, promotedFrom };
  await writeMark(place, mark);
  return mark;
}

/**
 * Its source package is that of the sandbox, and so is whatever it comes after: what was in its buildroot there is what
 * the project has.
 */
async function isPromotedWithAll({ context, build, chroot }: ChrootTask): Promise<boolean> {
  const srpm = await usableRecord(context, published.srpmBuild(build));
  if (srpm?.promotedFrom === undefined) return false;
  for (const id of build.after) {
    const before = await recordBefore(context, build, chroot.chroot, id);
    if (before !== undefined && before.promotedFrom === undefined) return false;
  }
  return true;
}

/** The record of an earlier build of the project for this chroot; undefined when it was not for this chroot. */
async function recordBefore(
  publisher: Publisher,
  { owner, project }: QueuedBuild,
  chroot: ChrootTask['chroot']['chroot'],
  id: QueuedBuild['id'],
): Promise<Result | undefined> {
  const name = (await usableRecord(publisher, published.srpmBuild({ id, owner, project, package: '' })))?.package;
  if (name === undefined) return undefined;
  return await usableRecord(publisher, published.chrootBuild({ id, owner, project, package: name }, chroot));
}

interface Taken {
  readonly record: Result;
  readonly engine: NonNullable<Result['engine']>;
  readonly logs: readonly string[];
  /** The sandbox's key, armored. */
  readonly key: string;
}

function accountFiles(accounts: Accounts | undefined): readonly string[] {
  return accounts === undefined ? [] : [accounts.attestation.file, accounts.sbom.file];
}

/** Copies the files of the sandbox's build; undefined when they are not all there, or not what its record says. */
function takeTested({ context, build, chroot }: ChrootTask, folder: string): Promise<Taken | undefined> {
  const { owner, promotes } = build;
  if (promotes === undefined) return Promise.resolve(undefined);
  const tested = { owner, project: promotes.project, id: promotes.id, package: build.package };
  const place = published.chrootBuild(tested, chroot.chroot);
  // Nobody sweeps the sandbox meanwhile.
  return alone(tested, async () => {
    const record = await usableRecord(context, place);
    if (record?.state !== 'succeeded' || record.inputDigest !== chroot.inputDigest) return undefined;
    const { engine, artifacts } = record;
    if (engine === null || artifacts.length === 0) return undefined;
    const source = join(context.home, 'published', place);
    const rpms = artifacts.map(({ file }) => file);
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const key = await readPublicKey(context, owner, promotes.project);
      const logs: string[] = [];
      for (const log of keptLogs) if (await isRegular(join(source, log))) logs.push(log);
      const stated = accountFiles(accountsOf(record));
      for (const file of [...rpms, ...logs, ...stated]) {
        if (!(await isRegular(join(source, file)))) return undefined;
        await copyFile(join(source, file), join(folder, file));
      }
      const same = isDeepStrictEqual(await describeArtifacts(folder, rpms), artifacts);
      return same ? { record, engine, logs, key } : undefined;
    } catch (error) {
      if (isDiskFull(error)) throw error;
      context.log('warn', `published/${place} cannot be promoted: ${describeError(error)}`);
      return undefined;
    }
  });
}

function accountsOf({ attestation, sbom }: Result): Accounts | undefined {
  return attestation === undefined || sbom === undefined ? undefined : { attestation, sbom };
}

async function isRegular(path: string): Promise<boolean> {
  return (await lstat(path).catch(nothingWhenAbsent))?.isFile() ?? false;
}
