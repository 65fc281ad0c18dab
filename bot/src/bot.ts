// The bot, put together: webhooks in, work in order, answers and checks out. What it must not forget is in `state/bot`.

import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openJournaledStore, type Queue, QueueError } from '@coppice/builder-runner/queue';
import type { Settings } from '@coppice/config';
import { createNodeMiddleware } from 'probot';
import { createApp } from './app.ts';
import {
  applyToBotState,
  type BotOperation,
  type BotState,
  type Delivery,
  initialBotState,
  type Job,
} from './bot-state.ts';
import { openBuiltIndex } from './built.ts';
import { configCheckName } from './check-run.ts';
import { type ConfigAtCommit, publishConfig, readConfigAt } from './config-in-force.ts';
import { openConfigRepo } from './config-repo.ts';
import { GitError } from './git.ts';
import { createGithub, type Reaction } from './github.ts';
import { handleComment } from './handle-comment.ts';
import { handlePush } from './handle-push.ts';
import { createInbox, type Handled } from './inbox.ts';
import type { ParsedComment } from './parse-comment.ts';
import { connectProbot } from './probot.ts';
import { readComment } from './read-comment.ts';
import { writeAnswer } from './reply/answer.ts';
import * as refusal from './reply/refused.ts';
import { createReporter } from './report.ts';
import type { Log } from './service/log.ts';

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
}

export interface Bot {
  /** Answers `webhooksPath`; resolves to false, after calling `next`, for other requests. */
  readonly middleware: Awaited<ReturnType<typeof createNodeMiddleware>>;
  /** Takes up what the last run left, looks whether a push was missed, and resolves when that is queued. */
  start(): Promise<void>;
  /** Resolves when every accepted delivery is worked off and told of. */
  settled(): Promise<void>;
  stop(): Promise<void>;
}

export const webhooksPath = '/api/github/webhooks';

/** Opens the bot's state and makes its webhook middleware; nothing is worked off before `start`. Throws QueueError, GitError. */
export async function createBot(options: BotOptions): Promise<Bot> {
  const { settings, queue, home, url, log } = options;
  const { repository, webUrl } = settings.github;
  const store = await openJournaledStore<BotState, BotOperation, void>({
    folder: join(home, 'state/bot'),
    initial: initialBotState,
    apply: applyToBotState,
  });
  const state = () => store.state;
  const commit = (operations: readonly BotOperation[]) => store.commit(operations);
  const probot = connectProbot(settings.github, options.secrets, log);
  const github = createGithub(() => probot.auth(), repository);
  const mirror = await openConfigRepo({
    folder: join(home, 'state/config.git'),
    url: `${webUrl}/${repository}.git`,
    token: github.token,
  });
  const built = await openBuiltIndex(options.publishedFolder);
  const reporter = createReporter({ queue, built, github, state, commit, url, log });
  let config: ConfigAtCommit | undefined;
  const adopt = async (next: ConfigAtCommit) => {
    config = next;
    const keyFingerprint = options.keyFingerprint ?? (async () => null);
    await publishConfig(next, { publishedFolder: options.publishedFolder, repository, keyFingerprint });
    await options.onConfigChange?.();
  };

  /** Comments are read as soon as they are accepted, so that the first reaction need not wait for its turn. */
  const reading = new Map<string, Promise<ParsedComment | 'tangled'>>();
  const reactions = new Set<Promise<void>>();
  const react = (comment: number, reaction: Reaction) => {
    const reacting = github
      .react(comment, reaction)
      .catch((error: unknown) => log('warn', `Comment ${comment} got no reaction`, { error }));
    reactions.add(reacting);
    void reacting.finally(() => reactions.delete(reacting));
  };
  const read = ({ id, job }: Delivery): Promise<ParsedComment | 'tangled'> => {
    if (job.kind !== 'comment') return Promise.resolve({ commands: [], dropped: 0 });
    const known = reading.get(id);
    if (known !== undefined) return known;
    const parsed = readComment(job.body);
    reading.set(id, parsed);
    parsed
      .then((comment) => (comment === 'tangled' || comment.commands.length > 0) && react(job.comment, 'eyes'))
      .catch(() => undefined);
    return parsed;
  };

  const work = async (delivery: Delivery): Promise<Handled> => {
    const { id, job } = delivery;
    if (job.kind === 'push') {
      const context = {
        queue,
        built,
        settings,
        mirror,
        adopt,
        log,
        handledCommit: () => state().handledCommit,
        goodCommit: () => state().goodCommit,
      };
      return await patiently(() => handlePush(job, id, context), log);
    }
    const parsed = await read(delivery);
    if (parsed !== 'tangled' && parsed.commands.length === 0) return { checks: [] };
    const context = { queue, built, settings, url, config: () => config, view: reporter.view };
    const { answer, checks, reaction } = await handleComment(job, parsed, id, context);
    finalReaction.set(id, reaction);
    return { answer, checks };
  };
  const finalReaction = new Map<string, Reaction>();

  const inbox = createInbox({
    state,
    commit,
    work,
    done: ({ id, job }, { answer, checks }) => {
      reading.delete(id);
      reporter.track(answer, checks);
      const reaction = finalReaction.get(id);
      finalReaction.delete(id);
      if (job.kind === 'comment' && reaction !== undefined) react(job.comment, reaction);
    },
    failed: async ({ id, job }, error) => {
      reading.delete(id);
      finalReaction.delete(id);
      log('error', `Delivery ${id} could not be worked off`, { error });
      await tellFailure(job, error).catch((cause: unknown) =>
        log('error', `Nobody could be told that delivery ${id} failed`, { error: cause }),
      );
    },
  });

  /** The state may be what cannot be written, so this goes to GitHub directly. */
  const tellFailure = async (job: Job, error: unknown): Promise<void> => {
    const why =
      error instanceof QueueError && error.code === 'full'
        ? refusal.diskFull()
        : refusal.broken(error instanceof GitError ? error.message : undefined);
    if (job.kind === 'comment') {
      const line = job.body.split('\n').find((each) => each.trim() !== '') ?? '';
      await github.createComment(
        job.issue,
        writeAnswer(job.comment, [{ kind: 'text', line, good: false, markdown: why }], new Map(), url),
      );
      return react(job.comment, 'confused');
    }
    const check = {
      name: configCheckName,
      commit: job.commit,
      externalId: `config/${job.commit}`,
      detailsUrl: `${url}/`,
      startedAt: null,
      completedAt: null,
    };
    await github.createCheck(
      { ...check, status: 'completed', conclusion: 'failure', title: 'Nothing was queued', summary: why },
      [],
    );
  };

  const accept = async (id: string, job: Job): Promise<void> => {
    try {
      if ((await inbox.accept(id, job)) && job.kind === 'comment') void read({ id, job });
    } catch (error) {
      log('error', `Delivery ${id} could not be noted`, { error });
      void tellFailure(job, error).catch((cause: unknown) =>
        log('error', `Nobody could be told that delivery ${id} was lost`, { error: cause }),
      );
      throw error;
    }
  };
  const middleware = await createNodeMiddleware(createApp({ repository, accept }), { probot, webhooksPath });

  /** Reads the config in force again after a start. */
  const restore = async () => {
    const { goodCommit } = state();
    if (goodCommit === null) return;
    const parsed = await readConfigAt(mirror, goodCommit);
    if (parsed.ok) await adopt(parsed.value);
  };
  const reconcile = async () => {
    const head = await github.head();
    if (head.commit === state().handledCommit) return;
    await inbox.accept(`start/${head.commit}/${options.now().getTime()}`, {
      kind: 'push',
      commit: head.commit,
      branch: head.branch,
      pusher: head.author,
    });
  };

  return {
    middleware,
    async start() {
      await restore().catch((error: unknown) =>
        log('warn', 'The config in force could not be read and is fetched again', { error }),
      );
      reporter.start();
      inbox.start();
      await reconcile().catch((error: unknown) =>
        log('warn', 'GitHub could not be asked whether a push was missed', { error }),
      );
      await inbox.settled();
    },
    async settled() {
      await inbox.settled();
      await Promise.all(reactions);
      await reporter.settled();
    },
    async stop() {
      await inbox.stop();
      await reporter.stop();
      await Promise.all(reactions);
      await store.close();
    },
  };
}

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
