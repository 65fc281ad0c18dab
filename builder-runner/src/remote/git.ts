// Git for sources: nothing of this machine's or anybody's configuration, no questions, named protocols only, bounded in size and time.
import { execa } from 'execa';
import { describeError } from '../base/errors.ts';
import { duration } from '../base/sentence-parts.ts';
import type { FetchRules } from './addresses.ts';

export type GitEnd =
  | { readonly ok: true; readonly output: string }
  /** `final`: trying another way is of no use (too large, too slow). */
  | { readonly ok: false; readonly why: string; readonly final: boolean };

export interface GitOrder {
  readonly rules: FetchRules;
  /** A file that git writes, a pack most of all, may hold little more than this. */
  readonly sourceBytes: number;
  readonly seconds: number;
  readonly signal: AbortSignal;
}

interface GitCall {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly config?: readonly (readonly [string, string])[];
  readonly input?: string;
}

/** Runs git; throws only the signal's reason. */
export async function git(order: GitOrder, args: readonly string[], call: GitCall = {}): Promise<GitEnd> {
  // A pack holds a commit's files compressed, and little else when fetched with depth 1.
  const fileBytes = Math.floor(order.sourceBytes * 1.2 + 1024 ** 2);
  const done = await execa('prlimit', [`--fsize=${fileBytes}`, '--core=0', '--', 'git', ...args], {
    env: { ...gitEnvironment(order.rules.git, call.config ?? []), ...call.env },
    extendEnv: false,
    cwd: call.cwd ?? '/',
    ...(call.input === undefined ? { stdin: 'ignore' as const } : { input: call.input }),
    timeout: order.seconds * 1000,
    cancelSignal: order.signal,
    forceKillAfterDelay: 1000,
    maxBuffer: 64 * 1024 ** 2,
    reject: false,
  });
  order.signal.throwIfAborted();
  if (done.exitCode === 0) return { ok: true, output: done.stdout };
  if (done.timedOut) return { ok: false, why: `it took longer than ${duration(order.seconds)}`, final: true };
  const tooBig = done.signal === 'SIGXFSZ' || /signal 25|File too large/i.test(done.stderr);
  if (tooBig) return { ok: false, why: `it is larger than the limit of ${order.sourceBytes} bytes`, final: true };
  return { ok: false, why: describeGitError(done.stderr, done.shortMessage ?? 'git failed'), final: false };
}

export function gitEnvironment(
  settings: FetchRules['git'],
  more: readonly (readonly [string, string])[] = [],
): Record<string, string> {
  const options: (readonly [string, string])[] = [
    ['core.hooksPath', '/dev/null'],
    ['core.fsmonitor', 'false'],
    ['protocol.allow', 'never'],
    ...settings.protocols.map((protocol) => [`protocol.${protocol}.allow`, 'always'] as const),
    // The address of a redirect would not be checked, nor that of another store that a server names.
    ['http.followRedirects', 'false'],
    ['http.lowSpeedLimit', '1000'],
    ['http.lowSpeedTime', '30'],
    ['gc.auto', '0'],
    ['maintenance.auto', 'false'],
    ['safe.directory', '*'],
    ['transfer.fsckObjects', 'true'],
    // Packs appear whole or not at all; loose objects could stay behind without what they name.
    ['fetch.unpackLimit', '1'],
    ...Object.entries(settings.mirrors).map(([from, to]) => [`url.${to}.insteadOf`, from] as const),
    ...more,
  ];
  const environment: Record<string, string> = {
    PATH: '/usr/local/bin:/usr/bin:/bin',
    HOME: '/nonexistent',
    LC_ALL: 'C.UTF-8',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_TERMINAL_PROMPT: '0',
    GIT_ASKPASS: '/bin/false',
    GIT_ALLOW_PROTOCOL: settings.protocols.join(':'),
    GIT_CONFIG_COUNT: String(options.length),
  };
  for (const [index, [key, value]] of options.entries()) {
    environment[`GIT_CONFIG_KEY_${index}`] = key;
    environment[`GIT_CONFIG_VALUE_${index}`] = value;
  }
  return environment;
}

/** Git's own first complaint, without its prefix. */
function describeGitError(stderr: string, otherwise: string): string {
  const line =
    stderr.split('\n').find((text) => /^(fatal|error|remote): /.test(text)) ?? stderr.trim().split('\n')[0] ?? '';
  const text = line.replace(/^(fatal|error|remote): /, '');
  return describeError(text === '' ? otherwise : text).replace(/\.$/, '');
}

export function isCommitId(text: string): boolean {
  return /^[0-9a-f]{40}([0-9a-f]{24})?$/.test(text);
}
