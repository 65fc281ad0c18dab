// Carries out /debug: asks the service for a builder to look at, for whom and with which keys, or ends one.
import { isOver, readSshKeys } from '@coppice/builder-runner/runner';
import { type PlanSelection, planBuilds, projectKey } from '@coppice/config';
import type { ConfigAtCommit } from '../../config-repo/config-in-force.ts';
import { requestsOf } from '../../planning/plan-requests.ts';
import { sourceOf } from '../../planning/source-of.ts';
import * as debug from '../../reply/debug.ts';
import * as refusal from '../../reply/refused.ts';
import type { Action } from '../decide/action.ts';
import { type CommandContext, type CommentJob, type Done, text } from './done.ts';

type Of<Kind extends Action['kind']> = Extract<Action, { readonly kind: Kind }>;

export async function carryOutDebug(
  action: Of<'debug'>,
  at: ConfigAtCommit,
  job: CommentJob,
  batch: string,
  context: CommandContext,
): Promise<Done> {
  const { line, build, chroot } = action;
  const sessions = context.debug;
  if (sessions === undefined) return text(line, false, debug.notOffered());
  // A second one for the same person and build would hold another builder for nothing.
  const open = sessions
    .sessions()
    .find((one) => !isOver(one) && one.build.id === build.id && one.chroot === chroot && one.by === job.actor);
  if (open !== undefined) return done(line, open.id);
  const source = await sourceOf(build, context);
  if (source === undefined) return text(line, false, refusal.noSource(build.id));
  const keys = readSshKeys(await context.keysOf(job.actor));
  const key = projectKey({ owner: build.owner, name: build.project });
  const selection: PlanSelection = { project: key, packages: [build.package], chroots: [chroot] };
  const plan = planBuilds({
    config: at.config,
    pinned: new Map([[`${key}/${build.package}`, source]]),
    unpinned: new Map(),
    chrootConfigDigests: at.chrootConfigDigests,
    built: [],
    selection,
    force: true,
    expectedSeconds: context.built.expectedSeconds,
  });
  const [request] = requestsOf(plan, at, { login: job.actor, request: job.url, batch });
  if (request === undefined) return text(line, false, refusal.notStated(build, key));
  const session = await sessions.request({ key: batch, id: build.id, request, chroot, by: job.actor, keys });
  if (session === 'no-source') return text(line, false, debug.noSourcePackage(build.id));
  if (session === 'no-keys') return text(line, false, debug.noKeys(job.actor, context.settings.github));
  return 'refused' in session ? text(line, false, debug.refused(session.refused)) : done(line, session.id);
}

/** Who may open one may end it, whoever opened it. */
export async function endDebug(
  { line, build, chroot }: Of<'end-debug'>,
  job: CommentJob,
  { debug: sessions }: CommandContext,
): Promise<Done> {
  const fits = sessions
    ?.sessions()
    .filter((one) => !isOver(one) && one.build.id === build.id && (chroot === undefined || one.chroot === chroot));
  if (sessions === undefined || fits === undefined || fits.length === 0) {
    return text(line, false, debug.noSession(build.id));
  }
  for (const { id } of fits) await sessions.end(id, job.actor);
  return text(line, true, fits.map(({ id }) => debug.debugText(sessions.session(id), '')).join('\n\n'));
}

function done(line: string, session: number): Done {
  return { section: { kind: 'debug', line, session }, checks: [] };
}
