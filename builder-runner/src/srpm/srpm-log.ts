// What `srpm.log` holds, and which of its lines says why no source package was made. Pure; every line is hostile text.
import type { Outcome } from '../base/outcome.ts';

/** What is known of the making of a source package; each text may be empty. */
export interface SrpmLogParts {
  /** What people should know of the source, a line each. */
  readonly notes: string;
  /** What the tools printed. */
  readonly log: string;
  /** `where` of a failure counts the lines of `log`; null: none of them says why. */
  readonly made: Outcome<string>;
}

/** The text of the log, which ends with the failure's own words, and the outcome with its place in this text. */
export function composeSrpmLog({ notes, log, made }: SrpmLogParts): SrpmLog {
  const above = endLine(notes);
  if (made.ok) return { text: `${above}${log}`, made };
  const { failure } = made;
  const before = `${above}${endLine(log)}`;
  const line = failure.where === null ? countLines(before) + 1 : countLines(above) + failure.where.line;
  const placed = { ...failure, where: { log: 'srpm.log' as const, line } };
  return { text: `${before}${failure.message}\n`, made: { ok: false, failure: placed } };
}

export interface SrpmLog {
  readonly text: string;
  readonly made: Outcome<string>;
}

function endLine(text: string): string {
  return text === '' || text.endsWith('\n') ? text : `${text}\n`;
}

function countLines(text: string): number {
  return text.split('\n').length - 1;
}
