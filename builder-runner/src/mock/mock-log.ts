// What mock's logs say: which phase a build is in, and which lines tell why it failed. Pure; every line is hostile text.
import type { PhaseName } from '@coppice/config';

/** The logs that are shown while they grow, in mock's names. */
export const streamedLogs = ['build.log', 'root.log', 'state.log'] as const;
export type StreamedLog = (typeof streamedLogs)[number];

/** The phase that begins with this line of this log, or undefined. */
export function phaseStartedBy(log: StreamedLog, line: string): PhaseName | undefined {
  if (log === 'state.log') return /\bStart:\s+rpmbuild\b/.test(line) ? 'build' : undefined;
  if (log === 'build.log') return /^Executing\(%check\):/.test(line) ? 'check' : undefined;
  return undefined;
}

/** The last stage that rpmbuild began: `prep`, `build`, `install`, `check`, `clean`…; undefined when it began none. */
export function lastStage(buildLog: string): string | undefined {
  let stage: string | undefined;
  for (const match of buildLog.matchAll(/^Executing\(%([a-z_]+)\):/gm)) stage = match[1];
  return stage;
}

const tellingLine =
  /\berror\b|\berror:|\bfatal\b|\bfailed\b|undefined reference|no such file|no space left|disk quota exceeded|nothing provides|no match(ing)?\b|cannot |assert|\bFAIL\b|bad exit status|problem:/i;
const noiseLine = /^(\+ |RPM build errors:$|Child return code|EXCEPTION:|Traceback|\s+File ")/;
const excerptLines = 12;
const excerptColumns = 400;

/** Up to 12 lines that say why: the telling ones near the end, or just the end. Control characters are taken out. */
export function excerptOf(log: string): readonly string[] {
  const lines = log
    .split(/\r?\n/)
    .map(clean)
    .filter((line) => line.trim() !== '');
  const telling = lines.filter((line) => tellingLine.test(line) && !noiseLine.test(line));
  const chosen = telling.length > 0 ? telling : lines;
  return [...new Set(chosen)].slice(-excerptLines);
}

/** The number, from 1, of the first line of an excerpt that is in a log; undefined when none is. */
export function findExcerpt(excerpt: readonly string[], log: string): number | undefined {
  const lines = log.split('\n').map(clean);
  const at = excerpt.map((line) => lines.indexOf(line)).find((found) => found !== -1);
  return at === undefined ? undefined : at + 1;
}

function clean(line: string): string {
  const plain = line.replace(/\p{Cc}\[[0-9;]*[A-Za-z]/gu, '').replaceAll('\t', '  ');
  return plain.replace(/\p{Cc}/gu, '').slice(0, excerptColumns);
}
