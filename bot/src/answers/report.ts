// Tells GitHub how builds are doing: the one place where answers and check runs are written. What is wanted follows
// from the queue and the records; what differs from what was last delivered is delivered. So edits coalesce, and a
// restart heals.
import type { Queue } from '@coppice/builder-runner/queue';
import type { DebugSessions, Log } from '@coppice/builder-runner/runner';
import { isFinal, type PublishMode, type QueuedBuild } from '@coppice/config';
import type { Github } from '../github/github.ts';
import type { BuiltIndex } from '../planning/built.ts';
import type { Answer, Check } from '../vocabulary/answer.ts';
import type { BotOperation, BotState } from '../vocabulary/bot-state.ts';
import {
  type BuildRef,
  type BuildView,
  type ChrootView,
  viewOfQueued,
  viewOfResults,
  withRecords,
} from '../vocabulary/build-view.ts';
import { createDeliverer, type Deliverer } from './deliver.ts';
import { type Asker, createDispatcher, type Dispatcher } from './dispatcher.ts';

interface ReporterOptions {
  readonly queue: Queue;
  readonly built: BuiltIndex;
  readonly github: Github;
  readonly state: () => BotState;
  readonly commit: (operations: readonly BotOperation[]) => Promise<unknown>;
  /** Public address of the service, without a slash at the end. */
  readonly url: string;
  /** When users see what is built of a project; `each` where no config states it. */
  readonly publishMode: (owner: string, project: string) => PublishMode;
  readonly debug: DebugSessions | undefined;
  readonly log: Log;
  /** Between two edits of one comment or check run. Default: 5000. */
  readonly editMilliseconds?: number;
}

export interface Reporter {
  /** Begins to tell of an answer or checks that are in the state. */
  track(answer: Answer | undefined, checks: readonly Check[]): void;
  /** A build as it is now, or as it ended; undefined when nobody knows it. */
  view(ref: BuildRef): Promise<BuildView>;
  /**
   * Takes up all that is in the state. What has no number yet may be on GitHub all the same: it is looked for there
   * before it is made.
   */
  start(): void;
  /** Compares all that is open with the queue again, in case a change was not heard of. */
  look(): void;
  /** Resolves when nothing is to be delivered at present. */
  settled(): Promise<void>;
  /** Ends what is under way; what was not delivered is delivered after the next start. */
  stop(): Promise<void>;
}

export function createReporter(options: ReporterOptions): Reporter {
  return new GithubReporter(options);
}

class GithubReporter implements Reporter {
  readonly #options: ReporterOptions;
  readonly #deliverer: Deliverer;
  readonly #dispatcher: Dispatcher;
  /** Builds that have left the queue, as they were then. */
  readonly #ended = new Map<number, BuildView>();
  /** Build number → keys of what tells of it. */
  readonly #watching = new Map<number, Set<string>>();
  readonly #forgetBuilds: () => void;
  readonly #forgetDebug: (() => void) | undefined;

  constructor(options: ReporterOptions) {
    const { queue, debug, log, commit, editMilliseconds } = options;
    this.#options = options;
    this.#deliverer = createDeliverer({
      ...options,
      view: (ref) => this.view(ref),
      debug: (session) => debug?.session(session),
    });
    this.#dispatcher = createDispatcher({
      log,
      ...(editMilliseconds === undefined ? {} : { editMilliseconds }),
      deliver: async (key) => {
        const outcome = await this.#deliverer.deliver(key);
        if (outcome === 'final') this.#forget(key);
        return outcome;
      },
      giveUp: async (key) => {
        await commit([this.#deliverer.closing(key)]);
        this.#forget(key);
      },
    });
    this.#forgetBuilds = queue.onChange(({ build, gone }) => this.#buildChanged(build, gone));
    this.#forgetDebug = debug?.onChange(({ id }) => this.#debugChanged(id));
  }

  async view(ref: BuildRef): Promise<BuildView> {
    const { queue, built } = this.#options;
    const live = queue.build(ref.id);
    // Its project may have another name by now than when it was asked for, or ended.
    const place = (live === undefined ? built.find(ref.id) : undefined) ?? ref;
    const ended = this.#ended.get(ref.id);
    const isThere = ended?.owner === place.owner && ended.project === place.project;
    const last = live === undefined ? (isThere ? ended : undefined) : viewOfQueued(live);
    if (last === undefined) return await this.#withWaits(viewOfResults(place, await built.results(place)));
    const isTold = last.chroots.some(({ state }) => isFinal(state) && state !== 'skipped');
    return isTold ? await this.#withWaits(withRecords(last, await built.results(place))) : last;
  }

  /** Where a project does not publish each build at once, what of it users do not see yet is marked. */
  async #withWaits(view: BuildView): Promise<BuildView> {
    const { built, publishMode } = this.#options;
    const { owner, project, package: name } = view;
    const mode = publishMode(owner, project);
    if (mode === 'each') return view;
    const marked = async (one: ChrootView): Promise<ChrootView> => {
      const { version = null } = one;
      if (one.state !== 'succeeded' || version === null) return one;
      return (await built.shown(owner, project, name, one.chroot)) === version ? one : { ...one, waits: mode };
    };
    return { ...view, chroots: await Promise.all(view.chroots.map(marked)) };
  }

  track(answer: Answer | undefined, checks: readonly Check[]): void {
    if (answer !== undefined)
      this.#watch(
        `answer/${answer.to}`,
        answer.sections.flatMap((section) => (section.kind === 'builds' ? section.builds : [])),
        askerOf(answer),
      );
    for (const check of checks) {
      this.#deliverer.tellAnew(`check/${check.key}`);
      this.#watch(`check/${check.key}`, check.kind === 'build' ? [check.build] : []);
    }
  }

  start(): void {
    const { answers, checks } = this.#options.state();
    this.#deliverer.expectTwins([
      ...answers.filter(({ commentId }) => commentId === null).map(({ to }) => `answer/${to}`),
      ...checks.filter(({ checkRunId }) => checkRunId === null).map(({ key }) => `check/${key}`),
    ]);
    for (const answer of answers) this.track(answer, []);
    this.track(undefined, checks);
    this.#dispatcher.start();
  }

  look(): void {
    const { answers, checks } = this.#options.state();
    for (const { to } of answers) this.#dispatcher.wanted(`answer/${to}`);
    for (const { key } of checks) this.#dispatcher.wanted(`check/${key}`);
  }

  settled(): Promise<void> {
    return this.#dispatcher.settled();
  }

  stop(): Promise<void> {
    this.#forgetBuilds();
    this.#forgetDebug?.();
    return this.#dispatcher.stop();
  }

  #watch(key: string, builds: readonly BuildRef[], asker?: Asker): void {
    for (const { id } of builds) this.#watching.set(id, (this.#watching.get(id) ?? new Set()).add(key));
    this.#dispatcher.wanted(key, asker);
  }

  #forget(key: string): void {
    for (const [id, keys] of this.#watching) {
      keys.delete(key);
      if (keys.size === 0) this.#watching.delete(id);
    }
  }

  #buildChanged(build: QueuedBuild, gone: boolean): void {
    if (gone) rememberEnded(this.#ended, viewOfQueued(build));
    for (const key of this.#watching.get(build.id) ?? []) this.#dispatcher.wanted(key);
  }

  #debugChanged(id: number): void {
    for (const { to, sections } of this.#options.state().answers) {
      if (sections.some((one) => one.kind === 'debug' && one.session === id)) this.#dispatcher.wanted(`answer/${to}`);
    }
  }
}

/** Undefined for an answer that GitHub has. */
function askerOf({ by, commentId, sections }: Answer): Asker | undefined {
  if (commentId !== null) return undefined;
  return { by: by ?? '', isShort: sections.every(({ kind }) => kind === 'text') };
}

/** The records tell of older ones. */
const rememberedEnded = 2000;

function rememberEnded(ended: Map<number, BuildView>, view: BuildView): void {
  ended.set(view.id, view);
  const [oldest] = ended.keys();
  if (ended.size > rememberedEnded && oldest !== undefined) ended.delete(oldest);
}
