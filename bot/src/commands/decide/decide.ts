// Decide, then do: a command and what is known → what is to be done about it. Pure; carry-out.ts does it.
import {
  type BuildId,
  findProject,
  isFinal,
  mayCancel,
  mayManage,
  projectKey,
  projectOfBuild,
  whoManages,
  whoMayCancel,
} from '@coppice/config';
import { helpText } from '../../reply/help.ts';
import { logsOf } from '../../reply/logs.ts';
import { openReports } from '../../reply/petitions.ts';
import * as refusal from '../../reply/refused.ts';
import { statusOfBuild, statusOfProject, statusOfQueue } from '../../reply/status.ts';
import type { BuildView } from '../../vocabulary/build-view.ts';
import type { Command } from '../../vocabulary/command.ts';
import type { LeavingPackage } from '../../vocabulary/departed.ts';
import { countingLeaving } from '../../vocabulary/leaving.ts';
import { type Action, type Known, type Situation, say } from './action.ts';
import { decideBuild, decideDebug, decidePlan, decideRebuild } from './builds.ts';
import { findNamed, findPackage, projectOfWord } from './find-target.ts';
import { fillIn } from './instead.ts';
import {
  decideApprove,
  decideEdit,
  decideFork,
  decideLegal,
  decideRequest,
  decideResolve,
  decideResolveReport,
} from './projects.ts';
import { decidePublish, decideRollback } from './publications.ts';

/** The numbers of builds that a command names. */
export function namedBuilds(command: Command): readonly BuildId[] {
  switch (command.kind) {
    case 'status':
    case 'explain':
      return command.id === undefined ? [] : [command.id];
    case 'logs':
    case 'debug':
    case 'delete-build':
      return [command.id];
    case 'cancel':
      return command.ids;
    case 'rebuild':
      return [...command.ids, ...command.wishes.after];
    case 'build':
      return command.wishes.after;
    default:
      return [];
  }
}

export function decide(command: Command, situation: Situation): Action {
  const { line } = command;
  switch (command.kind) {
    case 'help':
      return say(line, true, helpText(situation.url));
    case 'mistake':
      return say(line, false, refusal.mistake(command.why, fillIn(command.suggestion, situation.config)));
    case 'status':
      if (command.package === undefined && command.project === undefined) {
        return decideStatus(line, command.id, situation);
      }
      break;
    case 'logs':
      return decideLogs(command, situation);
    default:
  }
  const { config } = situation;
  return config === undefined
    ? say(line, false, refusal.noConfig())
    : decideWithConfig(command, { ...situation, config });
}

type NeedsConfig = Exclude<Command, { readonly kind: 'help' | 'mistake' | 'logs' }>;

function decideWithConfig(command: NeedsConfig, stated: Known): Action {
  const { line, kind } = command;
  // Until a project has left, what it has is its people's to look at, cancel and delete.
  const left = departedIn(command, stated);
  if (left !== undefined) {
    const isLook = kind === 'status' || kind === 'explain';
    return say(
      line,
      isLook,
      isLook ? refusal.leavingPackage(left) : refusal.nothingQueued(refusal.leavingPackage(left)),
    );
  }
  const looks = kind === 'status' || kind === 'cancel' || kind === 'delete-build';
  const known = looks ? { ...stated, config: countingLeaving(stated) } : stated;
  switch (command.kind) {
    case 'build':
      return decideBuild(command, known);
    case 'rebuild':
      return decideRebuild(command, known);
    case 'plan':
      return decidePlan(command, known);
    case 'cancel':
      return decideCancel(line, command.ids, known);
    case 'status':
    case 'explain':
      return decideSubject(command, known);
    case 'debug':
      return decideDebug(command, known);
    case 'delete-build':
      return decideDelete(line, command.id, known);
    case 'publish':
      return decidePublish(command, known);
    case 'rollback':
      return decideRollback(command, known);
    case 'delete-project':
      return decideEdit(line, command.project, (project) => ({ kind: 'delete', project }), known);
    case 'freeze': {
      const { reason } = command;
      return decideEdit(line, command.project, (project) => ({ kind: 'freeze', project, reason }), known);
    }
    case 'resolve':
      return decideResolve(command, known);
    case 'fork':
      return decideFork(command, known);
    case 'request':
      return decideRequest(command, known);
    case 'approve-rights':
      return decideApprove(command, known);
    case 'approve-head':
      return say(line, false, refusal.nothingToApprove());
    case 'legal':
      return decideLegal(command, known);
    case 'legal-list':
      return say(line, true, openReports(known.petitions.reports));
    case 'resolve-report':
      return decideResolveReport(command, known);
  }
}

/** The first of its packages that left its project, and that no project states under this name. */
function departedIn(command: NeedsConfig, { config, departed }: Known): LeavingPackage | undefined {
  if (departed.length === 0) return undefined;
  if (!('packages' in command) && !('package' in command)) return undefined;
  const words = 'packages' in command ? command.packages : command.package === undefined ? [] : [command.package];
  const asked = command.project;
  return words
    .map((word) => {
      const isMeant = (project: string, name: string) =>
        word === `${project}/${name}` || (word === name && (asked === undefined || asked === project));
      const isStated = config.projects.some((one) => one.packages.some(({ name }) => isMeant(projectKey(one), name)));
      return isStated ? undefined : departed.find((one) => isMeant(one.project, one.package));
    })
    .find((one) => one !== undefined);
}

function decideStatus(line: string, id: BuildId | undefined, { live, named, url, config }: Situation): Action {
  if (id === undefined) {
    const markdown = statusOfQueue(live, url);
    const projects = (config?.projects ?? []).filter(({ publish, frozen }) => publish === 'manual' && frozen === null);
    if (projects.length === 0) return say(line, true, markdown);
    return { kind: 'status-of-projects', line, markdown, projects, all: true };
  }
  const build = named.get(id);
  return build === undefined
    ? say(line, false, noSuchBuild(id, 'status', config))
    : say(line, true, statusOfBuild(build, url));
}

function decideLogs({ line, id, chroot }: Extract<Command, { kind: 'logs' }>, { named, url }: Situation): Action {
  const build = named.get(id);
  if (build === undefined) return say(line, false, refusal.unknownBuild(id));
  const chroots = build.chroots.filter((one) => chroot === undefined || one.chroot === chroot);
  if (chroots.length > 0) return say(line, true, logsOf(build, chroots, url));
  const known = build.chroots.map((one) => one.chroot);
  return say(line, false, refusal.notInBuild(chroot ?? '', id, known));
}

/** A number may have been meant as a package. */
function noSuchBuild(id: BuildId, verb: 'status' | 'explain', config: Situation['config']): string {
  const holding = config?.projects.filter(({ packages }) => packages.some(({ name }) => name === String(id))) ?? [];
  return refusal.unknownBuild(
    id,
    holding.map((project) => `${projectKey(project)}/${id}`),
    verb,
  );
}

type Subject = Extract<Command, { kind: 'status' | 'explain' }>;

function decideSubject(command: Subject, known: Known): Action {
  const { line, kind, id } = command;
  if (id !== undefined) {
    if (kind === 'status') return decideStatus(line, id, known);
    const build = known.named.get(id);
    if (build === undefined) return say(line, false, noSuchBuild(id, kind, known.config));
    const project = findProject(known.config.projects, build.owner, build.project);
    return { kind: 'explain', line, project, package: build.package, build };
  }
  const { projects } = known.config;
  const whole =
    command.package === undefined ? command.project : projectOfWord(command.package, projects) && command.package;
  if (whole !== undefined) return decideProject(command, whole, known);
  const found = findPackage(command.package ?? '', command.project, known.config, line);
  if ('refusal' in found) return say(line, false, found.refusal);
  return kind === 'status' ? { kind, line, ...found } : { kind, line, ...found, build: undefined };
}

/** What was asked about a package, of a whole project. */
function decideProject({ line, kind }: Subject, name: string, { config, live, url }: Known): Action {
  const found = findNamed(name, config.projects, line);
  if ('refusal' in found) return say(line, false, found.refusal);
  const { project } = found;
  const key = projectKey(project);
  if (kind === 'explain') return say(line, false, refusal.explainsNoProject(key, project.packages[0]?.name));
  const own = live.filter((one) => projectKey({ owner: one.owner, name: one.project }) === key);
  return {
    ...{ kind: 'status-of-projects', line, markdown: statusOfProject(project, own, url) },
    ...{ projects: [project], all: false },
  };
}

function decideCancel(line: string, ids: readonly BuildId[], known: Known): Action {
  const { config, actor, named, url } = known;
  const live: BuildId[] = [];
  const ended: BuildView[] = [];
  for (const id of ids) {
    const build = named.get(id);
    if (build === undefined) return say(line, false, refusal.unknownBuild(id));
    const project = projectOfBuild(config.projects, build);
    if (!mayCancel(config.policy, project, actor)) {
      const key = projectKey({ owner: build.owner, name: build.project });
      const who = whoMayCancel(config.policy, project);
      return say(line, false, refusal.notAllowed(actor, 'cancel builds of', key, who, project && 'builder'));
    }
    if (isFinal(build.state)) ended.push(build);
    else live.push(id);
  }
  if (live.length > 0) return { kind: 'cancel', line, ids: live, ended: ended.map(({ id }) => id) };
  return say(line, false, ended.map((build) => refusal.alreadyEnded(build, url)).join('\n'));
}

function decideDelete(line: string, id: BuildId, { config, actor, named }: Known): Action {
  const build = named.get(id);
  if (build === undefined) return say(line, false, refusal.unknownBuild(id));
  const key = projectKey({ owner: build.owner, name: build.project });
  const project = findProject(config.projects, build.owner, build.project);
  const allowed =
    project === undefined ? mayCancel(config.policy, undefined, actor) : mayManage(config.policy, project, actor);
  if (!allowed) {
    const who = project === undefined ? config.policy.admins : whoManages(config.policy, project);
    return say(line, false, refusal.notAllowed(actor, 'delete builds of', key, who, project && 'maintainer'));
  }
  return isFinal(build.state) ? { kind: 'delete-build', line, build } : say(line, false, refusal.notEnded(id));
}
