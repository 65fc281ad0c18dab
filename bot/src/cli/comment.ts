// `coppice comment` and `coppice cancel`: post a comment as a person does, then follow the bot's one answer until it is final.
import { readAnswerMark } from '../reply/answer-mark.ts';
import type { Endpoint } from '../service/endpoint.ts';
import { ServiceError } from '../service/errors.ts';
import type { Environment } from '../service/home.ts';
import { findService } from './ask-service.ts';
import type { Terminal } from './terminal.ts';

/** The local GitHub's token of its admin; real GitHubs want COPPICE_TOKEN. */
const embeddedToken = 'token-maintainer';
const pollSeconds = 0.5;
/** How long to wait for the first answer before saying that none came. */
const firstAnswerSeconds = 60;

interface GithubComment {
  readonly id: number;
  readonly body: string;
  readonly html_url: string;
  readonly created_at: string;
}

/**
 * Posts `text` on an issue of the config repo. With `follow`, prints each new state of the bot's answer and returns 0 when the
 * final one is good, 1 when it is not (refused, failed, canceled) or when no answer came.
 */
export async function comment(
  terminal: Terminal,
  environment: Environment,
  text: string,
  options: { readonly issue: number; readonly json: boolean; readonly follow: boolean },
): Promise<number> {
  const { github } = await findService(environment);
  const ask = githubClient(github, environment);
  const posted = await ask<GithubComment>('POST', `issues/${options.issue}/comments`, { body: text });
  terminal.say(`Commented: ${posted.html_url}`);
  if (!options.follow) return 0;

  let shown = '';
  const started = performance.now();
  for (;;) {
    const answer = await findAnswer(ask, options.issue, posted);
    if (answer === undefined && (performance.now() - started) / 1000 > firstAnswerSeconds) {
      terminal.say(
        `No answer within ${firstAnswerSeconds} s. Only lines that begin with a command such as /build are answered; is the service running?`,
      );
      return 1;
    }
    const body = answer === undefined ? '' : readable(answer.body);
    if (body !== shown) {
      shown = body;
      if (!options.json) terminal.print(`${body}\n`);
    }
    const mark = answer === undefined ? undefined : readAnswerMark(answer.body);
    if (answer !== undefined && mark !== undefined && mark.state !== 'working') {
      if (options.json) terminal.print(JSON.stringify({ state: mark.state, url: answer.html_url, body }, null, 2));
      return mark.state === 'good' ? 0 : 1;
    }
    await new Promise((resolve) => setTimeout(resolve, pollSeconds * 1000));
  }
}

/** Asks for `/cancel ID` in the same way. */
export function cancel(terminal: Terminal, environment: Environment, id: number, issue: number): Promise<number> {
  return comment(terminal, environment, `/cancel ${id}`, { issue, json: false, follow: true });
}

/** GitHub lists the oldest first, 100 at once, and of them only what was written or edited since then. */
async function findAnswer(ask: GithubClient, issue: number, to: GithubComment): Promise<GithubComment | undefined> {
  const query = `per_page=100&since=${encodeURIComponent(to.created_at)}`;
  for (let page = 1; ; page += 1) {
    const comments = await ask<readonly GithubComment[]>('GET', `issues/${issue}/comments?${query}&page=${page}`);
    const found = comments.find((one) => readAnswerMark(one.body)?.to === to.id);
    if (found !== undefined || comments.length < 100) return found;
  }
}

/** Pure: an answer without its hidden marks. */
function readable(body: string): string {
  return body.replace(/<!--[\s\S]*?-->/g, '').trim();
}

type GithubClient = <T>(method: 'GET' | 'POST', path: string, body?: unknown) => Promise<T>;

function githubClient(github: Endpoint['github'], environment: Environment): GithubClient {
  const token = environment.COPPICE_TOKEN ?? (github.mode === 'embedded' ? embeddedToken : undefined);
  if (token === undefined) {
    throw new ServiceError(
      'settings',
      'A GitHub token is needed: put one that may comment on the config repo into COPPICE_TOKEN.',
    );
  }
  return async (method, path, body) => {
    const address = `${github.apiUrl}/repos/${github.repository}/${path}`;
    const response = await fetch(address, {
      method,
      headers: {
        Authorization: `Bearer ${token}`,
        Accept: 'application/vnd.github+json',
        'User-Agent': 'coppice',
        'Content-Type': 'application/json',
      },
      body: body === undefined ? null : JSON.stringify(body),
      signal: AbortSignal.timeout(20_000),
    }).catch((cause: unknown) => {
      throw new ServiceError('unreachable', `${address} does not answer.`, { cause });
    });
    if (!response.ok) {
      const said = ((await response.json().catch(() => ({}))) as { message?: unknown }).message;
      throw new ServiceError(
        'unreachable',
        `${address} answered ${response.status}${typeof said === 'string' ? `: ${said}` : ''}.`,
      );
    }
    return (await response.json()) as never;
  };
}
