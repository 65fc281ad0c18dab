// Which phase a build is in, by what mock's logs say. Pure; every line is hostile text.
import type { PhaseName } from '@coppice/config';

/** The logs that are shown while they grow, in mock's names. */
export const streamedLogs = ['build.log', 'root.log', 'state.log'] as const;
export type StreamedLog = (typeof streamedLogs)[number];

/** What this line says of the installing of what a build needs; undefined for all others. */
export function setupStep(log: StreamedLog, line: string): 'begins' | 'ends' | undefined {
  if (log !== 'state.log') return undefined;
  if (/\bStart:\s+build setup\b/.test(line)) return 'begins';
  return /\bStart:\s+rpmbuild\b|\bFinish:\s+build setup\b/.test(line) ? 'ends' : undefined;
}

/** The phase that begins with this line of this log, or undefined. */
export function phaseStartedBy(log: StreamedLog, line: string): PhaseName | undefined {
  if (log === 'state.log') return /\bStart:\s+rpmbuild\b/.test(line) ? 'build' : undefined;
  if (log === 'build.log') return /^Executing\(%check\):/.test(line) ? 'check' : undefined;
  return undefined;
}
