// The hidden mark in each answer: which comment it answers and whether it is final. Programs find the one answer by it.

const answerStates = ['working', 'good', 'bad'] as const;
/** `working` while builds move on; then `good`, or `bad` when it was refused, failed or was canceled. */
export type AnswerState = (typeof answerStates)[number];

interface AnswerMark {
  /** The number of the comment that asked. */
  readonly to: number;
  readonly state: AnswerState;
}

/** The mark as an HTML comment, one line. */
export function writeAnswerMark(mark: AnswerMark): string {
  return `<!-- coppice:answer to=${mark.to} state=${mark.state} -->`;
}

/** The mark of what is said about text that stands where no command is read; no program waits for it. */
export function writeMisplacedMark(about: string): string {
  return `<!-- coppice:misplaced ${about} -->`;
}

/** The mark of a comment's body, or undefined when it has none at its start. */
export function readAnswerMark(body: string): AnswerMark | undefined {
  const match = /^<!-- coppice:answer to=(\d{1,15}) state=([a-z]+) -->/.exec(body);
  const state = answerStates.find((known) => known === match?.[2]);
  return match === null || state === undefined ? undefined : { to: Number(match[1]), state };
}
