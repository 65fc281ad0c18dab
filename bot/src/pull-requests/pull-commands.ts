// The commands that mean something of their own on a pull request: `/approve` lets its head be built, `/build` builds
// it again.
import { nearest, type QueuedBuild, quietReason, type SkippedBuild, sandboxOf, skipReasons } from '@coppice/config';
import { type CommentJob, type Done, text } from '../commands/carry-out/done.ts';
import type { OnPull } from '../commands/handle-comment.ts';
import { nothingToDo } from '../reply/accepted.ts';
import { noConfig, nothingQueued, unknownPackages } from '../reply/refused.ts';
import type { Section } from '../vocabulary/answer.ts';
import { refOf } from '../vocabulary/build-view.ts';
import { countingLeaving } from '../vocabulary/leaving.ts';
import { decideApproval, mayBuildAll, standingOf, whoMayApprove } from './approval.ts';
import { type Examined, examinePull } from './examine-pull.ts';
import { everything, type Judged, judge, type PullContext, readerFor } from './handle-pull.ts';
import * as say from './say.ts';

/** What somebody wants of a pull request in a comment on it. */
export interface PullWish {
  readonly number: number;
  readonly actor: string;
  /** The command as written, for the answer. */
  readonly line: string;
  /** Address of the comment. */
  readonly url: string;
  /** When GitHub got the comment, ISO 8601. */
  readonly writtenAt: string | undefined;
}

/** `sha` as written, undefined for the head that everybody sees. Rejects on faults of the machinery only. */
async function approvePullRequest(
  wish: PullWish & { readonly sha: string | undefined },
  batch: string,
  context: PullContext,
): Promise<Done> {
  const looked = await look(wish, batch, context);
  if ('section' in looked) return looked;
  const { examined, base, own } = looked;
  const seen = context.pulls().find(({ number }) => number === wish.number);
  const decided = decideApproval(wish, examined.known, seen, countingLeaving(base));
  if (typeof decided === 'string') {
    const who = whoMayApprove(examined.known, countingLeaving(base));
    const why = say.approvalRefused(decided, wish.actor, wish.sha, examined.pull.head, who);
    return text(wish.line, false, why);
  }
  if (standingOf(examined.known, countingLeaving(base)).kind !== 'waiting')
    return text(wish.line, true, say.alreadyApproved());
  const known = { ...examined.known, approvals: [...examined.known.approvals, decided] };
  const asker = { login: wish.actor, request: wish.url, batch };
  const done = await judge({ ...examined, known }, everything, asker, { draftsToo: true }, own);
  if (done.start?.kind === 'moved') return text(wish.line, false, say.movedMeanwhile());
  return { section: builds(wish, done.builds, `Approved \`${known.head}\`.`), checks: done.checks, pulls: [known] };
}

/**
 * Builds what a pull request changes, or the named packages of its projects although nothing changed. Rejects on faults
 * of the machinery only.
 */
export async function buildPullRequest(
  wish: PullWish & {
    readonly packages: readonly string[];
    readonly chroots: readonly string[];
    readonly force?: boolean;
  },
  batch: string,
  context: PullContext,
): Promise<Done> {
  const looked = await look(wish, batch, context);
  if ('section' in looked) return looked;
  const { examined, base, own } = looked;
  const { known } = examined;
  if (examined.packages === undefined) return text(wish.line, false, say.onlyAfterMerge());
  const standing = standingOf(known, countingLeaving(base));
  const isAuthor = known.author.toLowerCase() === wish.actor.toLowerCase();
  const who = whoMayApprove(known, countingLeaving(base));
  if (standing.kind === 'waiting') return text(wish.line, false, say.needsApproval(known.head, who));
  if (!isAuthor && !mayBuildAll(known, countingLeaving(base), wish.actor)) {
    return text(wish.line, false, say.mayNotBuildPull(wish.actor, who));
  }
  const unknown = unknownNames(wish.packages, examined);
  if (unknown !== undefined) return text(wish.line, false, unknown);
  const isProject = (word: string) => known.touched.includes(word);
  const force = wish.force === true || wish.packages.some((word) => !isProject(word));
  // Naming all of its projects names nothing.
  const isWhole = !force && known.touched.every((key) => wish.packages.includes(key));
  const packages = isWhole
    ? []
    : wish.packages.flatMap((word) => (isProject(word) ? namesOf([word], examined).map(({ long }) => long) : [word]));
  const asker = { login: wish.actor, request: wish.url, batch };
  // A head that nobody has looked at is built as a whole first: its check says so.
  const seen = context.pulls().some(({ number, head }) => number === wish.number && head === known.head);
  const selection = seen ? { packages, chroots: wish.chroots, force } : everything;
  const done = await judge(examined, selection, asker, { draftsToo: true }, own);
  if (done.start?.kind === 'moved') return text(wish.line, false, say.movedMeanwhile());
  const pulls = [known];
  if (done.start?.kind === 'waiting') return text(wish.line, false, say.needsApproval(known.head, who));
  const section = builtSection({ ...wish, force }, done, context.queue.builds());
  // That there is nothing more to queue takes nothing back of what the check of the head says.
  return { section, checks: seen && done.builds.length === 0 ? [] : done.checks, pulls };
}

/** What was queued, what is being built already, and why there is no more. `live` is the queue. Pure. */
export function builtSection(
  wish: Pick<PullWish, 'number' | 'line'> & { readonly force: boolean },
  done: Pick<Judged, 'builds' | 'skipped'>,
  live: readonly QueuedBuild[],
): Section {
  const running = live.filter((one) => done.skipped.some((skipped) => isOf(one, skipped, wish.number)));
  const all = [...done.builds, ...running];
  if (all.length > 0) return builds(wish, all, '');
  if (done.skipped.length === 0) return text(wish.line, true, say.nothingPlanned()).section;
  const again =
    done.skipped.some(({ why }) => quietReason(why) === 'unchanged') && !wish.force ? say.buildsAgain() : '';
  const said = [nothingToDo(done.skipped), again].filter((part) => part !== '').join('\n\n');
  return text(wish.line, !wish.force, said).section;
}

/** It is what was left out because it is being built: in the sandbox, or in the project itself. */
function isOf(
  { id, owner, project, package: name, chroots }: QueuedBuild,
  skipped: SkippedBuild,
  pull: number,
): boolean {
  return (
    skipped.why === skipReasons.building(id) &&
    skipped.owner === owner &&
    (skipped.project === project || sandboxOf(skipped.project, pull) === project) &&
    skipped.package === name &&
    chroots.some(({ chroot }) => chroot === skipped.chroot)
  );
}

interface Looked {
  readonly examined: Examined;
  readonly base: NonNullable<ReturnType<PullContext['config']>>;
  /** With the judge of who asks. */
  readonly own: PullContext;
}

/** The pull request as it is now, when something could be built of it; else the answer. */
async function look(wish: PullWish, batch: string, context: PullContext): Promise<Looked | Done> {
  if (context.config() === undefined) return text(wish.line, false, noConfig());
  const pull = await context.github.pull(wish.number);
  await context.meet(pull.author, pull.authorId);
  const base = context.config() as Looked['base'];
  if (!pull.open) return text(wish.line, false, say.closedPull(wish.number));
  if (!pull.intoDefault) return text(wish.line, false, say.notIntoDefault());
  const own = { ...context, heads: readerFor(wish.actor, batch, context) };
  const examined = await examinePull(pull, own);
  if (examined.unjudged !== undefined) return text(wish.line, false, examined.unjudged);
  if (!examined.changes.ours) return text(wish.line, false, say.notOurs());
  if (examined.problems.length > 0) return text(wish.line, false, say.hasProblems());
  return { examined, base, own };
}

/** The packages of these projects, as the pull request states them. */
function namesOf(keys: readonly string[], { packages }: Examined): { readonly name: string; readonly long: string }[] {
  return keys.flatMap((key) => packages?.get(key)?.all.map((name) => ({ name, long: `${key}/${name}` })) ?? []);
}

/** A word may name a project that the pull request changes, too. */
function unknownNames(words: readonly string[], examined: Examined): string | undefined {
  const { touched } = examined.known;
  const packages = words.filter((word) => !touched.includes(word));
  const names = namesOf(touched, examined);
  const short = names.map(({ name }) => name);
  const known = new Set(names.flatMap(({ name, long }) => [name, long]));
  const missing = packages.filter((wanted) => !known.has(wanted));
  if (missing.length === 0) return undefined;
  const near = missing.map((name) => ({ name, near: nearest(name, short, 'strictly') }));
  return nothingQueued(unknownPackages(near, short));
}

function builds(wish: Pick<PullWish, 'line'>, queued: readonly QueuedBuild[], intro: string): Section {
  return { kind: 'builds', line: wish.line, builds: queued.map(refOf), intro, notes: '', canceling: false };
}

export function onPullRequests(context: PullContext): OnPull {
  return {
    approve: (job, { line, sha }, batch) => approvePullRequest({ ...wishOf(job, line), sha }, batch, context),
    build: (job, { line, packages, chroots, force }, batch) =>
      buildPullRequest({ ...wishOf(job, line), packages, chroots, force }, batch, context),
  };
}

function wishOf({ issue, actor, url, writtenAt }: CommentJob, line: string): PullWish {
  return { number: issue, actor, line, url, writtenAt };
}
