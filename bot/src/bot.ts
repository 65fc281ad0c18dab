// The bot, put together: webhooks in, work in order, answers and checks out. What it must not forget is in `state/bot`.
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openJournaledStore, type Queue } from '@coppice/builder-runner/queue';
import { GitError } from '@coppice/builder-runner/remote';
import type { DebugSessions, Log, ProjectsPort } from '@coppice/builder-runner/runner';
import type { Settings } from '@coppice/config';
import { createNodeMiddleware } from 'probot';
import { createStandingFaults, type FaultReport } from './answers/faults/standing-faults.ts';
import { createReactions } from './answers/reactions.ts';
import { createReporter } from './answers/report.ts';
import { tellFailure } from './answers/tell-failure.ts';
import { handleCheckEvent } from './check-actions/handle-button.ts';
import { handleComment, reactionTo } from './commands/handle-comment.ts';
import type { ParsedComment } from './commands/read/parse-comment.ts';
import { readComment } from './commands/read/read-comment.ts';
import { type ConfigAtCommit, createConfigInForce, readConfigAt } from './config-repo/config-in-force.ts';
import { openConfigRepo } from './config-repo/mirror.ts';
import { createCommitter } from './edits/commit-edit.ts';
import { expireProjects } from './edits/expire-projects.ts';
import { createGithub } from './github/github.ts';
import { connectProbot } from './github/probot.ts';
import { createRateGate } from './github/rate-limit.ts';
import { createInbox } from './inbox/inbox.ts';
import { createReconciler } from './inbox/reconcile.ts';
import { createApp } from './inbox/webhooks.ts';
import { openBuiltIndex } from './planning/built.ts';
import { handlePull, revokedBuilds } from './pull-requests/handle-pull.ts';
import { onPullRequests } from './pull-requests/pull-commands.ts';
import { sweepSandboxes } from './pull-requests/sweep-sandboxes.ts';
import { applyConfigChange } from './pushes/apply-config-change.ts';
import { handlePush } from './pushes/handle-push.ts';
import { webhooksPath } from './service/http-server.ts';
import { applyToBotState, type BotOperation, type BotState, initialBotState } from './vocabulary/bot-state.ts';
import type { Job } from './vocabulary/job.ts';

export interface BotOptions {
  readonly settings: Settings;
  readonly queue: Queue;
  /** COPPICE_HOME, absolute. */
  readonly home: string;
  readonly publishedFolder: string;
  /** Public address of the service, without a slash at the end. */
  readonly url: string;
  readonly log: Log;
  readonly now: () => Date;
  readonly secrets: { readonly appId: number; readonly privateKey: string; readonly webhookSecret: string };
  /** The long fingerprint of a project's signing key, null while it has none. */
  readonly keyFingerprint?: (owner: string, project: string) => Promise<string | null>;
  /** Called when another config is in force and `projects.json` says so. */
  readonly onConfigChange?: () => unknown;
  /** Carries changes of projects over to what is published. */
  readonly projects: ProjectsPort;
  /** Where builders are kept to be looked at. Default: nowhere. */
  readonly debug?: DebugSessions;
  /** What of the service can be at fault for long, as it is now. Default: nothing. */
  readonly faults?: () => readonly FaultReport[];
  /** Between two edits of one comment or check run. Default: 5000. */
  readonly editMilliseconds?: number;
}

export interface Bot {
  /** Answers `/api/github/webhooks`; resolves to false, after calling `next`, for other requests. */
  readonly middleware: Awaited<ReturnType<typeof createNodeMiddleware>>;
  /** Takes up what the last run left, looks on GitHub for what was missed, and resolves when that is queued. */
  start(): Promise<void>;
  /** The config in force, undefined until one without problems is known. */
  config(): ConfigAtCommit | undefined;
  /** Resolves when every accepted delivery is worked off and told of. */
  settled(): Promise<void>;
  stop(): Promise<void>;
}

type CommentJob = Extract<Job, { kind: 'comment' }>;

/**
 * Opens the bot's state and makes its webhook middleware; nothing is worked off before `start`. Throws QueueError,
 * GitError.
 */
export async function createBot(options: BotOptions): Promise<Bot> {
  const { settings, queue, home, url, log } = options;
  const { repository, webUrl } = settings.github;
  const store = await openJournaledStore<BotState, BotOperation, void>({
    folder: join(home, 'state/bot'),
    initial: initialBotState,
    apply: applyToBotState,
    decode: (json) => ({ ...initialBotState(), ...(json as Partial<BotState>) }),
  });
  const state = () => store.state;
  const commit = (operations: readonly BotOperation[]) => store.commit(operations);
  const probot = connectProbot(settings.github, options.secrets, log);
  const github = createGithub(() => probot.auth(), repository, createRateGate(options.now, log));
  const configFolder = join(home, 'state/config.git');
  const configUrl = `${webUrl}/${repository}.git`;
  const mirror = await openConfigRepo({ folder: configFolder, url: configUrl, token: github.token });
  const built = await openBuiltIndex(options.publishedFolder, queue);
  const { editMilliseconds } = options;
  const reporter = createReporter({
    ...{ queue, built, github, state, commit, url, log, debug: options.debug },
    ...(editMilliseconds === undefined ? {} : { editMilliseconds }),
  });
  const config = createConfigInForce({
    publishedFolder: options.publishedFolder,
    repository,
    keyFingerprint: options.keyFingerprint ?? (async () => null),
    onChange: () => options.onConfigChange?.(),
    log,
  });
  const reactions = createReactions(github, log);
  const standing = createStandingFaults({
    ...{ github, log, faults: options.faults ?? (() => []) },
    ...(editMilliseconds === undefined ? {} : { lookMilliseconds: editMilliseconds }),
  });

  /** Comments are read as soon as they are accepted, so that the first reaction need not wait for its turn. */
  const reading = new Map<string, Promise<ParsedComment | 'tangled'>>();
  const read = (id: string, job: CommentJob): Promise<ParsedComment | 'tangled'> => {
    const known = reading.get(id);
    if (known !== undefined) return known;
    const parsed = readComment(job.body).then((comment) => {
      if (comment === 'tangled' || comment.commands.length > 0) reactions.react(job.comment, 'eyes');
      return comment;
    });
    reading.set(id, parsed);
    return parsed;
  };

  const pushContext = {
    queue,
    built,
    settings,
    mirror,
    log,
    adopt: config.adopt,
    applyChange: (after: ConfigAtCommit) =>
      applyConfigChange(config.current(), after, { queue, built, projects: options.projects, log }),
    handledCommit: () => state().handledCommit,
    goodCommit: () => state().goodCommit,
  };
  const pulls = () => state().pulls;
  const pullContext = { queue, built, settings, mirror, github, config: config.current, pulls, now: options.now, log };
  /** Builds of pull requests end when these are closed or move, and when nobody's leave for them counts any more. */
  const revoke = async () => {
    const base = config.current();
    if (base === undefined) return;
    for (const { id } of revokedBuilds(queue.builds(), state(), base)) await queue.cancel(id, 'coppice');
  };
  const sweep = async () => {
    const gone = await sweepSandboxes({
      ...{ pulls, live: () => queue.builds(), publishedFolder: options.publishedFolder, now: options.now },
      retentionSeconds: () => config.current()?.config.policy.retention.pullRequestsSeconds,
      remove: (owner, name) => options.projects.remove({ owner, name }),
      forget: (pull) => commit([{ op: 'forgotten', pull }]),
    });
    if (gone.length === 0) return;
    log('info', `The sandboxes of closed pull requests were deleted: ${gone.join(', ')}`);
    await options.onConfigChange?.();
  };
  const commitEdit = createCommitter({
    ...{ folder: configFolder, url: configUrl, mirror, token: github.token, identity: github.identity },
    branch: async () => (await github.head()).branch,
  });
  const expire = async () => {
    const at = config.current();
    const repositoryUrl = `${settings.github.webUrl}/${repository}`;
    if (at !== undefined) await expireProjects(at, { now: options.now(), commit: commitEdit, repositoryUrl, log });
  };
  let tending: Promise<void> = Promise.resolve();
  /** What follows for pull requests from what was worked off, and from time. */
  const tend = () => {
    tending = tending
      .then(revoke)
      .then(sweep)
      .then(expire)
      .catch((error: unknown) => log('error', 'What time has ended could not be taken away', { error }));
  };
  let tender: NodeJS.Timeout | undefined;
  const commentContext = {
    ...{ queue, built, settings, url, config: config.current, view: reporter.view },
    petitions: () => state().petitions,
    commit: commitEdit,
    onPull: onPullRequests(pullContext),
    projects: options.projects,
    debug: options.debug,
    keysOf: (login: string) => github.keysOf(login),
    published: () => options.onConfigChange?.(),
  };
  /** When a delivery was heard of, as performance.now() counts; those of the last run are older than anything. */
  const heardAt = new Map<string, number>();
  const inbox = createInbox({
    state,
    commit,
    before: ({ id }) =>
      reconciler
        .catchUp(heardAt.get(id) ?? 0)
        .catch((error: unknown) =>
          log('warn', 'GitHub could not be asked whether a push was missed; what is known counts', { error }),
        ),
    async work({ id, job }) {
      if (job.kind === 'push') return await patiently(() => handlePush(job, id, pushContext), log);
      if (job.kind === 'pull') return await patiently(() => handlePull(job, id, pullContext), log);
      if (job.kind === 'check') return await patiently(() => handleCheckEvent(job, id, pullContext), log);
      const parsed = await read(id, job);
      if (parsed !== 'tangled' && parsed.commands.length === 0) return { checks: [] };
      return await handleComment(job, parsed, id, commentContext);
    },
    done({ id, job }, { answer, checks }) {
      reading.delete(id);
      heardAt.delete(id);
      reporter.track(answer, checks);
      if (job.kind === 'comment' && answer !== undefined) reactions.react(job.comment, reactionTo(answer.sections));
      tend();
    },
    failed({ id, job }, error) {
      reading.delete(id);
      heardAt.delete(id);
      return complain(`Delivery ${id} could not be worked off`, job, error);
    },
  });
  const complain = async (what: string, job: Job, error: unknown): Promise<void> => {
    log('error', what, { error });
    await tellFailure(github, job, error, url).catch((cause: unknown) =>
      log('error', `${what}, and nobody could be told`, { error: cause }),
    );
  };
  /** Notes work under the name that workKey gives it; false when that is known. */
  const take = async (key: string, job: Job): Promise<boolean> => {
    if (!heardAt.has(key)) heardAt.set(key, performance.now());
    try {
      const fresh = await inbox.accept(key, job);
      // A fault in reading is met again, and told, when its turn comes.
      if (fresh && job.kind === 'comment') read(key, job).catch(() => undefined);
      return fresh;
    } finally {
      if (!state().inbox.some(({ id }) => id === key)) heardAt.delete(key);
    }
  };
  const { webhooks, reconcileSeconds, pollSeconds } = settings.github;
  const reconciler = createReconciler({
    ...{ github, state, commit, log, accept: take, now: options.now },
    looked: reporter.look,
    seconds: webhooks ? reconcileSeconds : pollSeconds,
  });
  const accept = async (id: string, job: Job): Promise<void> => {
    try {
      await reconciler.hear(id, job);
    } catch (error) {
      void complain(`Delivery ${id} could not be noted`, job, error);
      throw error;
    }
  };
  const middleware = await createNodeMiddleware(createApp({ repository, accept }), { probot, webhooksPath });

  /** Reads the config in force again after a start. */
  const restore = async () => {
    const { goodCommit } = state();
    if (goodCommit === null) return;
    const parsed = await readConfigAt(mirror, goodCommit);
    if (parsed.ok) config.adopt(parsed.value);
  };
  return {
    middleware,
    config: config.current,
    async start() {
      await restore().catch((error: unknown) =>
        log('warn', 'The config in force could not be read and is fetched again', { error }),
      );
      reporter.start();
      inbox.start();
      standing.start();
      if (!webhooks) log('info', `Webhooks are switched off: GitHub is asked every ${pollSeconds} s what is new`);
      await reconciler.start();
      tender = setInterval(tend, tendMilliseconds);
      tend();
      await inbox.settled();
      await config.settled();
    },
    async settled() {
      await inbox.settled();
      await tending;
      await reactions.settled();
      await reporter.settled();
      await config.settled();
    },
    async stop() {
      await reconciler.stop();
      await standing.stop();
      clearInterval(tender);
      await inbox.stop();
      await tending;
      await reporter.stop();
      built.close();
      await reactions.settled();
      await config.settled();
      await store.close();
    },
  };
}

/** How often it is looked whether sandboxes are due; each end of a delivery is another occasion. */
const tendMilliseconds = 3_600_000;

const retryMilliseconds = [500, 3000];

/** Git over a network fails now and then: twice more, then the error. */
async function patiently<T>(work: () => Promise<T>, log: Log): Promise<T> {
  for (const wait of retryMilliseconds) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof GitError)) throw error;
      log('warn', `The config repo could not be read; next try in ${wait} ms`, { error });
      await sleep(wait);
    }
  }
  return await work();
}
