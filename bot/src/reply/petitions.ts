// Answers to /request, /approve and /legal: who has asked for what, and who decides. Pure.
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

These decide: ${list(admins)}. ${code(`/freeze ${key} reason`)} takes the project down, ${code(`/resolve ${key}`)} closes the report.`;
}

export function tooManyReports(admins: readonly string[]): string {
  return `You have many open reports. These decide about them first: ${list(admins)}.`;
}

export function closed(reports: readonly LegalReport[]): string {
  const numbers = reports.map(({ number }) => number).join(', ');
  return `Closed: ${reports.length === 1 ? 'report' : 'reports'} ${numbers}. The project was not frozen.`;
}
