// The app's installation on the config repo: who it is there, its client, and its tokens.
import type { ProbotOctokit } from 'probot';
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
  return {
    async client() {
      const { id } = await installation();
      if (client?.id === id) return client.octokit;
      const octokit = await installationClient(await app(), id);
      octokit.hook.wrap('request', (request, options) => gate.pass(async () => await request(options)));
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
  };
}

async function installationClient(app: ProbotOctokit, installationId: number): Promise<ProbotOctokit> {
  return (await app.auth({
    type: 'installation',
    installationId,
    factory: (options: { octokit: ProbotOctokit; octokitOptions: OctokitOptions }) => {
      const { octokit, octokitOptions } = options;
      const Octokit = octokit.constructor as new (options: unknown) => ProbotOctokit;
      return new Octokit({ ...octokitOptions, auth: { ...octokitOptions.auth, installationId } });
    },
  })) as ProbotOctokit;
}

interface OctokitOptions {
  readonly auth: Record<string, unknown>;
}
