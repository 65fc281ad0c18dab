// What the site knows of builds and projects: results and queue joined. Pure; `read.ts` brings the records.
import {
  type BuildId,
  type BuildState,
  type ChrootName,
  combineStates,
  type FailureReason,
  type Phase,
  type PhaseName,
  type ProjectsJson,
  parseNevra,
  published,
  type QueueSnapshot,
  type Result,
  readSandbox,
  type SandboxesJson,
  type ShownPackage,
} from '@coppice/config';

export type QueueEntry = QueueSnapshot['builds'][number];
export type ProjectEntry = ProjectsJson['projects'][number];

/** A log beside a result, as found on disk. */
export interface LogFile {
  readonly file: string;
  readonly bytes: number;
}

/** A `result.json` that passed its schema and stands where it says, with the logs beside it. */
export interface ResultRecord {
  readonly result: Result;
  readonly logs: readonly LogFile[];
}

/** A `result.json`, as it was seen last: `changed` in milliseconds since 1970. */
export interface SeenResult {
  readonly path: string;
  readonly changed: number;
  readonly bytes: number;
}

/** A `shown.json`, as it was seen last. */
export type SeenShown = Pick<SeenResult, 'changed' | 'bytes'>;

/** What users get of a package in a chroot, where it is not the newest good build. */
export interface OtherShown {
  readonly package: string;
  readonly chroot: string;
  /** The number of the build that they get, null for none. */
  readonly build: number | null;
  /** Its `[epoch:]version-release`. */
  readonly version: string | null;
  readonly why: ShownPackage['why'];
}

/** Builds in the lists of a project's page and of a package's. */
export const listedBuilds = { project: 15, package: 100 } as const;

/** One chroot of a build (or its SRPM), finished or not. */
export interface ChrootRun {
  /** A chroot name, or `srpm`. */
  readonly chroot: string;
  /** Where its files are, inside `published/`. */
  readonly folder: string;
  readonly state: BuildState;
  readonly reason: FailureReason | null;
  readonly message: string | null;
  readonly excerpt: readonly string[];
  /** The log and the line of it where the excerpt begins. */
  readonly where: Result['where'];
  readonly phases: readonly Phase[];
  /** What it is doing now; null when it is final. */
  readonly phase: { readonly name: PhaseName; readonly startedAt: string } | null;
  readonly attempts: number;
  readonly builder: string | null;
  readonly engine: Result['engine'];
  readonly inputDigest: string;
  /** What it saw of this service's repositories; absent before it was begun, and in older records. */
  readonly inputs?: Result['inputs'];
  /** The build of a pull request's sandbox whose packages these are; absent where they were built for this build. */
  readonly promotedFrom?: Result['promotedFrom'];
  readonly artifacts: Result['artifacts'];
  /** Of the source package: what it was made of, and the last commits of that. */
  readonly fetched?: Result['fetched'];
  readonly submodules?: Result['submodules'];
  readonly commits?: Result['commits'];
  readonly attestation?: Result['attestation'];
  readonly sbom?: Result['sbom'];
  readonly packageHeaders?: Result['packageHeaders'];
  readonly logs: readonly LogFile[];
  readonly startedAt: string | null;
  readonly endedAt: string | null;
}

/** One build with all that is known of it. */
export interface Build {
  readonly id: BuildId;
  readonly owner: string;
  readonly project: string;
  readonly package: string;
  readonly state: BuildState;
  readonly reason: FailureReason | null;
  readonly source: Result['source'];
  readonly requestedBy: string;
  readonly request: string;
  readonly requestedAt: string;
  readonly configCommit: string;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  /** Builds in the queue that must succeed first. */
  readonly after: readonly number[];
  readonly srpm: ChrootRun | null;
  readonly chroots: readonly ChrootRun[];
}

/** A project: what the config repo says of it (null once it has left), and what was built of it. */
export interface SiteProject {
  readonly owner: string;
  readonly name: string;
  readonly entry: ProjectEntry | null;
  /** Those that its pages speak of, newest first: the last ones, and of each package those that say how it stands. */
  readonly builds: readonly Build[];
  readonly buildCount: number;
  /** Packages and chroots of which there are builds. */
  readonly builtPackages: readonly string[];
  readonly builtChroots: readonly string[];
  /** What users get, where it is not the newest good build. */
  readonly others: readonly OtherShown[];
  /** Of a sandbox: how long it stays, and once its pull request was closed, from when on it is deleted. */
  readonly lifetime: { readonly keptSeconds: number; readonly deleteAt: string | null } | null;
}

function runOfResult({ result, logs }: ResultRecord, path: string): ChrootRun {
  const folder = path.slice(0, path.lastIndexOf('/'));
  return { ...result, folder, logs, phase: null };
}

function runOfQueue(entry: QueueEntry, queued: QueueEntry['chroots'][number], records: BuildRecords): ChrootRun {
  const folder = published.chrootBuild(place(entry), queued.chroot as ChrootName);
  return {
    ...queued,
    folder,
    message: queued.message ?? queued.skipBecause,
    excerpt: [],
    where: null,
    phase: { name: queued.phase, startedAt: queued.phaseStartedAt },
    engine: null,
    artifacts: [],
    logs: records.liveLogs.get(folder) ?? [],
  };
}

function srpmOfQueue(entry: QueueEntry, records: BuildRecords): ChrootRun {
  const folder = published.srpmBuild(place(entry));
  return {
    chroot: 'srpm',
    folder,
    state: entry.srpmState,
    reason: null,
    message: null,
    excerpt: [],
    where: null,
    phases: [],
    phase: null,
    attempts: 0,
    builder: null,
    engine: null,
    inputDigest: '',
    artifacts: [],
    logs: records.liveLogs.get(folder) ?? [],
    startedAt: null,
    endedAt: null,
  };
}

function place(entry: { id: number; owner: string; project: string; package: string }) {
  return { ...entry, id: entry.id as BuildId };
}

/** What is known of one build. */
export interface BuildRecords {
  /** By path of the `result.json` inside `published/`. */
  readonly results: ReadonlyMap<string, ResultRecord>;
  readonly entry: QueueEntry | undefined;
  /** Logs of chroots that are being built, by folder inside `published/`. */
  readonly liveLogs: ReadonlyMap<string, readonly LogFile[]>;
}

/** Joins results and queue; undefined when nothing is known. Pure. */
export function joinBuild(records: BuildRecords): Build | undefined {
  const runs = [...records.results].map(([path, record]) => runOfResult(record, path));
  const chroots = runs.filter((run) => run.chroot !== 'srpm');
  const { entry } = records;
  for (const queued of entry?.chroots ?? []) {
    // A result that stands on disk is the record; the queue may be one step behind.
    if (entry !== undefined && !chroots.some((run) => run.chroot === queued.chroot))
      chroots.push(runOfQueue(entry, queued, records));
  }
  chroots.sort((a, b) => a.chroot.localeCompare(b.chroot, 'en'));
  const srpm = runs.find((run) => run.chroot === 'srpm') ?? (entry === undefined ? null : srpmOfQueue(entry, records));
  const about = entry ?? [...records.results.values()][0]?.result;
  if (about === undefined) return undefined;
  const known = chroots.length > 0 ? chroots : srpm === null ? [] : [srpm];
  const state = combineStates(known.map((run) => run.state));
  const started = known.flatMap((run) => run.startedAt ?? []).sort();
  const ended = known.flatMap((run) => run.endedAt ?? []).sort();
  return {
    id: about.id as BuildId,
    owner: about.owner,
    project: about.project,
    package: about.package,
    state,
    reason: known.find((run) => run.state === state)?.reason ?? null,
    source: about.source,
    requestedBy: about.requestedBy,
    request: about.request,
    requestedAt: about.requestedAt,
    configCommit: about.configCommit,
    startedAt: started[0] ?? null,
    endedAt: entry === undefined || ended.length === known.length ? (ended.at(-1) ?? null) : null,
    after: entry?.after ?? [],
    srpm,
    chroots,
  };
}

/** Of a sandbox: how long it stays; null for other projects, and while nobody says it. */
export function lifetimeOf(name: string, sandboxes: SandboxesJson | null): SiteProject['lifetime'] {
  const sandbox = readSandbox(name);
  if (sandbox === undefined || sandboxes === null) return null;
  const { keptSeconds, closed } = sandboxes;
  return { keptSeconds, deleteAt: closed.find(({ pull }) => pull === sandbox.pull)?.deleteAt ?? null };
}

/** The packages of a project: what it states and what was ever built, in alphabetical order. */
export function packageNames({
  entry,
  builtPackages,
}: Pick<SiteProject, 'entry' | 'builtPackages'>): readonly string[] {
  const names = new Set([...(entry?.packages.map((known) => known.name) ?? []), ...builtPackages]);
  return [...names].sort((a, b) => a.localeCompare(b, 'en'));
}

/** Version and release of what a chroot's build made; undefined where it made nothing that has one. */
export function versionOfRun(run: Pick<ChrootRun, 'artifacts'>, name: string): string | undefined {
  const nevras = run.artifacts.flatMap(({ nevra }) => parseNevra(nevra) ?? []);
  const main = nevras.find((one) => one.name === name) ?? nevras.find((one) => one.architecture === 'src') ?? nevras[0];
  return main === undefined ? undefined : `${main.version}-${main.release}`;
}
