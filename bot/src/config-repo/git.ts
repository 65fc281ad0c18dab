// Runs git for the bot: nobody's settings, named protocols only, no prompts, bounded in time and output. Secrets go by the environment.
import { execa } from 'execa';

type GitErrorCode =
  /** It did not end in time. */
  | 'timeout'
  /** It wrote more than allowed. */
  | 'too-much'
  /** It ended with an error; the message holds its last line. */
  | 'failed';

/** Git could not do what was asked. The message names the git command, never a secret. */
export class GitError extends Error {
  override readonly name = 'GitError';
  readonly code: GitErrorCode;

  constructor(code: GitErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

interface GitCall {
  /** Folder of a repository; left out for commands that need none. */
  readonly repository?: string;
  /** Protocols that may be used; none by default. */
  readonly protocols?: readonly string[];
  /** Settings as `git -c` takes them, in an environment that other users cannot read. */
  readonly config?: readonly (readonly [key: string, value: string])[];
  readonly input?: string;
  /** File of an index of its own; for commands that read or write one. */
  readonly index?: string;
  readonly timeoutSeconds: number;
  /** Upper bound of what it may print. Default: 64 MiB. */
  readonly maximumBytes?: number;
}

const alwaysConfig: readonly (readonly [string, string])[] = [
  ['core.hooksPath', '/dev/null'],
  ['core.fsmonitor', 'false'],
  ['credential.helper', ''],
  ['gc.auto', '0'],
  ['maintenance.auto', 'false'],
  ['http.followRedirects', 'false'],
  ['transfer.fsckObjects', 'true'],
  // A dead address must not hold a worker.
  ['http.lowSpeedLimit', '100'],
  ['http.lowSpeedTime', '30'],
];

/** What git prints, as bytes. Throws GitError. */
export async function runGit(args: readonly string[], call: GitCall): Promise<Buffer> {
  const result = await execa(
    'git',
    [...(call.repository === undefined ? [] : [`--git-dir=${call.repository}`]), ...args],
    {
      env: environmentOf(call),
      extendEnv: false,
      cwd: '/',
      ...(call.input === undefined ? { stdin: 'ignore' as const } : { input: call.input }),
      encoding: 'buffer',
      stripFinalNewline: false,
      timeout: call.timeoutSeconds * 1000,
      forceKillAfterDelay: 2000,
      maxBuffer: call.maximumBytes ?? 64 * 1024 * 1024,
      reject: false,
    },
  );
  if (!result.failed) return Buffer.from(result.stdout);
  const doing = `git ${args[0]}`;
  if (result.timedOut) throw new GitError('timeout', `${doing} did not end within ${call.timeoutSeconds} s`);
  if (result.isMaxBuffer) throw new GitError('too-much', `${doing} gave more than is allowed`);
  const said =
    Buffer.from(result.stderr ?? [])
      .toString('utf8')
      .trim()
      .split('\n')
      .at(-1) ?? '';
  throw new GitError('failed', `${doing} failed: ${said.slice(0, 300) || `exit code ${result.exitCode}`}`);
}

function environmentOf(call: GitCall): Record<string, string> {
  const config = [...alwaysConfig, ...(call.config ?? [])];
  const pairs = config.flatMap(([key, value], at) => [
    [`GIT_CONFIG_KEY_${at}`, key],
    [`GIT_CONFIG_VALUE_${at}`, value],
  ]);
  return {
    PATH: process.env.PATH ?? '/usr/bin:/bin',
    HOME: '/nonexistent',
    LC_ALL: 'C.UTF-8',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_TERMINAL_PROMPT: '0',
    GIT_ALLOW_PROTOCOL: (call.protocols ?? []).join(':') || 'none',
    GIT_CONFIG_COUNT: String(config.length),
    ...(call.index === undefined ? {} : { GIT_INDEX_FILE: call.index }),
    ...Object.fromEntries(pairs),
  };
}
