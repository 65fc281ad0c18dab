// Makes `result.json` from the state of the queue and from how the build ended. Pure except for the writing, which
// checks the schema.
import { lstat } from 'node:fs/promises';
import {
  type Artifact,
  type CommitRecord,
  type FetchedFileRecord,
  type Phase,
  type QueuedBuild,
  type QueuedChroot,
  type Result,
  resultSchema,
  type SubmoduleRecord,
} from '@coppice/config';
import { nothingWhenAbsent } from '../base/absent.ts';
import { withoutHostPaths } from '../base/public-text.ts';
import { setAside } from '../base/regular-file.ts';
import { replaceFile } from '../base/replace-file.ts';

/** How a chroot, or the making of an SRPM, ended. */
export interface Ending {
  readonly state: 'succeeded' | 'failed' | 'canceled' | 'skipped';
  readonly reason: Result['reason'];
  readonly message: string | null;
  readonly excerpt: readonly string[];
  /** Default: null. */
  readonly where?: Result['where'];
  readonly engine: Result['engine'];
  readonly artifacts: readonly Artifact[];
  /** Default: there are none. */
  readonly accounts?: Pick<Result, 'attestation' | 'sbom' | 'packageHeaders'>;
  /** Default: it was built. */
  readonly promotedFrom?: Result['promotedFrom'];
  readonly endedAt: Date;
}

/** What may be read by all: without paths of this machine. `home` is COPPICE_HOME. */
export function forPublic<T extends Pick<Ending, 'message' | 'excerpt'>>(ending: T, home: string): T {
  const { message, excerpt } = ending;
  return {
    ...ending,
    message: message === null ? null : withoutHostPaths(message, home),
    excerpt: excerpt.map((line) => withoutHostPaths(line, home)),
  };
}

/** How everything ends that a frozen project had in the queue. */
export function frozenEnding({ owner, project }: QueuedBuild, endedAt: Date): Ending {
  const message = `${owner}/${project} is frozen: it builds and publishes nothing.`;
  return { state: 'skipped', reason: 'policy', message, excerpt: [], engine: null, artifacts: [], endedAt };
}

/** The record of one chroot; its open phase ends with it. */
export function recordOfChroot(
  build: QueuedBuild,
  chroot: QueuedChroot,
  ending: Ending,
  srpm?: Result['srpm'],
): Result {
  const open: Phase = {
    name: chroot.phase,
    startedAt: chroot.phaseStartedAt,
    seconds: secondsBetween(chroot.phaseStartedAt, ending.endedAt),
  };
  return {
    ...common(build, ending),
    chroot: chroot.chroot,
    ...(srpm === undefined ? {} : { srpm }),
    inputDigest: chroot.inputDigest,
    ...(chroot.inputs === undefined ? {} : { inputs: [...chroot.inputs] }),
    attempts: chroot.attempts,
    builder: chroot.builder,
    phases: [...chroot.phases, open],
    ...ending.accounts,
    startedAt: chroot.startedAt,
  };
}

/** What a source package was made of besides the files of the pinned commit. */
export interface FetchedRecords {
  readonly fetched: readonly FetchedFileRecord[];
  readonly submodules: readonly SubmoduleRecord[];
  readonly commits: readonly CommitRecord[];
}

/** The record in `srpm-builds/`. */
export function recordOfSrpm(
  build: QueuedBuild,
  startedAt: Date,
  ending: Ending,
  { fetched, submodules, commits }: FetchedRecords = { fetched: [], submodules: [], commits: [] },
): Result {
  const startedAtText = startedAt.toISOString();
  const seconds = secondsBetween(startedAtText, ending.endedAt);
  return {
    ...common(build, ending),
    chroot: 'srpm',
    ...(fetched.length === 0 ? {} : { fetched: [...fetched] }),
    ...(submodules.length === 0 ? {} : { submodules: [...submodules] }),
    ...(commits.length === 0 ? {} : { commits: [...commits] }),
    inputDigest: '',
    attempts: 1,
    builder: null,
    phases: [{ name: 'srpm', startedAt: startedAtText, seconds }],
    startedAt: startedAtText,
  };
}

function common(build: QueuedBuild, ending: Ending) {
  return {
    schemaVersion: 1 as const,
    id: build.id,
    owner: build.owner,
    project: build.project,
    package: build.package,
    state: ending.state,
    reason: ending.reason,
    message: ending.message,
    excerpt: [...ending.excerpt],
    where: ending.where ?? null,
    requestedBy: build.requestedBy,
    request: build.request,
    requestedAt: build.requestedAt,
    batch: build.batch,
    configCommit: build.configCommit,
    source: build.source,
    engine: ending.engine,
    artifacts: [...ending.artifacts],
    ...(ending.promotedFrom === undefined ? {} : { promotedFrom: ending.promotedFrom }),
    endedAt: ending.endedAt.toISOString(),
  };
}

function secondsBetween(from: string, to: Date): number {
  return Math.max(0, (to.getTime() - Date.parse(from)) / 1000);
}

/**
 * Writes the record, which is the commit mark of a build: when this ends, it is on the disk and the queue may forget
 * the build.
 */
export async function writeRecord(path: string, record: Result): Promise<void> {
  const text = `${JSON.stringify(resultSchema.parse(record), null, 2)}\n`;
  const there = await lstat(path).catch(nothingWhenAbsent);
  // A file takes the place of anything but a folder.
  if (there?.isDirectory()) await setAside(path);
  await replaceFile(path, text, { sync: true });
}
