// What commands that lead to builds come to: /build, /rebuild, /plan. Pure.
import {
  type BuildId,
  findProject,
  isFinal,
  mayBuild,
  type Project,
  projectKey,
  projectOfBuild,
  whoMayBuild,
  whoMayCancel,
} from '@coppice/config';
import * as debug from '../../reply/debug.ts';
import * as edits from '../../reply/edits.ts';
import * as refusal from '../../reply/refused.ts';
import type { BuildView } from '../../vocabulary/build-view.ts';
import type { Command, Wishes } from '../../vocabulary/command.ts';
import { type Action, type Known, say } from './action.ts';
import { findTargets, type WrittenTarget } from './find-target.ts';
import { withValue } from './instead.ts';

type Of<Kind extends Command['kind']> = Extract<Command, { readonly kind: Kind }>;

export function decideBuild(command: Of<'build'>, known: Known): Action {
  const { line, wishes } = command;
  if (known.onPullRequest) return say(line, false, refusal.notOnPullRequests());
  const found = findAllowed(command, known);
  if ('refusal' in found) return say(line, false, found.refusal);
  const wrong = checkWishes(line, wishes, known);
  if (wrong !== undefined) return say(line, false, wrong);
  const { packages, chroots } = found.target;
  const selections = found.projects.map((project) => ({ project: projectKey(project), packages, chroots }));
  return { kind: 'build', line, selections, force: command.force || packages.length > 0, wishes };
}

/** Everybody may ask what would be built. */
export function decidePlan(command: Of<'plan'>, known: Known): Action {
  const { line, force } = command;
  if (known.onPullRequest) return say(line, false, refusal.notOnPullRequests());
  const everything = command.packages.length === 0 && command.project === undefined && command.chroots.length === 0;
  const { config, actor } = known;
  const found = everything ? { projects: config.projects, target: command } : findTargets(command, config, actor);
  if ('refusal' in found) return say(line, false, found.refusal);
  const { packages, chroots } = found.target;
  const selections = found.projects.map((project) => ({ project: projectKey(project), packages, chroots }));
  return { kind: 'plan', line, selections, force: force || packages.length > 0 };
}

export function decideRebuild(command: Of<'rebuild'>, known: Known): Action {
  const { line, ids, wishes, chroots } = command;
  if (ids.length === 0) return decideBuild({ ...command, kind: 'build', force: true }, known);
  const builds: BuildView[] = [];
  for (const id of ids) {
    const build = known.named.get(id);
    const wrong = build === undefined ? refusal.unknownBuild(id) : checkRebuild(build, builds, chroots, known);
    if (build === undefined || wrong !== undefined) return say(line, false, wrong ?? '');
    builds.push(build);
  }
  const wrong = checkWishes(line, wishes, known);
  return wrong === undefined ? { kind: 'rebuild', line, builds, chroots, wishes } : say(line, false, wrong);
}

function checkRebuild(
  build: BuildView,
  others: readonly BuildView[],
  chroots: readonly string[],
  { config, actor }: Known,
): string | undefined {
  const key = projectKey({ owner: build.owner, name: build.project });
  const project = findProject(config.projects, build.owner, build.project);
  const stated = project?.packages.find(({ name }) => name === build.package);
  if (project === undefined || stated === undefined) return refusal.notStated(build, key);
  const denied = checkRights(project, { config, actor });
  if (denied !== undefined) return denied;
  if (!isFinal(build.state)) return refusal.notEnded(build.id);
  const same = (one: BuildView) => `${one.owner}/${one.project}/${one.package}` === `${key}/${build.package}`;
  if (others.some(same)) return refusal.twice(build.package);
  const odd = chroots.find((chroot) => !build.chroots.some((one) => one.chroot === chroot));
  return odd === undefined
    ? undefined
    : refusal.notInBuild(
        odd,
        build.id,
        build.chroots.map((one) => one.chroot),
      );
}

function findAllowed(written: WrittenTarget, known: Known) {
  const found = findTargets(written, known.config, known.actor);
  if ('refusal' in found) return { refusal: refusal.nothingQueued(found.refusal) };
  const { target } = found;
  const named = written.packages.length > 0 || written.project !== undefined;
  // What nobody named and what is frozen is left out; what was named is refused.
  const open = named ? found.projects : found.projects.filter(({ frozen }) => frozen === null);
  const projects = open.length > 0 ? open : found.projects;
  const denied = projects.map((project) => checkRights(project, known)).find((text) => text !== undefined);
  return denied === undefined ? { projects, target } : { refusal: denied };
}

function checkRights(project: Project, { config, actor }: Pick<Known, 'config' | 'actor'>): string | undefined {
  if (!mayBuild(config.policy, project, actor)) {
    return refusal.notAllowed(actor, 'build', projectKey(project), whoMayBuild(config.policy, project), 'builder');
  }
  return project.frozen === null ? undefined : edits.frozen(project, config.policy.admins);
}

function checkWishes(line: string, wishes: Wishes, { config, named }: Known): string | undefined {
  const { maximumTimeoutSeconds, maximumMemoryBytes } = config.policy.limits;
  if ((wishes.timeoutSeconds ?? 0) > maximumTimeoutSeconds) {
    const again = withValue(line, 'timeout', refusal.inUnits(maximumTimeoutSeconds));
    return refusal.timeoutTooLong(maximumTimeoutSeconds, again);
  }
  if (maximumMemoryBytes !== null && (wishes.memoryBytes ?? 0) > maximumMemoryBytes) {
    const again = withValue(line, 'memory', `${Math.floor(maximumMemoryBytes / 2 ** 20)}MiB`);
    return refusal.memoryTooMuch(maximumMemoryBytes, again);
  }
  return wishes.after.map((id) => checkAfter(id, named.get(id))).find((text) => text !== undefined);
}

function checkAfter(id: BuildId, build: BuildView | undefined): string | undefined {
  if (build === undefined) return refusal.unknownBuild(id);
  return isFinal(build.state) && build.state !== 'succeeded' ? refusal.afterFailed(id, build.state) : undefined;
}

export function decideDebug(
  { line, id, chroot, end }: Extract<Command, { kind: 'debug' }>,
  { config, actor, named }: Known,
): Action {
  const build = named.get(id);
  if (build === undefined) return say(line, false, refusal.unknownBuild(id));
  const key = projectKey({ owner: build.owner, name: build.project });
  const people = projectOfBuild(config.projects, build);
  if (people === undefined || !mayBuild(config.policy, people, actor)) {
    return say(
      line,
      false,
      refusal.notAllowed(actor, 'debug builds of', key, whoMayCancel(config.policy, people), people && 'builder'),
    );
  }
  if (end) return { kind: 'end-debug', line, build, chroot };
  if (findProject(config.projects, build.owner, build.project) === undefined) {
    return say(line, false, debug.sandboxed(id));
  }
  if (people.frozen !== null) return say(line, false, debug.frozen(key));
  const failed = build.chroots.filter(({ state }) => state === 'failed').map((one) => one.chroot);
  if (failed.length === 0) return say(line, false, debug.nothingFailed(id));
  if (chroot === undefined) {
    const [only, ...more] = failed;
    if (only === undefined || more.length > 0) return say(line, false, debug.whichChroot(id, failed));
    return { kind: 'debug', line, build, chroot: only };
  }
  const found = failed.find((one) => one === chroot);
  if (found !== undefined) return { kind: 'debug', line, build, chroot: found };
  const all = build.chroots.map((one) => one.chroot);
  const isKnown = all.some((one) => one === chroot);
  return say(line, false, isKnown ? debug.chrootNotFailed(id, chroot) : refusal.notInBuild(chroot, id, all));
}
