// What people have asked of people: rights in projects, and legal reports. Kept until somebody who may has decided.
// Pure.
import type { Role } from './command.ts';

export interface RightsRequest {
  /** In lower case. */
  readonly login: string;
  readonly role: Role;
  /** `owner/name`. */
  readonly project: string;
  /** Address of the comment. */
  readonly url: string;
}

export interface LegalReport {
  readonly number: number;
  /** Login of who reported. */
  readonly by: string;
  readonly text: string;
  /** `owner/name`, null when the report names none. */
  readonly project: string | null;
  readonly url: string;
}

export interface Petitions {
  /** Oldest first; one of each person and project. */
  readonly rights: readonly RightsRequest[];
  /** Open ones, oldest first. */
  readonly reports: readonly LegalReport[];
  /** The number of the last report. */
  readonly lastReport: number;
}

export type PetitionOperation =
  | { readonly kind: 'asked'; readonly request: RightsRequest }
  /** Granted, or no longer wanted. */
  | { readonly kind: 'settled'; readonly login: string; readonly project: string }
  | { readonly kind: 'reported'; readonly report: LegalReport }
  /** All reports about a project. */
  | { readonly kind: 'resolved'; readonly project: string }
  /** One report. */
  | { readonly kind: 'closed'; readonly report: number };

/** Anybody may ask: the oldest are forgotten beyond this. */
const maximumRights = 1000;
/** What one person may have open; a flood of reports would hide the others. */
export const maximumReportsOfOne = 20;

export const noPetitions: Petitions = { rights: [], reports: [], lastReport: 0 };

/** The same again changes nothing: commands are worked off again after a crash. */
export function applyToPetitions(petitions: Petitions, operation: PetitionOperation): Petitions {
  const { rights, reports, lastReport } = petitions;
  switch (operation.kind) {
    case 'asked': {
      const { request } = operation;
      return { ...petitions, rights: [...without(rights, request), request].slice(-maximumRights) };
    }
    case 'settled':
      return { ...petitions, rights: without(rights, operation) };
    case 'reported': {
      const { report } = operation;
      if (report.number <= lastReport) return petitions;
      return { ...petitions, reports: [...reports, report], lastReport: report.number };
    }
    case 'resolved':
      return { ...petitions, reports: reports.filter(({ project }) => project !== operation.project) };
    case 'closed':
      return { ...petitions, reports: reports.filter(({ number }) => number !== operation.report) };
  }
}

function without(
  rights: readonly RightsRequest[],
  { login, project }: Pick<RightsRequest, 'login' | 'project'>,
): readonly RightsRequest[] {
  return rights.filter((one) => one.login !== login || one.project !== project);
}
