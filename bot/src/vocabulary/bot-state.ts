// What the bot must not forget: deliveries it has accepted, commits it has handled, answers and checks that are not
// final yet.
import { type AccountOperation, type Accounts, applyToAccounts } from './accounts.ts';
import type { Answer, Check } from './answer.ts';
import { isOfSame } from './check-key.ts';
import type { DepartedPackage } from './departed.ts';
import type { CommentCursor, Delivery } from './job.ts';
import type { KnownPull } from './known-pull.ts';
import type { AskedDeletion, Leaving, RefusedCommit } from './leaving.ts';
import { applyToPetitions, noPetitions, type PetitionOperation, type Petitions } from './petitions.ts';

/** GitHub's delivery ids that are remembered; the oldest are forgotten first. */
export const rememberedDeliveries = 10_000;
/** Deletions that were asked for and whose commit has not come into force; those never pushed are forgotten first. */
const rememberedDeletions = 100;

export interface BotState {
  /** What was accepted, as workKey names it, oldest first. */
  deliveries: string[];
  /** Accepted but not worked off, oldest first. */
  inbox: Delivery[];
  /** The last commit of the default branch that was looked at. */
  handledCommit: string | null;
  /** The last one without problems: the config in force. */
  goodCommit: string | null;
  /** Null while the last one has none. */
  refused: RefusedCommit | null;
  leaving: readonly Leaving[];
  /** Packages that left projects which stay. */
  departed: readonly DepartedPackage[];
  askedDeletions: readonly AskedDeletion[];
  answers: Answer[];
  checks: Check[];
  /** In the order in which they were first seen. */
  pulls: KnownPull[];
  /** Commits that merge queues would merge and that have been judged, while they are there. */
  groups: readonly string[];
  /** How far comments were looked through; null before the first time. */
  comments: CommentCursor | null;
  petitions: Petitions;
  accounts: Accounts;
}

export type BotOperation =
  | { readonly kind: 'noted'; readonly delivery: Delivery }
  | {
      readonly kind: 'handled';
      readonly id: string;
      readonly answer?: Answer;
      readonly checks: readonly Check[];
      readonly handledCommit?: string;
      readonly goodCommit?: string;
      readonly refused?: RefusedCommit | null;
      /** All of them, as they are now. */
      readonly leaving?: readonly Leaving[];
      /** The same. */
      readonly departed?: readonly DepartedPackage[];
      /** Commits of `askedDeletions` that have come into force. */
      readonly deleted?: readonly string[];
      /** Takes the place of what was known of these. */
      readonly pulls?: readonly KnownPull[];
      /** Takes the place of all that was known of merge queues. */
      readonly groups?: readonly string[];
      readonly petitions?: readonly PetitionOperation[];
    }
  | ({ readonly kind: 'in-force' } & InForceNote)
  | ({ readonly kind: 'deletion-asked' } & AskedDeletion)
  | { readonly kind: 'forgotten'; readonly pull: number }
  | { readonly kind: 'looked'; readonly comments: CommentCursor }
  | { readonly kind: 'commented'; readonly to: Answer['to']; readonly commentId: number }
  | { readonly kind: 'answered'; readonly to: Answer['to'] }
  | { readonly kind: 'checked'; readonly key: string; readonly checkRunId: number; readonly sentAnnotations: number }
  | { readonly kind: 'concluded'; readonly key: string }
  | { readonly kind: 'account'; readonly account: AccountOperation };

/** That a config has come into force, noted before builds of it are queued. */
export interface InForceNote {
  readonly goodCommit: string;
  /** All of them, as they are now. */
  readonly leaving: readonly Leaving[];
  /** The same. */
  readonly departed: readonly DepartedPackage[];
}

export function initialBotState(): BotState {
  return {
    deliveries: [],
    inbox: [],
    handledCommit: null,
    goodCommit: null,
    refused: null,
    leaving: [],
    departed: [],
    askedDeletions: [],
    answers: [],
    checks: [],
    pulls: [],
    groups: [],
    comments: null,
    petitions: noPetitions,
    accounts: {},
  };
}

/** Changes `state` in place. An operation on something that is gone changes nothing. */
export function applyToBotState(state: BotState, operation: BotOperation): void {
  switch (operation.kind) {
    case 'noted':
      remember(state, operation.delivery.id);
      state.inbox.push(operation.delivery);
      return;
    case 'handled':
      applyHandled(state, operation);
      return;
    case 'in-force':
      state.goodCommit = operation.goodCommit;
      state.leaving = operation.leaving;
      state.departed = operation.departed;
      return;
    case 'commented': {
      const answer = state.answers.find(({ to }) => to === operation.to);
      if (answer !== undefined) answer.commentId = operation.commentId;
      return;
    }
    case 'answered':
      state.answers = state.answers.filter(({ to }) => to !== operation.to);
      return;
    case 'checked': {
      const check = state.checks.find(({ key }) => key === operation.key);
      if (check === undefined) return;
      check.checkRunId = operation.checkRunId;
      if (check.kind === 'config') check.sentAnnotations = operation.sentAnnotations;
      return;
    }
    case 'concluded':
      state.checks = state.checks.filter(({ key }) => key !== operation.key);
      return;
    case 'looked':
      state.comments = operation.comments;
      return;
    case 'account':
      state.accounts = applyToAccounts(state.accounts, operation.account);
      return;
    case 'deletion-asked': {
      const { project, commit } = operation;
      const others = state.askedDeletions.filter((one) => one.commit !== commit);
      state.askedDeletions = [...others, { project, commit }].slice(-rememberedDeletions);
      return;
    }
    case 'forgotten':
      state.pulls = state.pulls.filter(({ number }) => number !== operation.pull);
      return;
  }
}

function remember({ deliveries }: BotState, id: string): void {
  deliveries.push(id);
  if (deliveries.length > rememberedDeliveries) deliveries.shift();
}

/** True when who wrote commands at a place where none is read has been told so, be it of an earlier version. */
export function isAnswered({ deliveries }: Pick<BotState, 'deliveries'>, to: Answer['to']): boolean {
  return deliveries.includes(`misplaced/${to}`);
}

function applyHandled(state: BotState, operation: Extract<BotOperation, { kind: 'handled' }>): void {
  const { id, answer, checks, handledCommit, goodCommit, refused, leaving, departed, deleted = [] } = operation;
  state.inbox = state.inbox.filter((delivery) => delivery.id !== id);
  // Copies: operations are also lines of the journal and stay as they were.
  if (answer !== undefined && !state.answers.some(({ to }) => to === answer.to)) state.answers.push({ ...answer });
  if (typeof answer?.to === 'string') remember(state, `misplaced/${answer.to}`);
  for (const check of checks) addCheck(state, check);
  state.petitions = (operation.petitions ?? []).reduce(applyToPetitions, state.petitions);
  if (handledCommit !== undefined) state.handledCommit = handledCommit;
  if (goodCommit !== undefined) state.goodCommit = goodCommit;
  if (refused !== undefined) state.refused = refused;
  if (leaving !== undefined) state.leaving = leaving;
  if (departed !== undefined) state.departed = departed;
  if (deleted.length > 0) state.askedDeletions = state.askedDeletions.filter(({ commit }) => !deleted.includes(commit));
  if (operation.groups !== undefined) state.groups = operation.groups;
  for (const pull of operation.pulls ?? []) {
    const at = state.pulls.findIndex(({ number }) => number === pull.number);
    if (at === -1) state.pulls.push(pull);
    else state.pulls[at] = pull;
  }
}

/** One that is known goes on in the run that was asked for again, with the newest word of it. */
function addCheck(state: BotState, fresh: Check): void {
  // An older word of the same, made later than this one, would be the one that GitHub shows.
  state.checks = state.checks.filter(
    (one) => one.checkRunId !== null || one.key === fresh.key || !isOfSame(one.key, fresh.key),
  );
  // What went on in this run before has nothing to say there any more.
  if (fresh.checkRunId !== null)
    state.checks = state.checks.filter((one) => one.key === fresh.key || one.checkRunId !== fresh.checkRunId);
  const { checks } = state;
  const at = checks.findIndex(({ key }) => key === fresh.key);
  const known = checks[at];
  if (known === undefined) checks.push({ ...fresh });
  else if (known.kind === 'build' && fresh.kind === 'build' && fresh.note !== undefined) {
    checks[at] = { ...fresh, checkRunId: fresh.checkRunId ?? known.checkRunId };
  }
}

/** What came of a job, noted together with its being done. */
export type Handled = Omit<Extract<BotOperation, { kind: 'handled' }>, 'kind' | 'id'>;
