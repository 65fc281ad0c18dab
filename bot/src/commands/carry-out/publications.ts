// Carries out /publish and /rollback: the runner switches, the answer says what that changes for users.
import type { SwitchOutcome } from '@coppice/builder-runner/runner';
import * as publications from '../../reply/publications.ts';
import type { Action } from '../decide/action.ts';
import { type CommandContext, type CommentJob, type Done, text } from './done.ts';

type Of<Kind extends Action['kind']> = Extract<Action, { readonly kind: Kind }>;

export async function carryOutPublish(
  { line, project, chroots }: Of<'publish'>,
  job: CommentJob,
  batch: string,
  context: CommandContext,
): Promise<Done> {
  const asked = { login: job.actor, request: job.url, batch };
  return done(line, await context.projects.publish(project, { chroots, asked }), context, (outcome) =>
    publications.published(project, outcome),
  );
}

export async function carryOutRollback(
  { line, project, chroots, to }: Of<'rollback'>,
  job: CommentJob,
  batch: string,
  context: CommandContext,
): Promise<Done> {
  const asked = { login: job.actor, request: job.url, batch };
  return done(line, await context.projects.rollBack(project, { chroots, to, asked }), context, (outcome) =>
    publications.rolledBack(project, outcome),
  );
}

function done(
  line: string,
  outcome: SwitchOutcome,
  context: CommandContext,
  markdown: (outcome: SwitchOutcome) => string,
): Done {
  const isSwitched = outcome.kind === 'switched';
  if (isSwitched && outcome.repositories.length > 0) context.published();
  return text(line, isSwitched, markdown(outcome));
}
