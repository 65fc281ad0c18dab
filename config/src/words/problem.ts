// What people got wrong, as a value. Only the two parsing borders (YAML, comments) make problems; they make all of them
// at once.

/**
 * One mistake in a file that a person wrote. `line` and `column` count from 1; `path` is relative to the config repo.
 */
export interface Problem {
  readonly path: string;
  readonly line: number;
  readonly column: number;
  /** What is wrong. */
  readonly message: string;
  /** What to do next. */
  readonly hint: string;
  /** Set where it stands for this many others that are not told one by one. */
  readonly more?: number;
}

/** What is told of one file: more help nobody, and a hostile file has one for each of its lines. */
export const maximumProblemsOfFile = 50;

/** The first `maximum` of `problems` in reading order; the rest as one problem that says how many they are. Pure. */
export function boundProblems(problems: readonly Problem[], maximum: number): readonly Problem[] {
  const each = problems.filter(({ more }) => more === undefined).sort(compareProblems);
  const shown = each.slice(0, maximum);
  const rest = countProblems(problems) - shown.length;
  const last = shown.at(-1) ?? problems[0];
  if (rest === 0 || last === undefined) return shown;
  const message = `${rest} more ${rest === 1 ? 'problem is' : 'problems are'} not listed`;
  const { path, line, column } = last;
  return [...shown, { path, line, column, message, hint: 'correct the ones above first', more: rest }];
}

/** How many there are, those included that are only counted. Pure. */
export function countProblems(problems: readonly Problem[]): number {
  return problems.reduce((sum, { more = 1 }) => sum + more, 0);
}

/** Either a value or every problem that was found on the way to it; never both. */
export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** `file:line:column: message (hint)`, the form that editors and terminals turn into a link. */
export function formatProblem(problem: Problem): string {
  const place = `${problem.path}:${problem.line}:${problem.column}`;
  return `${place}: ${problem.message}${problem.hint === '' ? '' : ` (${problem.hint})`}`;
}

/** Order of reading: by file, then line, then column. */
export function compareProblems(a: Problem, b: Problem): number {
  const byPath = a.path === b.path ? 0 : a.path.localeCompare(b.path, 'en');
  return byPath || a.line - b.line || a.column - b.column;
}
