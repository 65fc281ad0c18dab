// Probot without its own server, settings from the environment or logger: only what Coppice's settings say.
import type { Log } from '@coppice/builder-runner/runner';
import type { Settings } from '@coppice/config';
import { Probot, ProbotOctokit } from 'probot';

/** A request that takes longer has failed; Octokit itself would wait for ever. */
const requestMilliseconds = 30_000;

export function connectProbot(
  github: Settings['github'],
  secrets: { readonly appId: number; readonly privateKey: string; readonly webhookSecret: string },
  log: Log,
): Probot {
  return new Probot({
    appId: secrets.appId,
    privateKey: secrets.privateKey,
    secret: secrets.webhookSecret,
    baseUrl: github.apiUrl,
    log: probotLog(log) as never,
    // The object form of `throttle` is silently overridden; only a function can change it.
    Octokit: ProbotOctokit.defaults((options: object) => ({
      ...options,
      // A limit that is reached is ours to wait for (see rate-limit.ts): in here it would hold up whoever asked,
      // unseen.
      throttle: github.throttle ? { onRateLimit: () => false, onSecondaryRateLimit: () => false } : { enabled: false },
      retry: { doNotRetry: [400, 401, 403, 404, 410, 422, 429, 451] },
    })),
    request: {
      fetch: (address: string | URL | Request, init?: RequestInit) =>
        fetch(address, { ...init, signal: AbortSignal.timeout(requestMilliseconds) }),
    },
  });
}

interface ProbotLog {
  child(): ProbotLog;
  trace(): void;
  debug(): void;
  info(): void;
  warn(first: unknown, second?: unknown): void;
  error(first: unknown, second?: unknown): void;
  fatal(first: unknown, second?: unknown): void;
}

/**
 * Pino's methods over our log. Only warnings and errors: the rest holds payloads, and it is ours to say what was done.
 */
function probotLog(log: Log): ProbotLog {
  const say = (level: 'warn' | 'error') => (first: unknown, second?: unknown) => {
    const message = [second, first].find((one) => typeof one === 'string');
    const error = first instanceof Error ? first : (first as { err?: unknown } | null)?.err;
    log(
      level,
      `Probot: ${typeof message === 'string' ? message : 'something failed'}`,
      error instanceof Error ? { error } : {},
    );
  };
  const silent = () => undefined;
  const self: ProbotLog = {
    child: () => self,
    trace: silent,
    debug: silent,
    info: silent,
    warn: say('warn'),
    error: say('error'),
    fatal: say('error'),
  };
  return self;
}
