// The one place beside simple-git that starts git: for what strangers send, under limits of the operating system.
import { execa } from 'execa';

interface LimitedCall {
  /** All of it; see `gitEnvironment`. */
  readonly environment: Readonly<Record<string, string>>;
  /** Default: `/`. */
  readonly folder?: string;
  /** A file that git writes, a pack most of all, may hold no more. */
  readonly fileBytes: number;
  readonly seconds: number;
  readonly signal?: AbortSignal;
}

/** Runs git to its end. Never rejects; its output is text, and bounded. */
export function runLimitedGit(args: readonly string[], call: LimitedCall & { readonly input?: string }) {
  const { input } = call;
  return execa('prlimit', limited(args, call), {
    ...common(call),
    ...(input === undefined ? { stdin: 'ignore' as const } : { input }),
    maxBuffer: 64 * 1024 ** 2,
    reject: false,
  });
}

/** Starts git for one who writes to it and reads it as a stream. Never rejects. */
export function streamLimitedGit(args: readonly string[], call: LimitedCall) {
  return execa('prlimit', limited(args, call), { ...common(call), stdin: 'pipe', buffer: false, reject: false });
}

function limited(args: readonly string[], { fileBytes }: LimitedCall): string[] {
  return [`--fsize=${fileBytes}`, '--core=0', '--', 'git', ...args];
}

function common({ environment, folder = '/', seconds, signal }: LimitedCall) {
  return {
    env: environment,
    extendEnv: false,
    cwd: folder,
    timeout: seconds * 1000,
    ...(signal === undefined ? {} : { cancelSignal: signal }),
    forceKillAfterDelay: 1000,
  } as const;
}
