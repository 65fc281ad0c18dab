// What commands that change projects and rights come to: a commit, a petition, or a refusal. Pure.
import { isAdmin, isMember, mayManage, projectKey, projectNamePattern, whoManages } from '@coppice/config';
import { judgeEdit } from '../../edits/judge-edit.ts';
import * as edits from '../../reply/edits.ts';
import { isLeaving } from '../../reply/in-force.ts';
import { onlyAdminsTrust } from '../../reply/people.ts';
import * as reply from '../../reply/petitions.ts';
import type { Command } from '../../vocabulary/command.ts';
import type { ConfigEdit } from '../../vocabulary/config-edit.ts';
import type { LeavingProject } from '../../vocabulary/leaving.ts';
import { type LegalReport, maximumReportsOfOne, type PetitionOperation } from '../../vocabulary/petitions.ts';
import { type Action, type Known, say } from './action.ts';
import { findNamed, findOne } from './find-target.ts';

type Of<Kind extends Command['kind']> = Extract<Command, { readonly kind: Kind }>;

/** A change of a project that its name as written means. */
export function decideEdit(
  line: string,
  written: string,
  editOf: (project: string) => ConfigEdit,
  known: Known,
  petitions: readonly PetitionOperation[] = [],
): Action {
  const leaving = known.leaving.find(({ project }) => project.toLowerCase() === written.toLowerCase());
  if (leaving !== undefined) return decideLeaving(line, leaving, editOf(leaving.project), known);
  const found = findNamed(written, known.config.projects, line);
  if ('refusal' in found) return say(line, false, found.refusal);
  const edit = editOf(projectKey(found.project));
  const verdict = judgeEdit(edit, known.config, known.actor);
  if (verdict.kind === 'do') return { kind: 'edit', line, edit, petitions };
  return say(line, verdict.kind === 'nothing', verdict.markdown, verdict.kind === 'nothing' ? petitions : []);
}

/** Its file is gone, so nothing can be committed: it can only be deleted at once, by whom its last statement names. */
function decideLeaving(line: string, leaving: LeavingProject, edit: ConfigEdit, { config, actor }: Known): Action {
  if (edit.kind !== 'delete') return say(line, false, isLeaving(leaving));
  const verdict = judgeEdit(edit, { ...config, projects: [leaving.stated] }, actor);
  return verdict.kind === 'do'
    ? { kind: 'take-away', line, project: leaving.project }
    : say(line, false, verdict.markdown);
}

export function decideFork({ line, project, as }: Of<'fork'>, known: Known): Action {
  const [, sourceName = ''] = project.split('/');
  const [first = '', second] = (as ?? sourceName).split('/');
  const [owner, name] = second === undefined ? [known.actor, first] : [first, second];
  const odd = [owner, name].find((one) => !projectNamePattern.test(one));
  if (odd !== undefined) return say(line, false, edits.noName(odd));
  return decideEdit(line, project, (source) => ({ kind: 'fork', project: source, owner, name }), known);
}

export function decideRequest({ line, role, project: written }: Of<'request'>, known: Known): Action {
  const { config, comment } = known;
  const login = known.actor.toLowerCase();
  const mine = role === 'drop' ? config.projects.filter((one) => isMember(one, login)) : config.projects;
  const near = written === undefined && mine.length > 0 ? mine : config.projects;
  const found = findOne(written, near, `/request ${role}`, line);
  if ('refusal' in found) return say(line, false, found.refusal);
  const project = projectKey(found.project);
  const settled: PetitionOperation = { kind: 'settled', login, project };
  if (role === 'drop') return decideEdit(line, project, () => ({ kind: 'drop', project, login }), known, [settled]);
  const { maintainers, builders } = found.project;
  const holders = role === 'maintainer' ? maintainers : [...maintainers, ...builders];
  if (holders.some((one) => one.toLowerCase() === login)) {
    return say(line, true, edits.holdsAlready({ kind: 'grant', project, role, login }));
  }
  const request = { login, role, project, url: comment };
  return say(line, true, reply.asked(request, whoManages(config.policy, found.project)), [{ kind: 'asked', request }]);
}

export function decideApprove({ line, login: written, project: named }: Of<'approve-rights'>, known: Known): Action {
  const { config, actor, petitions } = known;
  const login = written.toLowerCase();
  if (known.isOther(login)) {
    if (isAdmin(config.policy, actor)) return { kind: 'trust', line, login };
    return say(line, false, onlyAdminsTrust(login, config.policy.admins));
  }
  const open = petitions.rights.filter((one) => one.login === login);
  const projects = config.projects.filter((one) => open.some(({ project }) => project === projectKey(one)));
  if (named === undefined && projects.length === 0) return say(line, false, reply.nothingAsked(login, undefined));
  const mine = projects.filter((one) => mayManage(config.policy, one, actor));
  const near = mine.length > 0 ? mine : projects;
  const found = findOne(named, named === undefined ? near : config.projects, `/approve @${login}`, line);
  if ('refusal' in found) return say(line, false, found.refusal);
  const project = projectKey(found.project);
  const request = open.find((one) => one.project === project);
  if (request === undefined) return say(line, false, reply.nothingAsked(login, project));
  const edit = { kind: 'grant', project, role: request.role, login } as const;
  return decideEdit(line, project, () => edit, known, [{ kind: 'settled', login, project }]);
}

export function decideLegal({ line, text, project: written }: Of<'legal'>, known: Known): Action {
  const { config, actor, comment, petitions } = known;
  const found = written === undefined ? undefined : findNamed(written, config.projects, line);
  const project = found === undefined || 'refusal' in found ? null : projectKey(found.project);
  // Who has an admin's login now is nobody whom a report concerns.
  const told = known.admins.filter((name) => !known.isOther(name));
  const before = petitions.reports.find((one) => one.url === comment && one.text === text);
  if (before !== undefined) return say(line, true, reply.reported(before, told));
  if (petitions.reports.filter(({ by }) => by === actor).length >= maximumReportsOfOne) {
    return say(line, false, reply.tooManyReports(config.policy.admins));
  }
  const report: LegalReport = { number: petitions.lastReport + 1, by: actor, text, project, url: comment };
  return say(line, true, reply.reported(report, told), [{ kind: 'reported', report }]);
}

/** Lets the project build again and closes what was reported of it. */
export function decideResolve({ line, project: written }: Of<'resolve'>, known: Known): Action {
  const { config, actor, petitions } = known;
  const found = findNamed(written, config.projects, line);
  if ('refusal' in found) return say(line, false, found.refusal);
  const project = projectKey(found.project);
  const closing: PetitionOperation = { kind: 'resolved', project };
  const reports = petitions.reports.filter((one) => one.project === project);
  if (found.project.frozen === null && reports.length > 0 && isAdmin(config.policy, actor)) {
    return say(line, true, reply.closed(reports), [closing]);
  }
  return decideEdit(line, project, () => ({ kind: 'unfreeze', project }), known, [closing]);
}

/** Closes one report, whatever it is about. */
export function decideResolveReport({ line, report: number }: Of<'resolve-report'>, known: Known): Action {
  const { config, actor, petitions } = known;
  const report = petitions.reports.find((one) => one.number === number);
  if (report === undefined) return say(line, false, reply.noSuchReport(number));
  if (!isAdmin(config.policy, actor)) return say(line, false, reply.mayNotClose(actor, config.policy.admins));
  const { project } = report;
  const isFrozen = config.projects.some((one) => projectKey(one) === project && one.frozen !== null);
  const still = isFrozen && project !== null ? project : null;
  return say(line, true, reply.closed([report], still), [{ kind: 'closed', report: number }]);
}
