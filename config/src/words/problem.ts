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
  return a.path.localeCompare(b.path, 'en') || a.line - b.line || a.column - b.column;
}
