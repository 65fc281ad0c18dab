// Joins the rooms of the local GitHub: the emulator, the bare repositories, the kept state and the webhooks.
import type { ApiAnswer, ApiRequest, House, Json } from './answers/api.ts';
import { appRoutes } from './answers/app-answers.ts';
import { checkRoutes } from './answers/checks.ts';
import { organizationOf, userOf } from './answers/events.ts';
import { gitRoutes } from './answers/git-answers.ts';
import { gitWriteRoutes, type Move } from './answers/git-writes.ts';
import { issueCommentRoutes } from './answers/issue-comments.ts';
import { moveRefs } from './answers/moved-refs.ts';
import { followBranch, pullRoutes } from './answers/pulls.ts';
import { reactionRoutes } from './answers/reactions.ts';
import { statusRoutes } from './answers/statuses.ts';
import { userKeyRoutes } from './answers/user-keys.ts';
import type { EmulatedGithub } from './emulator.ts';
import type { BareRepositories } from './git/bare-repositories.ts';
import { repairAnswer } from './repair-answers.ts';
import { keepWrites } from './replay.ts';
import { HOUSE_IDENTITY, type RestParts, serveGet } from './rest.ts';
import type { StateFile } from './state/kept-state.ts';
import type { Tokens } from './state/tokens.ts';
import type { Webhooks } from './webhooks.ts';

export interface Furniture {
  readonly url: string;
  readonly apiUrl: string;
  readonly appId: number;
  readonly slug: string;
  readonly repositories: BareRepositories;
  readonly emulator: EmulatedGithub;
  readonly tokens: Tokens;
  readonly webhooks: Webhooks;
  readonly stateFile: StateFile;
  readonly log: (message: string) => void;
}

export interface Household {
  readonly house: House;
  readonly rest: RestParts;
  readonly move: Move;
  readonly requestAction: (fullName: string, checkRunId: number, identifier: string, login: string) => Promise<void>;
  /** Resolves when no webhook is being made any more. */
  readonly idle: () => Promise<void>;
}

export function furnish(furniture: Furniture): Household {
  const { apiUrl, emulator, repositories, slug, stateFile, tokens, url, webhooks } = furniture;
  const { state, changed } = stateFile;
  const startedAt = new Date().toISOString();
  const underWay = new Set<Promise<void>>();

  const ask = keepWrites(
    async (method, path, body, as = HOUSE_IDENTITY) => {
      const answer = await emulator.call(method, path, 'token' in as ? as.token : undefined, body);
      rememberToken(tokens, path, answer);
      return answer;
    },
    state,
    changed,
  );
  const house: House = {
    url,
    apiUrl,
    slug,
    appId: furniture.appId,
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
    moveRefs(house, fullName, login, change, (name, moved, sender) => followBranch(house, state, name, moved, sender));
  const rest: RestParts = {
    house,
    routes: [
      ...appRoutes(house),
      ...checkRoutes(house, state),
      ...reactionRoutes(house, state),
      ...statusRoutes(house, state),
      ...issueCommentRoutes(house, state),
      ...userKeyRoutes(house, state),
      ...pullRoutes(house, state, move),
      ...gitRoutes(house, state),
      ...gitWriteRoutes(house, move),
    ],
    repair: (request: ApiRequest, answer: ApiAnswer) => repairAnswer({ house, state, request, startedAt }, answer),
    track(work) {
      const told = work.catch((error: Error) => furniture.log(`a webhook could not be made: ${error.stack}`));
      underWay.add(told);
      void told.then(() => underWay.delete(told));
    },
  };

  return {
    house,
    rest,
    move,
    async requestAction(fullName, checkRunId, identifier, login) {
      const kept = state.checkRuns.find((one) => one.repository === fullName && one.id === checkRunId);
      if (!kept?.actions.some((one) => one.identifier === identifier)) {
        throw new Error(`check run ${checkRunId} of ${fullName} has no action "${identifier}"`);
      }
      const [run, repository, sender] = await Promise.all([
        house.read(`/repos/${fullName}/check-runs/${checkRunId}`),
        house.read(`/repos/${fullName}`),
        userOf(house, login),
      ]);
      house.emit('check_run', {
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

/** The tokens that the emulator gives the app are the only ones of their kind that the bridge lets in. */
function rememberToken(tokens: Tokens, path: string, answer: ApiAnswer) {
  if (answer.status !== 201 || !/^\/app\/installations\/\d+\/access_tokens$/.test(path)) return;
  const made = answer.body as { token: string; expires_at: string };
  tokens.remember(made.token, Date.parse(made.expires_at));
}
