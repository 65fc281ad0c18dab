// Git wherever Coppice serves: simple-git, hardened. Nobody's settings, no questions, named protocols only, bounded in
// time and output.
import type { Readable } from 'node:stream';
import debug from 'debug';
import { type SimpleGit, simpleGit } from 'simple-git';
import { withoutPaths } from '../base/public-text.ts';
import { type GitConfig, gitEnvironment } from './git-environment.ts';

// Where DEBUG names simple-git, it writes the environment of every command, with the token that may be in it.
const debugged = debug.disable();
if (debugged !== '') debug.enable(`${debugged},-simple-git,-simple-git:*`);

type GitErrorCode =
  /** It did not end in time. */
  | 'timeout'
  /** It wrote more than allowed. */
  | 'too-much'
  /** It ended with an error; the message holds its last line. */
  | 'failed';

/** Git could not do what was asked. The message names the git command, never a secret nor a path of this machine. */
export class GitError extends Error {
  override readonly name = 'GitError';
  readonly code: GitErrorCode;
  /** That of git, where it ended with one: some commands say no with 1. */
  readonly exitCode: number | undefined;

  constructor(code: GitErrorCode, message: string, options: ErrorOptions & { readonly exitCode?: number | null } = {}) {
    super(message, options);
    this.code = code;
    this.exitCode = options.exitCode ?? undefined;
  }
}

export interface GitOptions {
  /** A bare repository, or the `.git` of a work tree; left out for commands that need none. */
  readonly repository?: string;
  readonly workTree?: string;
  /** File of an index of its own; for commands that read or write one. */
  readonly index?: string;
  /** Protocols that may be used; none by default. */
  readonly protocols?: readonly string[];
  readonly config?: GitConfig;
  /** For one command, however much it prints meanwhile. */
  readonly timeoutSeconds: number;
  /** Upper bound of what one command may print. Default: 64 MiB. */
  readonly maximumBytes?: number;
}

/** Commands run side by side. All throw GitError. */
export interface Git {
  /** What a command prints, without the line break at its end. */
  text(args: readonly string[], input?: string | Buffer): Promise<string>;
  /** What `git cat-file` prints, byte by byte. */
  catFile(args: readonly string[], input?: string | Buffer): Promise<Buffer>;
}

export function openGit(options: GitOptions): Git {
  const { repository, workTree, index } = options;
  const environment = {
    ...gitEnvironment(options.protocols ?? [], options.config),
    ...(repository === undefined ? {} : { GIT_DIR: repository }),
    ...(workTree === undefined ? {} : { GIT_WORK_TREE: workTree }),
    ...(index === undefined ? {} : { GIT_INDEX_FILE: index }),
  };
  const bounds = { environment, timeoutSeconds: options.timeoutSeconds, maximumBytes: options.maximumBytes ?? 2 ** 26 };
  return {
    async text(args, input) {
      const ask = (git: SimpleGit): PromiseLike<string> => git.raw([...args]);
      return (await askGit(args[0] ?? '', { ...bounds, input }, ask)).replace(/\n$/, '');
    },
    catFile: (args, input) => askGit('cat-file', { ...bounds, input }, (git) => git.binaryCatFile([...args])),
  };
}

interface Bounds {
  readonly environment: Readonly<Record<string, string>>;
  readonly timeoutSeconds: number;
  readonly maximumBytes: number;
  readonly input: string | Buffer | undefined;
}

/** One command on an instance of its own: what ends it, and what it was given, is its alone. */
async function askGit<T>(command: string, bounds: Bounds, ask: (git: SimpleGit) => PromiseLike<T>): Promise<T> {
  const { environment, timeoutSeconds, maximumBytes, input } = bounds;
  const doing = `git ${command}`;
  const stop = new AbortController();
  // simple-git's own limit of time starts again with each output.
  const timeout = new GitError('timeout', `${doing} did not end within ${timeoutSeconds} s`);
  const timer = setTimeout(() => stop.abort(timeout), timeoutSeconds * 1000);
  let complaint = '';
  let ended: number | null = null;
  const git = simpleGit({
    baseDir: '/',
    abort: stop.signal,
    // Output may come after the exit: only when the streams are closed, all of it is there.
    completion: { onClose: true, onExit: false },
    // Never undefined: whoever reads what nobody gives would wait for ever.
    input: () => Buffer.from(input ?? ''),
    errors(error, { exitCode, stdErr }) {
      ended = exitCode;
      complaint = lastLine(exitCode, Buffer.concat(stdErr));
      return exitCode === 0 ? error : (error ?? new Error(complaint));
    },
    allowEnvironment: Object.keys(environment),
    unsafe,
  })
    .env(environment)
    .outputHandler((_command, stdout, stderr) => {
      const tooMuch = new GitError('too-much', `${doing} gave more than is allowed`);
      for (const stream of [stdout, stderr]) bound(stream as Readable, maximumBytes, stop, tooMuch);
    });
  try {
    const answer = await ask(git);
    stop.signal.throwIfAborted();
    return answer;
  } catch (error) {
    stop.signal.throwIfAborted();
    const why = complaint === '' && error instanceof Error ? error.message : complaint;
    throw new GitError('failed', `${doing} failed: ${withoutPaths(why).slice(0, 300)}`, { exitCode: ended });
  } finally {
    clearTimeout(timer);
  }
}

/** What our own environment needs of all that simple-git refuses. Arguments that start programs stay refused. */
const unsafe = {
  allowUnsafeConfigEnvCount: true,
  allowUnsafeConfigPaths: true,
  allowUnsafeCredentialHelper: true,
  allowUnsafeFsMonitor: true,
  allowUnsafeHooksPath: true,
} as const;

function bound(stream: Readable, maximumBytes: number, stop: AbortController, tooMuch: GitError): void {
  let bytes = 0;
  stream.on('data', (chunk: Buffer) => {
    bytes += chunk.byteLength;
    if (bytes > maximumBytes) stop.abort(tooMuch);
  });
  // What a killed git leaves behind may hold its end of the stream.
  stop.signal.addEventListener('abort', () => stream.destroy());
  // simple-git gives a command that printed nothing 50 ms more, for output that is late. A stream that has ended brings
  // none.
  stream.once('end', () => stream.emit('data', Buffer.alloc(0)));
}

function lastLine(exitCode: number | null, stdErr: Buffer): string {
  if (exitCode !== null && exitCode < 0) return 'it cannot be started';
  const end = exitCode === null ? 'it was killed' : `exit code ${exitCode}`;
  return stdErr.toString('utf8').trim().split('\n').at(-1) || end;
}
