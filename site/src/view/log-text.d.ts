/** Text that is drawn alike; `classes` may be empty. */
export interface Run {
  readonly text: string;
  readonly classes: string;
}

/** How text is drawn; what one line leaves is handed to the next. */
export type Style = Readonly<Record<string, number | boolean | undefined>>;

export const plainStyle: Style;

/** `text` is all that the runs hold: without control characters, and cut when the line is very long. */
export function drawLine(
  raw: string,
  style?: Style,
): { readonly text: string; readonly runs: readonly Run[]; readonly style: Style };
