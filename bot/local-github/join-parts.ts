// Joins the parts of the local GitHub: the emulator, the bare repositories, the kept state and the webhooks.
import type { ApiAnswer, ApiRequest, BridgeContext, Json } from './answers/api.ts';
import { appRoutes } from './answers/app-answers.ts';
import { checkRoutes } from './answers/checks.ts';
import { organizationOf, userOf } from './answers/events.ts';
import { forkRoutes, isHidden } from './answers/forks.ts';
import { gitRoutes } from './answers/git-answers.ts';
import { gitWriteRoutes, type Move } from './answers/git-writes.ts';
import { hookRoutes } from './answers/hook-answers.ts';
import { issueCommentRoutes } from './answers/issue-comments.ts';
import { createMergeQueue, type MergeQueue } from './answers/merge-queue.ts';
import { moveRefs } from './answers/moved-refs.ts';
import { newRepositoryRoutes } from './answers/new-repositories.ts';
import { followBranch, keptPull, pullRoutes } from './answers/pulls.ts';
import { reactionRoutes } from './answers/reactions.ts';
import { statusRoutes } from './answers/statuses.ts';
import type { Tokens } from './answers/tokens.ts';
import { userKeyRoutes } from './answers/user-keys.ts';
import type { Webhooks } from './delivery/webhooks.ts';
import type { EmulatedGithub } from './emulator.ts';
import type { BareRepositories } from './git/bare-repositories.ts';
import { repairAnswer } from './repair-answers.ts';
import { keepWrites } from './replay.ts';
import { ADMIN_IDENTITY, type RestParts, serveGet } from './rest.ts';
import type { KeptPull, StateFile } from './state/kept-state.ts';
import type { Registry } from './state/registration.ts';

export interface Parts {
  readonly url: string;
  readonly apiUrl: string;
  readonly appId: number;
  readonly slug: string;
  readonly registry: Registry;
  readonly repositories: BareRepositories;
  readonly emulator: EmulatedGithub;
  readonly tokens: Tokens;
  readonly webhooks: Webhooks;
  readonly stateFile: StateFile;
  readonly log: (message: string) => void;
}

export interface JoinedParts {
  readonly context: BridgeContext;
  readonly rest: RestParts;
  readonly move: Move;
  readonly mergeQueue: MergeQueue;
  /** Throws when there is none. */
  readonly pull: (fullName: string, number: number) => KeptPull;
  readonly requestAction: (fullName: string, checkRunId: number, identifier: string, login: string) => Promise<void>;
  /** Resolves when no webhook is being made any more. */
  readonly idle: () => Promise<void>;
}

export function joinParts(parts: Parts): JoinedParts {
  const { apiUrl, emulator, repositories, slug, stateFile, tokens, url, webhooks } = parts;
  const { state, changed } = stateFile;
  const startedAt = new Date().toISOString();
  const underWay = new Set<Promise<void>>();

  const ask = keepWrites(
    (method, path, body, as = ADMIN_IDENTITY) =>
      emulator.call(method, path, 'token' in as ? as.token : undefined, body),
    state,
    changed,
  );
  const context: BridgeContext = {
    url,
    apiUrl,
    slug,
    appId: parts.appId,
    registry: parts.registry,
    people: new Map(),
    repositories,
    ask,
    read: async (path) => {
      const answer = await serveGet(rest, path);
      if (answer.status !== 200) throw new Error(`GET ${path} was answered with ${answer.status}`);
      return answer.body as Json;
    },
    loginOf: (identity) => (identity.kind === 'user' ? identity.login : `${slug}[bot]`),
    emit: webhooks.emit,
    changed,
  };
  const move: Move = (fullName, login, change) =>
    moveRefs(context, fullName, login, change, (name, moved, sender) =>
      followBranch(context, state, name, moved, sender),
    );
  const mergeQueue = createMergeQueue(context, state, move);
  const rest: RestParts = {
    context,
    routes: [
      ...appRoutes(context, tokens),
      ...hookRoutes(apiUrl, webhooks),
      ...checkRoutes(context, state),
      ...reactionRoutes(context, state),
      ...statusRoutes(context, state),
      ...issueCommentRoutes(context, state),
      ...userKeyRoutes(context, state),
      ...newRepositoryRoutes(context, state),
      ...forkRoutes(context, state),
      ...pullRoutes(context, state, move),
      ...gitRoutes(context, state),
      ...gitWriteRoutes(context, move),
    ],
    hides: (fullName, identity) => isHidden(state, fullName, identity),
    repair: (request: ApiRequest, answer: ApiAnswer) => repairAnswer({ context, state, request, startedAt }, answer),
    // Whatever is told of a check may be what a merge waits for.
    wrote: (request) => (/\/check-runs(\/\d+)?$/.test(request.path) ? mergeQueue.look() : Promise.resolve()),
    track(work) {
      const told = work.catch((error: Error) => parts.log(`a webhook could not be made: ${error.stack}`));
      underWay.add(told);
      void told.then(() => underWay.delete(told));
    },
  };

  return {
    context,
    rest,
    move,
    mergeQueue,
    pull(fullName, number) {
      const pull = keptPull(state, fullName, number);
      if (!pull) throw new Error(`${fullName} has no pull request ${number}`);
      return pull;
    },
    async requestAction(fullName, checkRunId, identifier, login) {
      const kept = state.checkRuns.find((one) => one.repository === fullName && one.id === checkRunId);
      if (!kept?.actions.some((one) => one.identifier === identifier)) {
        throw new Error(`check run ${checkRunId} of ${fullName} has no action "${identifier}"`);
      }
      const [run, repository, sender] = await Promise.all([
        context.read(`/repos/${fullName}/check-runs/${checkRunId}`),
        context.read(`/repos/${fullName}`),
        userOf(context, login),
      ]);
      context.emit('check_run', {
        action: 'requested_action',
        requested_action: { identifier },
        check_run: run,
        repository,
        organization: organizationOf(repository),
        sender,
      });
    },
    idle: async () => {
      await Promise.all(underWay);
    },
  };
}
