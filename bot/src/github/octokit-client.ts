// The client for all that talks to GitHub outside the Probot app: as a person with a token, or as the app itself.
import { App, Octokit, RequestError } from 'octokit';
import { ServiceError } from '../vocabulary/errors.ts';

export type GithubClient = Octokit;

/** A request that takes longer has failed; Octokit itself would wait for ever. */
const requestMilliseconds = 20_000;

const silent = () => undefined;

/** What both clients share. `apiUrl`: https://api.github.com, or that of another GitHub. */
function optionsFor(apiUrl: string) {
  return {
    baseUrl: apiUrl,
    userAgent: 'coppice',
    // A command makes few requests, with somebody waiting for it: what is refused is told, at once and with GitHub's
    // reason. Waiting for a limit unseen would look like hanging, and a comment that is posted again is there twice.
    throttle: { enabled: false },
    retry: { enabled: false },
    log: { debug: silent, info: silent, warn: silent, error: silent },
    request: {
      fetch: (address: string | URL | Request, init?: RequestInit) =>
        fetch(address, { ...init, signal: AbortSignal.timeout(requestMilliseconds) }),
    },
  };
}

/** A client with somebody's token. */
export function connectGithub(apiUrl: string, token: string): GithubClient {
  return new Octokit({ ...optionsFor(apiUrl), auth: token });
}

/** A client that speaks as the GitHub App itself. Its requests fail when `privateKey` is none. */
export function connectGithubApp(apiUrl: string, appId: number, privateKey: string): GithubClient {
  return new App({ appId, privateKey, Octokit: Octokit.defaults(optionsFor(apiUrl)) }).octokit;
}

/** The status that GitHub answered; undefined when it did not answer. */
export function refusalStatus(error: unknown): number | undefined {
  return error instanceof RequestError ? error.response?.status : undefined;
}

/** Why GitHub refused, in its own words; empty when it gave none. */
export function refusalMessage(error: unknown): string {
  const said = error instanceof RequestError ? (error.response?.data as { message?: unknown } | null)?.message : '';
  return typeof said === 'string' ? said : '';
}

/** A failed request as a sentence for people. Other errors are given back as they are. */
export function explainRefusal(error: unknown): unknown {
  if (!(error instanceof RequestError)) return error;
  const address = error.request.url;
  const status = refusalStatus(error);
  if (status === undefined) return new ServiceError('unreachable', `${address} does not answer.`, { cause: error });
  const said = refusalMessage(error);
  const sentence = `${address} answered ${status}${said === '' ? '' : `: ${said}`}.`;
  return new ServiceError('unreachable', sentence, { cause: error });
}
