// Tells GitHub how builds are doing: the one place where answers and check runs are written. What is wanted follows
// from the queue and the records; what differs from what was last delivered is delivered. So edits coalesce, and a
// restart heals.
import type { Queue } from '@coppice/builder-runner/queue';
import type { DebugSessions, Log } from '@coppice/builder-runner/runner';
import type { QueuedBuild } from '@coppice/config';
import type { Github } from '../github/github.ts';
import type { BuiltIndex } from '../planning/built.ts';
import type { Answer, Check } from '../vocabulary/answer.ts';
import type { BotOperation, BotState } from '../vocabulary/bot-state.ts';
import { type BuildRef, type BuildView, viewOfQueued, viewOfResults, withExcerpts } from '../vocabulary/build-view.ts';
import { createDeliverer } from './deliver.ts';
import { createDispatcher } from './dispatcher.ts';

interface ReporterOptions {
  readonly queue: Queue;
  readonly built: BuiltIndex;
  readonly github: Github;
  readonly state: () => BotState;
  readonly commit: (operations: readonly BotOperation[]) => Promise<unknown>;
  /** Public address of the service, without a slash at the end. */
  readonly url: string;
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
   * Takes up all that is in the state; `interrupted` ones may be on GitHub already without our knowing their number.
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
  const { queue, built, state } = options;
  /** Builds that have left the queue, as they were then. */
  const ended = new Map<number, BuildView>();
  /** Build number → keys of what tells of it. */
  const watching = new Map<number, Set<string>>();

  const view = async (ref: BuildRef): Promise<BuildView> => {
    const live = queue.build(ref.id);
    const last = live === undefined ? ended.get(ref.id) : viewOfQueued(live);
    if (last === undefined) return viewOfResults(ref, await built.results(ref));
    return last.chroots.some((one) => one.state === 'failed') ? withExcerpts(last, await built.results(ref)) : last;
  };

  const deliverer = createDeliverer({ ...options, view, debug: (session) => options.debug?.session(session) });
  const dispatcher = createDispatcher({
    log: options.log,
    ...(options.editMilliseconds === undefined ? {} : { editMilliseconds: options.editMilliseconds }),
    deliver: async (key) => {
      const outcome = await deliverer.deliver(key);
      if (outcome === 'final') forget(key);
      return outcome;
    },
    giveUp: async (key) => {
      await options.commit([deliverer.closing(key)]);
      forget(key);
    },
  });

  const forget = (key: string) => {
    for (const [id, keys] of watching) {
      keys.delete(key);
      if (keys.size === 0) watching.delete(id);
    }
  };
  const watch = (key: string, builds: readonly BuildRef[]) => {
    for (const { id } of builds) watching.set(id, (watching.get(id) ?? new Set()).add(key));
    dispatcher.wanted(key);
  };
  const track = (answer: Answer | undefined, checks: readonly Check[]) => {
    if (answer !== undefined)
      watch(
        `answer/${answer.to}`,
        answer.sections.flatMap((section) => (section.kind === 'builds' ? section.builds : [])),
      );
    for (const check of checks) watch(`check/${check.key}`, check.kind === 'build' ? [check.build] : []);
  };
  const changed = (build: QueuedBuild, gone: boolean) => {
    const keys = watching.get(build.id);
    if (gone) rememberEnded(ended, viewOfQueued(build));
    for (const key of keys ?? []) dispatcher.wanted(key);
  };
  const forgetBuilds = queue.onChange(({ build, gone }) => changed(build, gone));
  const forgetDebug = options.debug?.onChange(({ id }) => {
    for (const { to, sections } of state().answers) {
      if (sections.some((one) => one.kind === 'debug' && one.session === id)) dispatcher.wanted(`answer/${to}`);
    }
  });
  return {
    track,
    view,
    start: () => {
      const { answers, checks } = state();
      deliverer.expectTwins([
        ...answers.filter(({ commentId }) => commentId === null).map(({ to }) => `answer/${to}`),
        ...checks.filter(({ checkRunId }) => checkRunId === null).map(({ key }) => `check/${key}`),
      ]);
      for (const answer of answers) track(answer, []);
      track(undefined, checks);
      dispatcher.start();
    },
    look: () => {
      const { answers, checks } = state();
      for (const { to } of answers) dispatcher.wanted(`answer/${to}`);
      for (const { key } of checks) dispatcher.wanted(`check/${key}`);
    },
    settled: () => dispatcher.settled(),
    stop: () => {
      forgetBuilds();
      forgetDebug?.();
      return dispatcher.stop();
    },
  };
}

/** The records tell of older ones. */
const rememberedEnded = 2000;

function rememberEnded(ended: Map<number, BuildView>, view: BuildView): void {
  ended.set(view.id, view);
  const [oldest] = ended.keys();
  if (ended.size > rememberedEnded && oldest !== undefined) ended.delete(oldest);
}
