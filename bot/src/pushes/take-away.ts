// The end of a project's time of grace: what it has published goes. It is work of the inbox like any other, so no push
// that puts the file back is handled meanwhile, and one that was missed is looked for before.
import type { Log, ProjectName } from '@coppice/builder-runner/runner';
import type { ConfigAtCommit } from '../config-repo/config-in-force.ts';
import type { BotState, Handled } from '../vocabulary/bot-state.ts';
import type { Job } from '../vocabulary/job.ts';
import type { Leaving } from '../vocabulary/leaving.ts';
import { nameOf } from './plan-config-change.ts';

type KnownState = Pick<BotState, 'leaving' | 'handledCommit' | 'refused' | 'inbox'>;

export interface TakeAwayContext {
  readonly state: () => KnownState;
  readonly config: () => ConfigAtCommit | undefined;
  readonly adopt: (config: ConfigAtCommit) => void;
  /** Ends the builds of a project and deletes what it has published. Again, it does nothing more. */
  readonly remove: (project: ProjectName) => Promise<void>;
  /** The commit of the default branch, as GitHub has it now. */
  readonly headCommit: () => Promise<string>;
  readonly log: Log;
}

/** Rejects on faults of the machinery, GitHub's too: then the project is due still. */
export async function takeAwayDue(
  { project, deleteAt }: Extract<Job, { kind: 'take-away' }>,
  context: TakeAwayContext,
): Promise<Handled> {
  const { state, headCommit, log } = context;
  const isDue = () => isHeld(state()) === false && state().leaving.some((one) => isSame(one, { project, deleteAt }));
  if (!isDue()) return { checks: [] };
  // A commit that nobody has told us of may be the one that puts the file back.
  if ((await headCommit()) !== state().handledCommit) return { checks: [] };
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

/** A newest commit that cannot be read may hold the file again: nothing is deleted while it is the newest. */
function isHeld({ refused }: Pick<KnownState, 'refused'>): boolean {
  return refused !== null;
}

function isSame(one: Pick<Leaving, 'project' | 'deleteAt'>, other: Pick<Leaving, 'project' | 'deleteAt'>): boolean {
  return one.project === other.project && one.deleteAt === other.deleteAt;
}

interface DeparturesOptions {
  readonly state: () => KnownState;
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
export function createDepartures({ state, accept, now, log }: DeparturesOptions): Departures {
  const tried = new Map<string, number>();
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  const look = () => {
    clearTimeout(timer);
    if (stopped) return;
    const time = now().getTime();
    const { due, waitMilliseconds } = dueNow(state(), tried, time);
    for (const { project, deleteAt } of due) {
      tried.set(project, time);
      accept(`take-away/${project}/${deleteAt}/${time}`, { kind: 'take-away', project, deleteAt }).catch(
        (error: unknown) => log('error', `That ${project} is to be deleted could not be noted`, { error }),
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

/** Which are to be deleted, and when to look again. `tried`: when each was tried last, as `time`. Pure. */
export function dueNow(
  state: KnownState,
  tried: ReadonlyMap<string, number>,
  time: number,
): { readonly due: readonly Leaving[]; readonly waitMilliseconds: number } {
  const waits = ({ project }: Leaving) =>
    state.inbox.some(({ job }) => job.kind === 'take-away' && job.project === project);
  const at = (one: Leaving) =>
    Math.max(Date.parse(one.deleteAt), (tried.get(one.project) ?? -retryMilliseconds) + retryMilliseconds);
  const candidates = isHeld(state) ? [] : state.leaving.filter((one) => !waits(one));
  const due = candidates.filter((one) => at(one) <= time);
  const next = candidates.map((one) => (due.includes(one) ? time + retryMilliseconds : at(one)));
  return { due, waitMilliseconds: Math.max(0, Math.min(longestWaitMilliseconds, ...next.map((one) => one - time))) };
}
