// Works a comment off: commands → decisions → what they come to, as sections of its one answer.
import type { BuildId } from '@coppice/config';
import type { Reaction } from '../github/comments.ts';
import { findBuild } from '../planning/built.ts';
import { type InForce, inForceNote } from '../reply/in-force.ts';
import * as refusal from '../reply/refused.ts';
import type { Section } from '../vocabulary/answer.ts';
import type { Handled } from '../vocabulary/bot-state.ts';
import { type BuildView, viewOfQueued } from '../vocabulary/build-view.ts';
import type { Command } from '../vocabulary/command.ts';
import { type LeavingPackage, whenPackagesGo } from '../vocabulary/departed.ts';
import { applyToPetitions, type PetitionOperation, type Petitions } from '../vocabulary/petitions.ts';
import { carryOut } from './carry-out/carry-out.ts';
import { type CommandContext, type CommentJob, type Done, text } from './carry-out/done.ts';
import { concernedLeaving, isAboutConfig } from './decide/concerned-leaving.ts';
import { decide, namedBuilds } from './decide/decide.ts';
import type { ParsedComment } from './read/parse-comment.ts';

export interface CommentContext extends CommandContext {
  readonly petitions: () => Petitions;
  /** The admins as the config in force writes them, teams among them. */
  readonly admins: () => readonly string[];
  /** Which commit counts, why not the newest, and what is leaving. */
  readonly inForce: () => InForce;
  readonly onPull: OnPull;
}

/** The commands that mean something of their own on a pull request. */
export interface OnPull {
  approve(job: CommentJob, wish: { line: string; sha: string | undefined }, batch: string): Promise<Done>;
  build(job: CommentJob, wish: PullBuild, batch: string): Promise<Done>;
}

interface PullBuild {
  readonly line: string;
  readonly packages: readonly string[];
  readonly chroots: readonly string[];
  readonly force: boolean;
}

type CommentOutcome = Handled & Required<Pick<Handled, 'answer'>>;

/**
 * `batch` is unique to the comment and the same when it is worked off again. Rejects on faults of the machinery only.
 */
export async function handleComment(
  job: CommentJob,
  parsed: ParsedComment | 'tangled',
  batch: string,
  context: CommentContext,
): Promise<CommentOutcome> {
  if (parsed === 'tangled') return outcome(job, [text('', false, refusal.tangled())]);
  const done: Done[] = [];
  const said: Said = { refused: false, leaving: new Set() };
  for (const [at, command] of parsed.commands.entries()) {
    const own = await answerOnPull(command, job, `${batch}/${at}`, context);
    const sofar = done.flatMap(({ petitions }) => petitions ?? []);
    const note = own === undefined && isAboutConfig(command) ? noteOf(command, job.actor, said, context) : '';
    const one = own ?? (await answer(command, job, `${batch}/${at}`, sofar, context));
    done.push(note === '' ? one : { ...one, section: withNote(one.section, note) });
  }
  const why = context.people.why(job.actor);
  const refused = done.some(({ section }) => section.kind === 'text' && !section.good);
  if (why !== undefined && refused) done.push(text('', false, why));
  if (parsed.dropped > 0) done.push(text('', false, refusal.tooManyCommands(parsed.commands.length, parsed.dropped)));
  return outcome(job, done);
}

/** What the answer has told of what is in force: it says nothing of it twice. */
interface Said {
  refused: boolean;
  readonly leaving: Set<string>;
}

function noteOf(
  command: Parameters<typeof concernedLeaving>[0],
  actor: string,
  said: Said,
  context: CommentContext,
): string {
  const { inForce, settings, config } = context;
  const { webUrl, repository } = settings.github;
  const now = inForce();
  const builds = namedBuilds(command).flatMap((id) => findBuild(id, context) ?? []);
  const known = {
    leaving: now.leaving,
    stated: config()?.leaving ?? [],
    builds,
    actor,
    policy: config()?.config.policy,
  };
  const leaving = concernedLeaving(command, known).filter(({ project }) => !said.leaving.has(project));
  const note = inForceNote({ ...now, leaving, refused: said.refused ? null : now.refused }, `${webUrl}/${repository}`);
  said.refused = true;
  for (const { project } of leaving) said.leaving.add(project);
  return note;
}

/** Undefined for what means on a pull request what it means everywhere. */
async function answerOnPull(
  command: Command,
  job: CommentJob,
  batch: string,
  { onPull }: CommentContext,
): Promise<Done | undefined> {
  if (!job.onPullRequest) return undefined;
  const { line } = command;
  if (command.kind === 'approve-head') return await onPull.approve(job, { line, sha: command.sha }, batch);
  return command.kind === 'build' && isPlain(command) ? await onPull.build(job, command, batch) : undefined;
}

/** `sofar`: what earlier commands of the comment asked of people; it is not noted yet. */
async function answer(
  command: Command,
  job: CommentJob,
  batch: string,
  sofar: readonly PetitionOperation[],
  context: CommentContext,
): Promise<Done> {
  const { queue, config, url, petitions } = context;
  const action = decide(command, {
    actor: job.actor,
    comment: job.url,
    config: config()?.config,
    admins: context.admins(),
    leaving: config()?.leaving ?? [],
    departed: departedIn(config()),
    onPullRequest: job.onPullRequest,
    live: command.kind === 'status' ? queue.builds().map(viewOfQueued) : [],
    named: await viewsOf(namedBuilds(command), context),
    petitions: sofar.reduce(applyToPetitions, petitions()),
    isOther: context.people.isOther,
    url,
  });
  return await carryOut(action, job, batch, context);
}

/** When they go, as the config in force says. */
function departedIn(at: ReturnType<CommandContext['config']>): readonly LeavingPackage[] {
  return at === undefined ? [] : whenPackagesGo(at.departed ?? [], at.config);
}

function withNote(section: Section, note: string): Section {
  if (section.kind === 'text') return { ...section, markdown: `${note}\n\n${section.markdown}` };
  if (section.kind === 'debug') return section;
  return { ...section, intro: [note, section.intro].filter((part) => part !== '').join('\n\n') };
}

/** It asks for nothing that a pull request states in its files, nor for another project. */
function isPlain({ wishes, project }: Extract<Command, { kind: 'build' }>): boolean {
  const { timeoutSeconds, memoryBytes, background, after } = wishes;
  const conditions = [...wishes.with, ...wishes.without];
  return (
    timeoutSeconds === null &&
    memoryBytes === null &&
    !background &&
    after.length + conditions.length === 0 &&
    project === undefined
  );
}

async function viewsOf(ids: readonly BuildId[], context: CommentContext): Promise<ReadonlyMap<BuildId, BuildView>> {
  const views = new Map<BuildId, BuildView>();
  for (const id of ids) {
    const ref = findBuild(id, context);
    if (ref !== undefined) views.set(id, await context.view(ref));
  }
  return views;
}

/** All of it is noted in one step. */
function outcome(job: CommentJob, done: readonly Done[]): CommentOutcome {
  const sections = done.map(({ section }) => section);
  return {
    answer: { to: job.comment, issue: job.issue, by: job.actor, sections, commentId: null },
    checks: done.flatMap(({ checks }) => checks),
    pulls: done.flatMap(({ pulls }) => pulls ?? []),
    petitions: done.flatMap(({ petitions }) => petitions ?? []),
    ...leavingAfter(done),
  };
}

/** Each of them deletes one: what all have left is left. */
function leavingAfter(done: readonly Done[]): Pick<Handled, 'leaving'> {
  const [first, ...others] = done.flatMap(({ leaving }) => (leaving === undefined ? [] : [leaving]));
  if (first === undefined) return {};
  return {
    leaving: first.filter(({ project }) => others.every((some) => some.some((one) => one.project === project))),
  };
}

/** The second reaction to a comment, when it has been worked off. */
export function reactionTo(sections: readonly Section[]): Reaction {
  if (sections.some((section) => section.kind === 'text' && !section.good)) return 'confused';
  return sections.some((section) => section.kind !== 'text') ? 'rocket' : '+1';
}
