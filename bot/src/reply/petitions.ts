// Answers to /request, /approve and /legal: who has asked for what, and who decides. Pure.
import { loginShape } from '../vocabulary/accounts.ts';
import type { LegalReport, RightsRequest } from '../vocabulary/petitions.ts';
import { code, list, plain } from './escape.ts';

export function asked({ login, role, project }: RightsRequest, who: readonly string[]): string {
  const approve = code(`/approve @${login} ${project}`);
  return `${code(login)} would like to be a ${role} of ${code(project)}. These may approve it, by writing ${approve}: ${list(who)}. ${code(`/request drop ${project}`)} takes it back.`;
}

export function nothingAsked(login: string, project: string | undefined): string {
  const where = project === undefined ? '' : ` in ${code(project)}`;
  return `${code(login)} has not asked for rights${where}. They ask with ${code(`/request builder ${project ?? 'owner/name'}`)}, or a maintainer adds them to the project's file.`;
}

export function reported({ number, text, project }: LegalReport, admins: readonly string[]): string {
  const about = project === null ? '' : ` about ${code(project)}`;
  const key = project ?? 'owner/name';
  return `This is report ${number}${about}: ${plain(text, 1000)}

These decide, and are told of it by this: ${mentions(admins)}. ${code(`/freeze ${key} reason`)} takes the project down, ${code(`/resolve ${number}`)} closes the report, ${code('/legal')} lists what is open.`;
}

/** A login, or `@organization/team`. */
const mentionable = new RegExp(`^(?:${loginShape}|@${loginShape}/[a-z0-9][\\w.-]*)$`, 'i');
const maximumMentioned = 20;
const maximumListed = 50;

/** Named so that GitHub notifies them. What is no name that GitHub knows is named without that. */
function mentions(admins: readonly string[]): string {
  const named = admins.slice(0, maximumMentioned);
  return named.map((name) => (mentionable.test(name) ? `@${name.replace(/^@/, '')}` : code(name))).join(', ');
}

export function openReports(reports: readonly LegalReport[]): string {
  const how = `${code('/legal owner/name what is wrong')} reports something; ${code('/resolve 3')} closes report 3 (admins).`;
  if (reports.length === 0) return `No report is open. ${how}`;
  const lines = reports.slice(0, maximumListed).map(({ number, by, text, project, url }) => {
    const about = project === null ? '' : ` about ${code(project)}`;
    return `- [Report ${number}](${encodeURI(url)}) by ${code(by)}${about}: ${plain(text, 200)}`;
  });
  const more = reports.length - lines.length;
  const rest = more > 0 ? [`- and ${more} more`] : [];
  const count = reports.length === 1 ? 'One report is' : `${reports.length} reports are`;
  return `${count} open, the oldest first:\n\n${[...lines, ...rest].join('\n')}\n\n${how}`;
}

export function noSuchReport(number: number): string {
  return `There is no open report ${number}. ${code('/legal')} lists those that are open.`;
}

export function mayNotClose(actor: string, admins: readonly string[]): string {
  return `Sorry, ${code(actor)} may not close reports. These may: ${list(admins)}.`;
}

export function tooManyReports(admins: readonly string[]): string {
  return `You have many open reports. These decide about them first: ${list(admins)}.`;
}

/** `frozen`: the project that they were about, when it stays taken down. */
export function closed(reports: readonly LegalReport[], frozen: string | null = null): string {
  const numbers = reports.map(({ number }) => number).join(', ');
  const project =
    frozen === null
      ? 'No project is frozen for it.'
      : `${code(frozen)} stays frozen; ${code(`/resolve ${frozen}`)} lets it go on.`;
  return `Closed: ${reports.length === 1 ? 'report' : 'reports'} ${numbers}. ${project}`;
}
