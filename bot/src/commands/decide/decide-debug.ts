// Decides /debug: who may, and which chroot of the build is meant. Pure.
import { findProject, mayBuild, projectKey, projectOfBuild, whoMayCancel } from '@coppice/config';
import * as debug from '../../reply/debug.ts';
import * as refusal from '../../reply/refused.ts';
import type { Command } from '../../vocabulary/command.ts';
import { type Action, type Known, say } from './action.ts';

export function decideDebug(
  { line, id, chroot, end }: Extract<Command, { kind: 'debug' }>,
  { config, actor, named }: Known,
): Action {
  const build = named.get(id);
  if (build === undefined) return say(line, false, refusal.unknownBuild(id));
  const key = projectKey({ owner: build.owner, name: build.project });
  const people = projectOfBuild(config.projects, build);
  if (people === undefined || !mayBuild(config.policy, people, actor)) {
    return say(line, false, refusal.notAllowed(actor, 'debug builds of', key, whoMayCancel(config.policy, people)));
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
