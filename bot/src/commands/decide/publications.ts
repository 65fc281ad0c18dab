// What /publish and /rollback come to. Pure.
import {
  type ChrootName,
  mayBuild,
  mayManage,
  nearest,
  type Project,
  projectKey,
  whoManages,
  whoMayBuild,
} from '@coppice/config';
import * as edits from '../../reply/edits.ts';
import * as publications from '../../reply/publications.ts';
import * as refusal from '../../reply/refused.ts';
import type { Command } from '../../vocabulary/command.ts';
import { type Action, type Known, say } from './action.ts';
import { type Found, findOne } from './find-target.ts';
import { withWords } from './instead.ts';

type Of<Kind extends Command['kind']> = Extract<Command, { readonly kind: Kind }>;

/** Who may build may also publish what was built. */
export function decidePublish(command: Of<'publish'>, known: Known): Action {
  const { line } = command;
  const { config, actor } = known;
  const found = findMeant(command, known, (project) => mayBuild(config.policy, project, actor));
  if ('refusal' in found) return say(line, false, found.refusal);
  const { project, chroots } = found;
  if (mayBuild(config.policy, project, actor)) return { kind: 'publish', line, project, chroots };
  const who = whoMayBuild(config.policy, project);
  return say(line, false, refusal.notAllowed(actor, 'publish', projectKey(project), who, 'builder'));
}

/** Who may delete builds may also take them back from users. */
export function decideRollback(command: Of<'rollback'>, known: Known): Action {
  const { line, to } = command;
  const { config, actor } = known;
  const found = findMeant(command, known, (project) => mayManage(config.policy, project, actor));
  if ('refusal' in found) return say(line, false, found.refusal);
  const { project } = found;
  if (!mayManage(config.policy, project, actor)) {
    const who = whoManages(config.policy, project);
    return say(line, false, refusal.notAllowed(actor, 'roll back', projectKey(project), who, 'maintainer'));
  }
  const chroots = found.chroots.length > 0 ? found.chroots : project.chroots;
  if (to !== undefined && chroots.length > 1) {
    return say(line, false, publications.numbersOfOneChroot(to, projectKey(project), project.chroots));
  }
  return { kind: 'rollback', line, project, chroots, to };
}

/** The project and the chroots that are named; else the only project that the actor may do it to. */
function findMeant(
  { line, project: written, chroots }: Of<'publish' | 'rollback'>,
  { config }: Known,
  may: (project: Project) => boolean,
): Found<{ readonly project: Project; readonly chroots: readonly ChrootName[] }> {
  const mine = config.projects.filter(may);
  const near = written === undefined && mine.length > 0 ? mine : config.projects;
  const found = findOne(written, near, line.trim(), line);
  if ('refusal' in found) return found;
  const { project } = found;
  if (project.frozen !== null) return { refusal: edits.frozen(project, config.policy.admins) };
  const known: readonly string[] = project.chroots;
  const unknown = chroots.find((chroot) => !known.includes(chroot));
  if (unknown === undefined) return { project, chroots: project.chroots.filter((one) => chroots.includes(one)) };
  const meant = nearest(unknown, known);
  const again = meant === undefined ? undefined : withWords(line, [[unknown, meant]]);
  return { refusal: refusal.unknownChroot(unknown, meant, projectKey(project), known, again) };
}
