// What the check "coppice / config" says on a commit that has problems. Pure.
import { countProblems, formatProblem, type Problem } from '@coppice/config';
import type { CheckAnnotation } from '../vocabulary/answer.ts';
import { codeBlock } from './escape.ts';

/** More are counted, not listed: nobody reads them, and each 50 cost a call. */
export const maximumAnnotations = 200;

interface ProblemsReport {
  readonly title: string;
  readonly summary: string;
  readonly annotations: readonly CheckAnnotation[];
}

/** `goodCommit` is the commit whose config stays in force, null when there is none yet. */
export function reportProblems(problems: readonly Problem[], goodCommit: string | null): ProblemsReport {
  const n = countProblems(problems);
  const stays =
    goodCommit === null
      ? 'No config is in force until a commit without problems is pushed.'
      : `Nothing was changed or queued; the config of ${goodCommit} stays in force.`;
  const listed = problems.slice(0, 40).map(formatProblem);
  const rest = countProblems(problems.slice(listed.length));
  const more = rest > 0 ? `\n\n${rest} more.` : '';
  return {
    title: n === 1 ? 'The config has a problem' : `The config has ${n} problems`,
    summary: `${stays}\n\n${codeBlock(listed)}${more}`,
    annotations: problems.slice(0, maximumAnnotations).map(({ path, line, column, message, hint }) => ({
      path,
      line,
      column,
      message: `${message}${hint === '' ? '' : `\n${hint}`}`.slice(0, 4000),
    })),
  };
}
