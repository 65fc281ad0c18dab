// The end of a project's time of grace: what it has published goes. It is work of the inbox like any other, so no push
// that puts the file back is handled meanwhile, and one that was missed is looked for before.
import type { Log, ProjectName } from '@coppice/builder-runner/runner';
import type { ConfigAtCommit } from '../config-repo/config-in-force.ts';
import type { BotState, Handled } from '../vocabulary/bot-state.ts';
import { type DepartedPackage, whenPackagesGo } from '../vocabulary/departed.ts';
import type { Job } from '../vocabulary/job.ts';
import type { Leaving } from '../vocabulary/leaving.ts';
import { nameOf } from '../vocabulary/project-name.ts';

type KnownState = Pick<BotState, 'leaving' | 'departed' | 'handledCommit' | 'refused' | 'inbox'>;

export interface TakeAwayContext {
  readonly state: () => KnownState;
  readonly config: () => ConfigAtCommit | undefined;
  readonly adopt: (config: ConfigAtCommit) => void;
  /** Ends the builds of a project and deletes what it has published. Again, it does nothing more. */
  readonly remove: (project: ProjectName) => Promise<void>;
  /** The same of one package. */
  readonly removePackage: (project: ProjectName, name: string) => Promise<void>;
  /** The commit of the default branch, as GitHub has it now. */
  readonly headCommit: () => Promise<string>;
  readonly log: Log;
}

/** Rejects on faults of the machinery, GitHub's too: then the project is due still. */
export async function takeAwayDue(
  job: Extract<Job, { kind: 'take-away' }>,
  context: TakeAwayContext,
): Promise<Handled> {
  const { state, headCommit, config, log } = context;
  const { project, deleteAt } = job;
  const isDue = () => isHeld(state()) === false && whatGoes(state(), config()).some((one) => isSame(one, job));
  if (!isDue()) return { checks: [] };
  // A commit that nobody has told us of may be the one that puts the file back.
  if ((await headCommit()) !== state().handledCommit) return { checks: [] };
  if (job.package !== undefined) {
    log('info', `${project} was without ${job.package} until ${deleteAt}: what that has published is deleted`);
    return { checks: [], departed: await takePackageAway(project, job.package, context) };
  }
  log('info', `The file of ${project} was not put back until ${deleteAt}: it is deleted`);
  return { checks: [], leaving: await takeAway(project, context) };
}

/** Deletes one that is leaving, at once. Gives those that are left, to be noted. */
export async function takeAway(
  project: string,
  { state, config, adopt, remove }: Omit<TakeAwayContext, 'headCommit' | 'log'>,
): Promise<readonly Leaving[]> {
  const isOther = (one: Leaving) => one.project !== project;
  await remove(nameOf(project));
  const at = config();
  if (at !== undefined) adopt({ ...at, leaving: (at.leaving ?? []).filter(isOther) });
  return state().leaving.filter(isOther);
}

async function takePackageAway(
  project: string,
  name: string,
  { state, config, adopt, removePackage }: TakeAwayContext,
): Promise<readonly DepartedPackage[]> {
  const isOther = (one: DepartedPackage) => one.project !== project || one.package !== name;
  await removePackage(nameOf(project), name);
  const at = config();
  if (at !== undefined) adopt({ ...at, departed: (at.departed ?? []).filter(isOther) });
  return state().departed.filter(isOther);
}

/** A project, or a package of one, that goes at a time. */
interface Goes {
  readonly project: string;
  readonly package?: string;
  /** ISO 8601 UTC. */
  readonly deleteAt: string;
}

/** All that goes at some time. Packages: as the config says now. */
function whatGoes(
  { leaving, departed }: Pick<KnownState, 'leaving' | 'departed'>,
  at: ConfigAtCommit | undefined,
): readonly Goes[] {
  const packages = at === undefined ? [] : whenPackagesGo(departed, at.config);
  return [
    ...leaving,
    ...packages.flatMap(({ project, package: name, deleteAt }) =>
      deleteAt === null ? [] : [{ project, package: name, deleteAt }],
    ),
  ];
}

/** A newest commit that cannot be read may hold the file again: nothing is deleted while it is the newest. */
function isHeld({ refused }: Pick<KnownState, 'refused'>): boolean {
  return refused !== null;
}

function isSame(one: Goes, other: Goes): boolean {
  return nameGoing(one) === nameGoing(other) && one.deleteAt === other.deleteAt;
}

function nameGoing({ project, package: name }: Pick<Goes, 'project' | 'package'>): string {
  return name === undefined ? project : `${project}/${name}`;
}

interface DeparturesOptions {
  readonly state: () => KnownState;
  readonly config: () => ConfigAtCommit | undefined;
  readonly accept: (key: string, job: Job) => Promise<unknown>;
  readonly now: () => Date;
  readonly log: Log;
}

export interface Departures {
  /** Looks now, and again when the next one is due. To be called when something was worked off, too. */
  look(): void;
  stop(): void;
}

/** A timer holds no more than 24 days, and clocks are set. */
const longestWaitMilliseconds = 3_600_000;
/** A deletion that did not come about is tried again after this. */
const retryMilliseconds = 60_000;

/** Puts those whose time is over into the inbox. */
export function createDepartures({ state, config, accept, now, log }: DeparturesOptions): Departures {
  const tried = new Map<string, number>();
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  const look = () => {
    clearTimeout(timer);
    if (stopped) return;
    const time = now().getTime();
    const { due, waitMilliseconds } = dueNow(state(), tried, time, config());
    for (const { project, package: packageName, deleteAt } of due) {
      const of = packageName === undefined ? {} : { package: packageName };
      const name = nameGoing({ project, ...of });
      tried.set(name, time);
      accept(`take-away/${name}/${deleteAt}/${time}`, { kind: 'take-away', project, ...of, deleteAt }).catch(
        (error: unknown) => log('error', `That ${name} is to be deleted could not be noted`, { error }),
      );
    }
    timer = setTimeout(look, waitMilliseconds);
  };
  return {
    look,
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}

/**
 * Which are to be deleted, and when to look again. `at` is the config in force; `tried`: when each was tried last, as
 * `time`. Pure.
 */
export function dueNow(
  state: KnownState,
  tried: ReadonlyMap<string, number>,
  time: number,
  at?: ConfigAtCommit,
): { readonly due: readonly Goes[]; readonly waitMilliseconds: number } {
  const waiting = new Set(state.inbox.flatMap(({ job }) => (job.kind === 'take-away' ? [nameGoing(job)] : [])));
  const dueAt = (one: Goes) =>
    Math.max(Date.parse(one.deleteAt), (tried.get(nameGoing(one)) ?? -retryMilliseconds) + retryMilliseconds);
  const candidates = isHeld(state) ? [] : whatGoes(state, at).filter((one) => !waiting.has(nameGoing(one)));
  const due = candidates.filter((one) => dueAt(one) <= time);
  const next = candidates.map((one) => (due.includes(one) ? time + retryMilliseconds : dueAt(one)));
  return { due, waitMilliseconds: Math.max(0, Math.min(longestWaitMilliseconds, ...next.map((one) => one - time))) };
}
