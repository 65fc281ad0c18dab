// A fault of the service that lasts gets an issue in the config repo: one for each, edited while the fault lasts,
// closed when it is over.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '@coppice/builder-runner/runner';
import type { CommentCalls } from '../../github/comments.ts';
import type { IssueCalls, OperationsIssue } from '../../github/issues.ts';
import { RateLimited } from '../../github/rate-limit.ts';

/**
 * The present state of one thing that can be at fault. `key` names it and stays the same after a restart. Texts are
 * Markdown, escaped.
 */
export type FaultReport =
  | { readonly key: string; readonly state: 'stands'; readonly title: string; readonly body: string }
  | { readonly key: string; readonly state: 'over'; readonly closing: string }
  /** Not known yet, as after a start: an issue that is open stays so. */
  | { readonly key: string; readonly state: 'unknown' };

const operationsLabel = 'coppice-operations';

export type IssueStep =
  | { readonly kind: 'open'; readonly key: string; readonly title: string; readonly body: string }
  | {
      readonly kind: 'edit';
      readonly number: number;
      readonly key: string;
      readonly title: string;
      readonly body: string;
    }
  | { readonly kind: 'close'; readonly number: number; readonly key: string; readonly closing: string };

/** The line that tells which fault an issue is about. */
function markOf(key: string): string {
  return `<!-- coppice-fault: ${key} -->`;
}

/** The key of the fault that an issue's text is about; undefined when it is about none. Pure. */
export function faultOf(body: string): string | undefined {
  return /^<!-- coppice-fault: ([A-Za-z0-9./_-]+) -->$/m.exec(body)?.[1];
}

/** What to do so that the open issues say what the reports do. A fault that nobody reports any more is over. Pure. */
export function planIssues(reports: readonly FaultReport[], open: readonly OperationsIssue[]): readonly IssueStep[] {
  const steps: IssueStep[] = [];
  const told = new Map<string, OperationsIssue>();
  for (const issue of open) {
    const key = faultOf(issue.body);
    if (key === undefined) continue;
    const first = told.get(key);
    if (first === undefined) told.set(key, issue);
    else steps.push({ kind: 'close', number: issue.number, key, closing: `This is told in #${first.number}.` });
  }
  for (const report of reports) {
    if (report.state !== 'stands') continue;
    const { key, title } = report;
    const body = `${markOf(key)}\n${report.body}`;
    const issue = told.get(key);
    if (issue === undefined) steps.push({ kind: 'open', key, title, body });
    else if (issue.title !== title || !sameText(issue.body, body))
      steps.push({ kind: 'edit', number: issue.number, key, title, body });
  }
  for (const [key, { number }] of told) {
    const report = reports.find((one) => one.key === key);
    if (report === undefined)
      steps.push({ kind: 'close', number, key, closing: 'The service does not know this any more.' });
    else if (report.state === 'over') steps.push({ kind: 'close', number, key, closing: report.closing });
  }
  return steps;
}

/** GitHub may give a text back with other ends of lines. */
function sameText(one: string, other: string): boolean {
  return one.replace(/\r\n/g, '\n').trim() === other.replace(/\r\n/g, '\n').trim();
}

/** What this room asks of GitHub. */
export type IssuesPort = IssueCalls & Pick<CommentCalls, 'createComment'>;

export interface StandingFaults {
  start(): void;
  /** Looks now; resolves when GitHub says what is the case, or could not be told. */
  look(): Promise<void>;
  stop(): Promise<void>;
}

interface StandingFaultsOptions {
  readonly github: IssuesPort;
  readonly faults: () => readonly FaultReport[];
  readonly log: Log;
  /** Between two looks. Default: 5000. */
  readonly lookMilliseconds?: number;
}

/** `faults` is asked again and again. What GitHub does not take is tried at the next look. */
export function createStandingFaults(options: StandingFaultsOptions): StandingFaults {
  const { github, faults, log, lookMilliseconds = 5000 } = options;
  /** Undefined: not known, ask GitHub. */
  let open: OperationsIssue[] | undefined;
  let looking: Promise<void> | undefined;
  let running: Promise<void> | undefined;
  const stopping = new AbortController();

  const lookOnce = async (): Promise<void> => {
    try {
      open ??= [...(await github.operationsIssues(operationsLabel))];
      for (const step of planIssues(faults(), open)) {
        if (stopping.signal.aborted) return;
        await take(step, open, github, log);
      }
    } catch (error) {
      // It may have been done all the same: the next look asks GitHub first, so that nothing is told twice.
      open = undefined;
      if (!(error instanceof RateLimited)) log('warn', 'Standing faults could not be told on GitHub', { error });
    }
  };
  const look = (): Promise<void> => {
    looking ??= lookOnce().finally(() => {
      looking = undefined;
    });
    return looking;
  };
  const loop = async (): Promise<void> => {
    const { signal } = stopping;
    while (!signal.aborted) {
      // Nothing is asked of GitHub by a service that has nothing to tell.
      if (open !== undefined || faults().some(({ state }) => state !== 'unknown')) await look();
      await sleep(lookMilliseconds, undefined, { signal, ref: false }).catch(() => undefined);
    }
  };
  return {
    start() {
      running ??= loop();
    },
    look,
    async stop() {
      stopping.abort();
      await running;
      await looking;
    },
  };
}

/** Takes one step, and notes in `known` what is open after it. */
async function take(step: IssueStep, known: OperationsIssue[], github: IssuesPort, log: Log): Promise<void> {
  const { key } = step;
  if (step.kind === 'open') {
    const number = await github.openIssue(step.title, step.body, operationsLabel);
    known.push({ number, title: step.title, body: step.body });
    log('info', `Issue ${number} was opened: ${step.title}`, { key });
    return;
  }
  const index = known.findIndex(({ number }) => number === step.number);
  if (step.kind === 'edit') {
    await github.editIssue(step.number, step.title, step.body);
    known[index] = { number: step.number, title: step.title, body: step.body };
    return;
  }
  await github.createComment(step.number, step.closing);
  await github.closeIssue(step.number);
  known.splice(index, 1);
  log('info', `Issue ${step.number} was closed: ${step.closing}`, { key });
}
