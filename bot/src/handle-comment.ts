// Works a comment off: commands → decisions → what they come to, as sections of its one answer.
import type { Queue } from '@coppice/builder-runner/queue';
import type { BuildId, QueuedBuild, Settings } from '@coppice/config';
import type { Answer, Check, Job, Section } from './bot-state.ts';
import { type BuildRef, type BuildView, refOf, viewOfQueued } from './build-view.ts';
import { type BuiltIndex, builtFromQueue } from './built.ts';
import { buildCheckKey } from './check-run.ts';
import type { Command } from './command.ts';
import type { ConfigAtCommit } from './config-in-force.ts';
import { type Action, decide } from './decide.ts';
import type { Reaction } from './github.ts';
import type { ParsedComment } from './parse-comment.ts';
import { makePlan, requestsOf } from './plan-requests.ts';
import { nothingToDo, skippedNotes } from './reply/accepted.ts';
import * as refusal from './reply/refused.ts';

interface CommentContext {
  readonly queue: Queue;
  readonly built: BuiltIndex;
  readonly settings: Settings;
  readonly url: string;
  readonly config: () => ConfigAtCommit | undefined;
  readonly view: (ref: BuildRef) => Promise<BuildView>;
}

interface CommentOutcome {
  readonly answer: Answer;
  readonly checks: readonly Check[];
}

type CommentJob = Extract<Job, { kind: 'comment' }>;

/** `batch` is unique to the comment and the same when it is worked off again. Rejects on faults of the machinery only. */
export async function handleComment(
  job: CommentJob,
  parsed: ParsedComment | 'tangled',
  batch: string,
  context: CommentContext,
): Promise<CommentOutcome> {
  if (parsed === 'tangled') return outcome(job, [text('/…', false, refusal.tangled())], []);
  const sections: Section[] = [];
  const checks: Check[] = [];
  for (const [at, command] of parsed.commands.entries()) {
    const done = await carryOut(await decideOn(command, job, context), job, `${batch}/${at}`, context);
    sections.push(done.section);
    checks.push(...done.checks);
  }
  if (parsed.dropped > 0)
    sections.push(text('…', false, refusal.tooManyCommands(parsed.commands.length, parsed.dropped)));
  return outcome(job, sections, checks);
}

async function decideOn(
  command: Command,
  job: CommentJob,
  { queue, built, url, config, view }: CommentContext,
): Promise<Action> {
  const named = new Map<BuildId, BuildView>();
  const id = command.kind === 'status' || command.kind === 'cancel' ? command.id : undefined;
  if (id !== undefined) {
    const live = queue.build(id);
    const ref = live === undefined ? built.find(id) : refOf(live);
    if (ref !== undefined) named.set(id, await view(ref));
  }
  return decide(command, {
    actor: job.actor,
    config: config()?.config,
    onPullRequest: job.onPullRequest,
    live: command.kind === 'status' ? queue.builds().map(viewOfQueued) : [],
    named,
    url,
  });
}

interface Done {
  readonly section: Section;
  readonly checks: readonly Check[];
}

async function carryOut(action: Action, job: CommentJob, batch: string, context: CommentContext): Promise<Done> {
  switch (action.kind) {
    case 'say':
      return { section: text(action.line, action.good, action.markdown), checks: [] };
    case 'cancel':
      return await cancel(action, job, context);
    case 'build':
      return await build(action, job, batch, context);
  }
}

async function cancel(
  { line, id }: Extract<Action, { kind: 'cancel' }>,
  job: CommentJob,
  { queue }: CommentContext,
): Promise<Done> {
  const live = queue.build(id);
  if (live === undefined || (await queue.cancel(id, job.actor)) === 'unknown') {
    return { section: text(line, false, refusal.endedMeanwhile(id)), checks: [] };
  }
  const section: Section = {
    kind: 'builds',
    line,
    builds: [refOf(live)],
    intro: 'It is being canceled.',
    notes: '',
    canceling: true,
  };
  return { section, checks: [] };
}

async function build(
  action: Extract<Action, { kind: 'build' }>,
  job: CommentJob,
  batch: string,
  context: CommentContext,
): Promise<Done> {
  const { queue, built, settings } = context;
  const at = context.config();
  if (at === undefined) return { section: text(action.line, false, refusal.noConfig()), checks: [] };
  // Worked off before, and killed before that was noted: these are its builds.
  const before = queue.builds().filter((one) => one.batch === batch);
  if (before.length > 0) return queued(action.line, before, [], '');
  const plan = await makePlan({
    at,
    selections: action.selections,
    force: action.force,
    git: settings.git,
    built: built.lastOf,
    queued: () => builtFromQueue(queue.builds()),
  });
  const running = alreadyRunning(plan.skipped, queue.builds());
  if (plan.builds.length === 0 && running.length === 0) {
    // Nothing to do is what was asked for, unless packages were named and none could be built.
    return { section: text(action.line, !action.force, nothingToDo(plan.skipped)), checks: [] };
  }
  const requests = requestsOf(plan, at, { login: job.actor, request: job.url, batch });
  return queued(action.line, await queue.enqueue(requests), running, skippedNotes(plan.skipped));
}

/** Live builds of what the plan left out because it is being built: their end is part of the answer. */
function alreadyRunning(
  skipped: readonly {
    readonly owner: string;
    readonly project: string;
    readonly package: string;
    readonly chroot: string | null;
  }[],
  live: readonly QueuedBuild[],
): readonly QueuedBuild[] {
  return live.filter((one) =>
    skipped.some(
      ({ owner, project, package: name, chroot }) =>
        one.owner === owner &&
        one.project === project &&
        one.package === name &&
        one.chroots.some((each) => each.chroot === chroot),
    ),
  );
}

function queued(line: string, builds: readonly QueuedBuild[], running: readonly QueuedBuild[], notes: string): Done {
  const section: Section = {
    kind: 'builds',
    line,
    builds: [...builds, ...running].map(refOf),
    intro: '',
    notes,
    canceling: false,
  };
  return { section, checks: checksOf(builds) };
}

/** A check run for each chroot of each build, on the commit whose config it was planned from. */
export function checksOf(builds: readonly QueuedBuild[]): readonly Check[] {
  return builds.flatMap((one) =>
    one.chroots.map(
      ({ chroot }): Check => ({
        kind: 'build',
        key: buildCheckKey(one.id, chroot),
        commit: one.configCommit,
        checkRunId: null,
        build: refOf(one),
        chroot,
      }),
    ),
  );
}

function text(line: string, good: boolean, markdown: string): Section {
  return { kind: 'text', line, good, markdown };
}

function outcome(job: CommentJob, sections: readonly Section[], checks: readonly Check[]): CommentOutcome {
  return { answer: { to: job.comment, issue: job.issue, sections, commentId: null }, checks };
}

/** The second reaction to a comment, when it has been worked off. */
export function reactionTo(sections: readonly Section[]): Reaction {
  if (sections.some((section) => section.kind === 'text' && !section.good)) return 'confused';
  return sections.some((section) => section.kind === 'builds') ? 'rocket' : '+1';
}
