// The bot, put together: webhooks in, work in order, answers and checks out. What it must not forget is in `state/bot`.
import { join } from 'node:path';
import { openJournaledStore, type Queue } from '@coppice/builder-runner/queue';
import type { DebugSessions, Log, ProjectsPort, Pruned, PruneOptions } from '@coppice/builder-runner/runner';
import { findProject, type Settings } from '@coppice/config';
import { createNodeMiddleware } from 'probot';
import { renamedFault } from './answers/faults/renamed-fault.ts';
import { createStandingFaults, type FaultReport } from './answers/faults/standing-faults.ts';
import { createReactions } from './answers/reactions.ts';
import { createReporter } from './answers/report.ts';
import { createComplaints } from './answers/tell-failure.ts';
import type { CommentContext } from './commands/handle-comment.ts';
import { createCommentReader } from './commands/read/read-ahead.ts';
import { type ConfigInForce, readConfigAt } from './config-repo/config-in-force.ts';
import { type ConfigRepoMirror, openConfigRepo } from './config-repo/mirror.ts';
import { readLeaving } from './config-repo/read-leaving.ts';
import { createCommitter } from './edits/commit-edit.ts';
import { createGithub } from './github/github.ts';
import { connectProbot } from './github/probot.ts';
import { createRateGate } from './github/rate-limit.ts';
import { createInbox } from './inbox/inbox.ts';
import { createWebhookReceiver, type Middleware } from './inbox/receive-webhook.ts';
import { createReconciler, type GithubFault } from './inbox/reconcile.ts';
import { createApp } from './inbox/webhooks.ts';
import { createWorker } from './inbox/work-off.ts';
import { teamsIn } from './people/effective-config.ts';
import { createPeople } from './people/people.ts';
import { openBuiltIndex } from './planning/built.ts';
import { createSandboxFinder } from './planning/merged-sandboxes.ts';
import type { PullContext } from './pull-requests/handle-pull.ts';
import { createAsideJudge } from './pull-requests/judge-aside.ts';
import { createHeadJudge } from './pull-requests/judge-head.ts';
import { onPullRequests } from './pull-requests/pull-commands.ts';
import { createTending, sandboxesOf } from './pull-requests/tend-pulls.ts';
import { applyConfigChange, cancelWaiting, removePackage } from './pushes/apply-config-change.ts';
import type { PushContext } from './pushes/handle-push.ts';
import { createDepartures, type TakeAwayContext, takeAway } from './pushes/take-away.ts';
import { takeDownFrozen } from './pushes/take-down-frozen.ts';
import { createRetention, type RetentionContext } from './retention/retention.ts';
import { withheldIn } from './service/home.ts';
import { webhooksPath } from './service/http-server.ts';
import { applyToBotState, type BotOperation, type BotState, initialBotState } from './vocabulary/bot-state.ts';
import type { Job } from './vocabulary/job.ts';
import { nameOf } from './vocabulary/project-name.ts';
import type { PruneReport } from './vocabulary/prune-report.ts';

export interface BotOptions {
  readonly settings: Settings;
  readonly queue: Queue;
  /** Which config counts; the bot puts each into force that the default branch has. */
  readonly config: ConfigInForce;
  /** COPPICE_HOME, absolute. */
  readonly home: string;
  readonly publishedFolder: string;
  /** Public address of the service, without a slash at the end. */
  readonly url: string;
  readonly log: Log;
  readonly now: () => Date;
  readonly secrets: { readonly appId: number; readonly privateKey: string; readonly webhookSecret: string };
  /** Called when what is published has changed otherwise than by a build or another config. */
  readonly onPublished?: () => unknown;
  /** Carries changes of projects over to what is published. */
  readonly projects: ProjectsPort;
  /** The runner's pass over builds that nobody needs any more. Default: nothing goes. */
  readonly prune?: (options: PruneOptions) => Promise<Pruned>;
  /** Where builders are kept to be looked at. Default: nowhere. */
  readonly debug?: DebugSessions;
  /** What of the service can be at fault for long, as it is now. Default: nothing. */
  readonly faults?: () => readonly FaultReport[];
  /** Between two edits of one comment or check run. Default: 5000. */
  readonly editMilliseconds?: number;
}

export interface Bot {
  /** Why GitHub cannot be asked; undefined while it answers. */
  fault(): GithubFault | undefined;
  /** Answers `/api/github/webhooks`, and calls `next` for other requests. */
  readonly middleware: Middleware;
  /** Takes up what the last run left, looks on GitHub for what was missed, and resolves when that is queued. */
  start(): Promise<void>;
  /** What nobody needs any more goes, or is named; undefined while no config is in force. */
  prune(options: { readonly dryRun: boolean }): Promise<PruneReport | undefined>;
  /** Resolves when every accepted delivery is worked off and told of. */
  settled(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Opens the bot's state and makes its webhook middleware; nothing is worked off before `start`. Throws QueueError,
 * GitError.
 */
export async function createBot(options: BotOptions): Promise<Bot> {
  const { settings, config, url, log, now } = options;
  const { repository, webhooks, reconcileSeconds, pollSeconds } = settings.github;
  const parts = await openParts(options);
  const { probot, store, state, commit, github, mirror, built, people } = parts;

  const reporter = createReporter({
    ...{ ...options, ...parts, debug: options.debug },
    publishMode: (owner, name) => findProject(config.current()?.config.projects ?? [], owner, name)?.publish ?? 'each',
  });
  const reactions = createReactions(github, log);
  const standing = createStandingFaults({
    ...{ github, log },
    faults: () => [...(options.faults?.() ?? []), renamedFault(repository, github.repository()?.fullName)],
    ...(options.editMilliseconds === undefined ? {} : { lookMilliseconds: options.editMilliseconds }),
  });
  const complain = createComplaints(github, url, log);

  const accept = (key: string, job: Job) => inbox.accept(key, job);
  const tending = createTending({ ...options, ...parts, config: people.config, written: config.current, accept });
  const retention = createRetention(retentionContext(options, parts));
  const comments = createCommentReader((job) => reactions.react(job.comment, 'eyes', job.actor));
  const inbox = createInbox({ state, commit, noted: (delivery) => comments.ahead(delivery) });
  const departures = createDepartures({ state, config: config.current, now, log, accept });
  const reconciler = createReconciler({
    ...{ github, state, commit, log, now, accept },
    looked: () => reporter.look(),
    knowsBot: people.knowsBot,
    seconds: webhooks ? reconcileSeconds : pollSeconds,
  });
  const worker = createWorker({
    ...contextsOf(options, parts, (ref) => reporter.view(ref)),
    ...{ comments, reconciler, reporter, reactions, complain, log, people, state },
    tend() {
      tending.look();
      departures.look();
    },
  });
  const hear = (id: string, job: Job) => reconciler.hear(id, job);
  const app = createApp({ repository, known: github.repository, complain, hear, knowsBot: people.knowsBot });
  const middleware = createWebhookReceiver({
    ...{ path: webhooksPath, secret: options.secrets.webhookSecret, log, now },
    handle: await createNodeMiddleware(app, { probot, webhooksPath }),
  });
  return {
    middleware,
    prune: retention.prune,
    fault: reconciler.fault.bind(reconciler),
    async start() {
      await restoreConfig(state(), mirror, options);
      await takeDownFrozen(config.current(), options.projects, log);
      tending.restored();
      reporter.start();
      inbox.start(worker);
      standing.start();
      if (!webhooks) log('info', `Webhooks are switched off: GitHub is asked every ${pollSeconds} s what is new`);
      await reconciler.start();
      tending.start();
      retention.start();
      departures.look();
      await inbox.caughtUp();
      await config.settled();
    },
    async settled() {
      for (const one of [inbox, tending, inbox, reactions, reporter, config]) await one.settled();
    },
    async stop() {
      departures.stop();
      for (const one of [reconciler, standing, inbox, tending, retention, reporter]) await one.stop();
      built.close();
      for (const judge of [parts.heads, parts.crowdsHeads]) await judge.stop();
      await reactions.settled();
      await config.settled();
      await store.close();
    },
  };
}

type Parts = Awaited<ReturnType<typeof openParts>>;

/** What everything else stands on: the bot's own state, GitHub, the config repo, and what has been built. */
async function openParts(options: BotOptions) {
  const { settings, queue, config, home, publishedFolder, log, now } = options;
  const { repository, webUrl } = settings.github;
  const withheldFolder = withheldIn(home);
  const store = await openJournaledStore<BotState, BotOperation, void>({
    folder: join(home, 'state/bot'),
    initial: initialBotState,
    apply: applyToBotState,
    decode: (json) => ({ ...initialBotState(), ...(json as Partial<BotState>) }),
  });
  const probot = connectProbot(settings.github, options.secrets, log);
  const github = createGithub(() => probot.auth(), repository, createRateGate(now, log));
  const at = {
    folder: join(home, 'state/config.git'),
    url: () => `${webUrl}/${github.repository()?.fullName ?? repository}.git`,
    ...{ token: github.token, forgetToken: github.forgetToken },
  };
  const mirror = await openConfigRepo(at);
  const people = createPeople({
    ...{ github, log, now, config: config.current, accounts: () => store.state.accounts },
    note: (account) => store.commit([{ kind: 'account', account }]),
  });
  return {
    ...{ store, probot, github, mirror, people },
    heads: createHeadJudge({ folder: mirror.folder, log }),
    crowdsHeads: createHeadJudge({ folder: mirror.folder, log }),
    state: () => store.state,
    commit: (operations: readonly BotOperation[]) => store.commit(operations),
    built: await openBuiltIndex(publishedFolder, queue, withheldFolder),
    commitEdit: createCommitter({
      ...{ ...at, mirror, identity: github.identity, view: people.view },
      branch: async () => (await github.head()).branch,
      deletionAsked: (project, commit) => store.commit([{ kind: 'deletion-asked', project, commit }]),
    }),
    withheldFolder,
    published: () => options.onPublished?.(),
  };
}

function retentionContext(options: BotOptions, parts: Parts): RetentionContext {
  const { queue, publishedFolder, projects, now, log, config } = options;
  const { built, people, published } = parts;
  const nothing: Pruned = { builds: [], sources: [], generations: [], problems: [], isCut: false };
  return {
    ...{ publishedFolder, now, log, config: config.current, live: () => queue.builds() },
    prune: options.prune ?? (async () => nothing),
    sandboxes: sandboxesOf({ ...parts, queue, publishedFolder, projects, now, config: people.config }),
    async changed(touched) {
      for (const key of touched) {
        const { owner, name } = nameOf(key);
        await built.reread(owner, name);
      }
      await published();
    },
  };
}

/** What the rooms are given that work jobs off. */
function contextsOf(options: BotOptions, parts: Parts, view: CommentContext['view']) {
  const { settings, queue, config, projects, debug, url, log, now } = options;
  const { state, github, mirror, heads, crowdsHeads, built, commitEdit, published, people } = parts;
  const planning = { queue, built, settings };
  const pulls: PullContext = {
    ...{ ...planning, url, mirror, heads, github, now, log, written: config.current },
    ...{ config: people.config, meet: people.meet, why: people.why, unread: people.unread },
    aside: createAsideJudge(crowdsHeads),
    pulls: () => state().pulls,
    groups: () => state().groups,
  };
  const pushes: PushContext = {
    ...{ ...planning, url, mirror, log, now, state, config: config.current, adopt: config.adopt },
    noteInForce: async (note) => void (await parts.commit([{ kind: 'in-force', ...note }])),
    unread: (stated) => people.unread(teamsIn(stated)),
    sandboxes: createSandboxFinder({
      ...{ queue, built, log, pulls: () => state().pulls, config: people.config },
      publishedFolder: options.publishedFolder,
      isMerged: async (number) => {
        const { merged, intoDefault } = await github.pull(number);
        return merged && intoDefault;
      },
    }),
    cancelWaiting: (packages) => cancelWaiting(packages, queue),
    applyChange: (steps) => applyConfigChange(steps, { queue, built, projects, log }),
  };
  const departures: TakeAwayContext = {
    ...{ state, config: config.current, adopt: config.adopt, log },
    remove: (project) => pushes.applyChange([{ kind: 'remove', project }]),
    removePackage: (project, name) => removePackage(project, name, { queue, built, projects, log }),
    headCommit: async () => (await github.head()).commit,
  };
  const commands: CommentContext = {
    ...{ ...planning, url, projects, debug, published, view, people, config: people.config, commit: commitEdit },
    petitions: () => state().petitions,
    admins: () => config.current()?.config.policy.admins ?? [],
    takeAway: (project) => takeAway(project, departures),
    inForce: state,
    onPull: onPullRequests(pulls),
    keysOf: (login) => github.keysOf(login),
  };
  return { pulls, pushes, departures, commands };
}

/** Reads the config in force again after a start. Does not reject: the first look at GitHub fetches it again. */
async function restoreConfig(
  { goodCommit, leaving, departed }: BotState,
  mirror: ConfigRepoMirror,
  { config, log }: Pick<BotOptions, 'config' | 'log'>,
): Promise<void> {
  if (goodCommit === null) return;
  const unread = (commit: string, error: unknown) =>
    log('warn', `What projects that are leaving stated in commit ${commit} could not be read`, { error });
  try {
    const parsed = await readConfigAt(mirror, goodCommit);
    if (parsed.ok) config.adopt({ ...parsed.value, leaving: await readLeaving(leaving, mirror, unread), departed });
  } catch (error) {
    log('warn', 'The config in force could not be read and is fetched again', { error });
  }
}
