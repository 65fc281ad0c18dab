// Git for sources that nobody here controls: limited by the operating system, and every end is a sentence for people.
import { describeError } from '../base/errors.ts';
import { withoutPaths } from '../base/public-text.ts';
import { duration } from '../base/sentence-parts.ts';
import type { FetchRules } from '../remote/addresses.ts';
import { type GitConfig, gitEnvironment } from '../remote/git-environment.ts';
import { runLimitedGit } from '../remote/run-limited-git.ts';

export type GitEnd =
  | { readonly ok: true; readonly output: string }
  /** `final`: trying another way is of no use (too large, too slow). */
  | { readonly ok: false; readonly why: string; readonly final: boolean };

interface GitOrder {
  readonly rules: FetchRules;
  /** A file that git writes, a pack most of all, may hold little more than this. */
  readonly sourceBytes: number;
  readonly seconds: number;
  readonly signal: AbortSignal;
}

interface GitCall {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly config?: GitConfig;
  readonly input?: string;
}

/** Runs git; throws only the signal's reason. */
export async function git(order: GitOrder, args: readonly string[], call: GitCall = {}): Promise<GitEnd> {
  const { protocols } = order.rules.git;
  const config = [...sourceConfig(order.rules.git), ...(call.config ?? [])];
  const done = await runLimitedGit(args, {
    environment: { ...gitEnvironment(protocols, config), ...call.env },
    // A pack holds a commit's files compressed, and little else when fetched with depth 1.
    fileBytes: Math.floor(order.sourceBytes * 1.2 + 1024 ** 2),
    seconds: order.seconds,
    signal: order.signal,
    ...(call.cwd === undefined ? {} : { folder: call.cwd }),
    ...(call.input === undefined ? {} : { input: call.input }),
  });
  order.signal.throwIfAborted();
  if (done.exitCode === 0) return { ok: true, output: done.stdout };
  if (done.timedOut) return { ok: false, why: `it took longer than ${duration(order.seconds)}`, final: true };
  const tooBig = done.signal === 'SIGXFSZ' || /signal 25|File too large/i.test(done.stderr);
  if (tooBig) return { ok: false, why: `it is larger than the limit of ${order.sourceBytes} bytes`, final: true };
  return { ok: false, why: describeGitError(done.stderr, done.shortMessage ?? 'git failed'), final: false };
}

function sourceConfig({ protocols, mirrors }: FetchRules['git']): GitConfig {
  return [
    ['protocol.allow', 'never'],
    ...protocols.map((protocol) => [`protocol.${protocol}.allow`, 'always'] as const),
    ['http.lowSpeedLimit', '1000'],
    ['safe.directory', '*'],
    // Packs appear whole or not at all; loose objects could stay behind without what they name.
    ['fetch.unpackLimit', '1'],
    ...Object.entries(mirrors).map(([from, to]) => [`url.${to}.insteadOf`, from] as const),
  ];
}

/** Git's own first complaint, without its prefix. */
function describeGitError(stderr: string, otherwise: string): string {
  const line =
    stderr.split('\n').find((text) => /^(fatal|error|remote): /.test(text)) ?? stderr.trim().split('\n')[0] ?? '';
  const text = line.replace(/^(fatal|error|remote): /, '');
  return withoutPaths(describeError(text === '' ? otherwise : text)).replace(/\.$/, '');
}

export function isCommitId(text: string): boolean {
  return /^[0-9a-f]{40}([0-9a-f]{24})?$/.test(text);
}
