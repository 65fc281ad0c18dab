// The app's installation on the config repo: who it is there, its client, and its tokens.
import type { ProbotOctokit } from 'probot';
import { AccessLost } from './access-lost.ts';
import type { createAnswerMemory } from './answer-memory.ts';
import type { RateGate } from './rate-limit.ts';

/** A repository by its name. */
export interface Place {
  readonly owner: string;
  readonly repo: string;
}

/** What every call of the installation needs. */
export interface Calls {
  readonly place: Place;
  /** The installation's client. */
  readonly ours: () => Promise<ProbotOctokit>;
  readonly unlessChanged: ReturnType<typeof createAnswerMemory>;
}

export interface Installation {
  /** Whose name the app's commits carry: its own, as GitHub writes it. */
  identity(): Promise<{ readonly name: string; readonly email: string }>;
  /** An installation token that lives for some minutes more. */
  token(): Promise<string>;
  /** The token that was given last is not taken any more: the next one is a new one. */
  forgetToken(): void;
  /**
   * Asks GitHub anew whether the app may reach the repository; an installation that is another one takes its place.
   * Rejects with AccessLost when somebody has to do something about it.
   */
  check(): Promise<void>;
  client(): Promise<ProbotOctokit>;
}

/** A token is not given away when it has less than this to live. */
const tokenSpareMilliseconds = 10 * 60_000;

/** `app` authenticates as the app itself. Every request but that for a token passes the gate. */
export function createInstallation(app: () => Promise<ProbotOctokit>, place: Place, gate: RateGate): Installation {
  let known: Promise<{ readonly id: number; readonly app_slug: string }> | undefined;
  const installation = async () => {
    known ??= app()
      .then((octokit) => gate.pass(() => octokit.rest.apps.getRepoInstallation({ ...place })))
      .then(({ data }) => data);
    // A failed question must be asked again.
    known.catch(() => {
      known = undefined;
    });
    return await known;
  };
  let client: { readonly id: number; readonly octokit: ProbotOctokit } | undefined;
  let gitToken: { readonly token: string; readonly expires_at: string } | undefined;
  const forgetAll = () => {
    known = undefined;
    client = undefined;
    gitToken = undefined;
  };
  const self: Installation = {
    async client() {
      const { id } = await installation();
      if (client?.id === id) return client.octokit;
      const octokit = await installationClient(await app(), id);
      octokit.hook.wrap('request', async (send, options) => {
        try {
          return await gate.pass(async () => await send(options));
        } catch (error) {
          if (statusOf(error) !== 401 || options.headers[renewed] !== undefined) throw error;
          // A token may end before its time; Octokit would go on with it for an hour.
          if (client?.octokit === octokit) client = undefined;
          const other = await self.client();
          // What belongs to the client that is given up is left behind: its hook would sign with the token that ended.
          const { hook: _hook, ...request } = (options.request ?? {}) as Record<string, unknown>;
          const headers = { ...options.headers, [renewed]: 'yes' };
          return await other.request({ ...options, request, headers } as never);
        }
      });
      client = { id, octokit };
      return octokit;
    },
    async identity() {
      const name = `${(await installation()).app_slug}[bot]`;
      return { name, email: `${name}@users.noreply.github.com` };
    },
    async token() {
      // Asked for by REST: Octokit's own way takes api.github.com for granted when it has no token in store.
      if (gitToken === undefined || Date.parse(gitToken.expires_at) - Date.now() < tokenSpareMilliseconds) {
        const { rest } = await app();
        const { id } = await installation();
        gitToken = (await rest.apps.createInstallationAccessToken({ installation_id: id })).data;
      }
      return gitToken.token;
    },
    forgetToken() {
      gitToken = undefined;
    },
    async check() {
      try {
        const octokit = await app();
        const { data } = await gate.pass(() => octokit.rest.apps.getRepoInstallation({ ...place }));
        if (data.suspended_at !== null) throw new AccessLost('suspended', nameOf(place));
        if (client !== undefined && client.id !== data.id) forgetAll();
        known = Promise.resolve(data);
      } catch (error) {
        const lost = lostBy(error, place);
        if (lost instanceof AccessLost) forgetAll();
        throw lost;
      }
    },
  };
  return self;
}

/** Marks a request that is made for the second time, with a new token. GitHub ignores headers that it does not know. */
const renewed = 'x-coppice-new-token';

const nameOf = ({ owner, repo }: Place) => `${owner}/${repo}`;

function statusOf(error: unknown): unknown {
  return (error as { status?: unknown } | null)?.status;
}

/** The error, as AccessLost where it says that. */
function lostBy(error: unknown, place: Place): unknown {
  if (statusOf(error) === 401) return new AccessLost('key', nameOf(place), { cause: error });
  if (statusOf(error) === 404) return new AccessLost('not installed', nameOf(place), { cause: error });
  return error;
}

async function installationClient(app: ProbotOctokit, installationId: number): Promise<ProbotOctokit> {
  return (await app.auth({
    type: 'installation',
    installationId,
    factory: (options: { octokit: ProbotOctokit; octokitOptions: OctokitOptions }) => {
      const { octokit, octokitOptions } = options;
      const Octokit = octokit.constructor as new (options: unknown) => ProbotOctokit;
      // Tokens of its own: those of a client that is replaced are not to be found again.
      const tokens = new Map<string, string>();
      const cache = {
        get: (key: string) => tokens.get(key),
        set: (key: string, value: string) => tokens.set(key, value),
      };
      return new Octokit({ ...octokitOptions, auth: { ...octokitOptions.auth, cache, installationId } });
    },
  })) as ProbotOctokit;
}

interface OctokitOptions {
  readonly auth: Record<string, unknown>;
}
