// `coppice comment`, `coppice cancel` and `coppice rollback`: post a comment as a person does, then follow the one
// answer of the bot until it is final.
import { parseComment } from '../commands/read/parse-comment.ts';
import { connectGithub, explainRefusal, type GithubClient, refusalStatus } from '../github/octokit-client.ts';
import { readAnswerMark } from '../reply/answer-mark.ts';
import { unescaped } from '../reply/escape.ts';
import type { Endpoint } from '../service/endpoint.ts';
import type { Environment } from '../service/home.ts';
import { ServiceError } from '../vocabulary/errors.ts';
import { printableJson } from '../vocabulary/plain-text.ts';
import { findService } from './ask-service.ts';
import type { Terminal } from './terminal.ts';

/** The local GitHub's token of its admin; real GitHubs want COPPICE_TOKEN. */
const embeddedToken = 'token-maintainer';
const pollSeconds = 0.5;
/** How long to wait for the first answer before saying that none came. */
const firstAnswerSeconds = 60;

/** An issue or pull request of the config repo, as GitHub's API names it. */
interface Thread {
  readonly owner: string;
  readonly repo: string;
  readonly issue_number: number;
}

/**
 * Posts `text` on an issue of the config repo. With `follow`, prints each new state of the bot's answer and returns 0
 * when the final one is good, 1 when it is not (refused, failed, canceled) or when no answer came.
 */
export async function comment(
  terminal: Terminal,
  environment: Environment,
  text: string,
  options: { readonly issue: number; readonly json: boolean; readonly follow: boolean },
): Promise<number> {
  const { github } = await findService(environment);
  const client = personsClient(github, environment);
  const [owner = '', repo = ''] = github.repository.split('/');
  const thread: Thread = { owner, repo, issue_number: options.issue };
  const { data: posted } = await client.rest.issues
    .createComment({ ...thread, body: text })
    .catch((error: unknown) => Promise.reject(whyNot(error, thread)));
  terminal.say(`Commented: ${posted.html_url}`);
  if (!options.follow) return 0;
  if (parseComment(text).commands.length === 0) {
    terminal.say('It holds no command, so no answer is waited for. `/help` lists the commands.');
    return 0;
  }

  let shown = '';
  const started = performance.now();
  for (;;) {
    const answer = await findAnswer(client, thread, posted).catch((error: unknown) =>
      Promise.reject(whyNot(error, thread)),
    );
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
      if (options.json) terminal.print(printableJson({ state: mark.state, url: answer.url, body }));
      return mark.state === 'good' ? 0 : 1;
    }
    await new Promise((resolve) => setTimeout(resolve, pollSeconds * 1000));
  }
}

/** Of what GitHub refused: why, and what to do next. Pure. */
export function whyNot(error: unknown, { owner, repo, issue_number: issue }: Thread): unknown {
  const why = explainRefusal(error);
  const status = refusalStatus(error) ?? 0;
  const next = nextSteps[status];
  if (!(why instanceof ServiceError) || next === undefined) return why;
  const what = status === 404 ? `There is no issue ${issue} in ${owner}/${repo} that this token may see.` : why.message;
  return new ServiceError(why.code, `${what} ${next}`);
}

const nextSteps: Readonly<Record<number, string>> = {
  401: 'Put a token that is valid into COPPICE_TOKEN.',
  403: 'Put a token that may comment on the config repo into COPPICE_TOKEN.',
  404: 'See whether --issue names an issue of the config repo, and whether the token in COPPICE_TOKEN may read it.',
  410: 'Name an issue that is there with --issue.',
};

/** Asks for `/cancel ID` in the same way. */
export function cancel(terminal: Terminal, environment: Environment, id: number, issue: number): Promise<number> {
  return comment(terminal, environment, `/cancel ${id}`, { issue, json: false, follow: true });
}

/** Asks for `/rollback` of one chroot in the same way. */
export function rollback(
  terminal: Terminal,
  environment: Environment,
  what: {
    /** `owner/name`. */
    readonly project: string;
    readonly chroot: string;
    readonly generation: number | undefined;
    readonly issue: number;
    readonly json: boolean;
  },
): Promise<number> {
  const { project, chroot, generation, issue, json } = what;
  const words = ['/rollback', ...(generation === undefined ? [] : [generation]), project, '--chroot', chroot];
  return comment(terminal, environment, words.join(' '), { issue, json, follow: true });
}

/** Only comments that were written or edited since then are looked at: GitHub lists the oldest first. */
async function findAnswer(
  client: GithubClient,
  thread: Thread,
  to: { readonly id: number; readonly created_at: string },
) {
  const query = { ...thread, since: to.created_at, per_page: 100 };
  for await (const { data } of client.paginate.iterator(client.rest.issues.listComments, query)) {
    const found = data.find((one) => readAnswerMark(one.body ?? '')?.to === to.id);
    if (found !== undefined) return { url: found.html_url, body: found.body ?? '' };
  }
  return undefined;
}

/** Pure: an answer without its hidden marks, as a terminal shows it. */
function readable(body: string): string {
  return unescaped(body.replace(/<!--[\s\S]*?-->/g, '').trim());
}

function personsClient(github: Endpoint['github'], environment: Environment): GithubClient {
  const token = environment.COPPICE_TOKEN ?? (github.mode === 'embedded' ? embeddedToken : undefined);
  if (token === undefined) {
    throw new ServiceError(
      'settings',
      'A GitHub token is needed: put one that may comment on the config repo into COPPICE_TOKEN.',
    );
  }
  return connectGithub(github.apiUrl, token);
}
