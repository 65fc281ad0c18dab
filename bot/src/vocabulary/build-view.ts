// A build as answers and checks show it, whether it is still in the queue or has left it. Pure.
import {
  type BuildId,
  type BuildState,
  binaryPackages,
  type ChrootName,
  combineStates,
  type FailureReason,
  isFinal,
  type PhaseName,
  parseNevra,
  type QueuedBuild,
  type Result,
} from '@coppice/config';

/** Enough to find a build again. */
export interface BuildRef {
  readonly id: BuildId;
  readonly owner: string;
  readonly project: string;
  readonly package: string;
  readonly chroots: readonly ChrootName[];
}

export interface ChrootView {
  readonly chroot: ChrootName;
  readonly state: BuildState;
  /** What it is doing, while it is not final. */
  readonly phase: PhaseName | null;
  readonly reason: FailureReason | null;
  readonly message: string | null;
  /** Hostile lines of its log that say why it failed; empty until its record has been read. */
  readonly excerpt: readonly string[];
  /** The log and the line of it where the excerpt begins, once its record has been read. */
  readonly where?: Result['where'];
  /** The binary packages that it made, the main one first; empty until its record has been read. */
  readonly packages: readonly string[];
  /** `[epoch:]version-release` of its packages; null until its record has been read, or where it made none. */
  readonly version?: string | null;
  /** It succeeded and users do not see it yet: somebody has to publish it, or its batch goes on. */
  readonly waits?: 'manual' | 'batch';
  /** Whether mock has written logs of it; absent until its record has been read. */
  readonly logged?: boolean;
  /** ISO 8601 UTC. */
  readonly startedAt: string | null;
  readonly endedAt: string | null;
}

export interface BuildView {
  readonly id: BuildId;
  readonly owner: string;
  readonly project: string;
  readonly package: string;
  readonly requestedBy: string;
  readonly state: BuildState;
  readonly chroots: readonly ChrootView[];
}

export function refOf(build: QueuedBuild): BuildRef {
  const { id, owner, project } = build;
  return { id, owner, project, package: build.package, chroots: build.chroots.map(({ chroot }) => chroot) };
}

export function viewOfQueued(build: QueuedBuild): BuildView {
  const chroots = build.chroots.map((one) => ({
    chroot: one.chroot,
    state: one.state,
    phase: isFinal(one.state) ? null : one.phase,
    reason: one.reason,
    message: one.message,
    excerpt: [],
    packages: [],
    startedAt: one.startedAt,
    endedAt: one.endedAt,
  }));
  const { id, owner, project, requestedBy } = build;
  return {
    id,
    owner,
    project,
    package: build.package,
    requestedBy,
    state: combineStates(chroots.map(({ state }) => state)),
    chroots,
  };
}

/**
 * A build that has left the queue, from its records; a chroot without one has ended in a way that nobody wrote down.
 */
export function viewOfResults(ref: BuildRef, results: ReadonlyMap<string, Result>): BuildView {
  const chroots = ref.chroots.map((chroot): ChrootView => {
    const result = results.get(chroot) ?? results.get('srpm');
    if (result === undefined) return { ...unrecorded, chroot };
    const { state, reason, message, excerpt, where, startedAt, endedAt } = result;
    const packages = binaryPackages(result.artifacts, ref.package);
    const facts = { version: versionOf(result), logged: hasLog(result) };
    return { chroot, state, phase: null, reason, message, excerpt, where, packages, ...facts, startedAt, endedAt };
  });
  const { id, owner, project } = ref;
  const requestedBy = [...results.values()][0]?.requestedBy ?? '';
  return {
    id,
    owner,
    project,
    package: ref.package,
    requestedBy,
    state: combineStates(chroots.map(({ state }) => state)),
    chroots,
  };
}

/** Of its source package, or else of the first, as repositories tell it. */
function versionOf({ artifacts }: Result): string | null {
  const nevras = artifacts.flatMap(({ nevra }) => parseNevra(nevra) ?? []);
  const about = nevras.find(({ architecture }) => architecture === 'src' || architecture === 'nosrc') ?? nevras[0];
  if (about === undefined) return null;
  return `${about.epoch === 0 ? '' : `${about.epoch}:`}${about.version}-${about.release}`;
}

/** Phases in which something is logged. */
const loggedPhases: ReadonlySet<string> = new Set(['root', 'build', 'check', 'collect', 'sign', 'publish']);

function hasLog({ chroot, where, phases }: Result): boolean {
  return where !== null || chroot === 'srpm' || phases.some(({ name }) => loggedPhases.has(name));
}

const unrecorded = {
  state: 'failed',
  phase: null,
  reason: 'infrastructure',
  message: 'It left the queue without a record of how it ended. Ask for the build again.',
  excerpt: [],
  packages: [],
  startedAt: null,
  endedAt: null,
} as const;

/** What only the records know, lines of logs and names of packages, put into a view of the queue's last word. */
export function withRecords(view: BuildView, results: ReadonlyMap<string, Result>): BuildView {
  const chroots = view.chroots.map((one) => {
    const result = results.get(one.chroot) ?? (one.state === 'failed' ? results.get('srpm') : undefined);
    if (result === undefined) return one;
    const { excerpt, where, artifacts } = result;
    const packages = one.state === 'succeeded' ? binaryPackages(artifacts, view.package) : [];
    const facts = { version: versionOf(result), logged: hasLog(result) };
    return { ...one, excerpt, where, packages, ...facts, message: one.message ?? result.message };
  });
  return { ...view, chroots };
}
