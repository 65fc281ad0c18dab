// The hidden first line of each answer of the bot: which comment it answers and whether it will change again.
// `coppice comment` follows it, and a bot that restarts finds its own answers by it.

export interface AnswerMark {
  /** The id of the comment that is answered. */
  readonly to: number;
  /** `working` while builds move on; then `good`, or `bad` when it was refused or something did not succeed. */
  readonly state: 'working' | 'good' | 'bad';
}

/** The mark as an HTML comment, which GitHub does not show. */
export function formatAnswerMark(mark: AnswerMark): string {
  return `<!-- coppice answer to=${mark.to} state=${mark.state} -->`;
}

const markPattern = /^<!-- coppice answer to=(\d{1,15}) state=(working|good|bad) -->/;

/** The mark that `body` begins with, or undefined. */
export function readAnswerMark(body: string): AnswerMark | undefined {
  const match = markPattern.exec(body);
  if (match === null) return undefined;
  return { to: Number(match[1]), state: match[2] as AnswerMark['state'] };
}
