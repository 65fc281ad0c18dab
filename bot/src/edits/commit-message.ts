// The messages of the bot's own commits: they name who asked and where, and are read again when the push comes back.
// Pure.

import { loginShape } from '../vocabulary/accounts.ts';

const askedBy = new RegExp(`^Asked-by: (${loginShape})$`);

interface Asked {
  readonly login: string;
  /** Address of the comment. */
  readonly url: string;
  /** Unique to the command. */
  readonly batch: string;
}

/** A subject and the trailers (git-interpret-trailers) that say on whose behalf the bot made the commit. */
export function writeMessage(subject: string, asked: Asked): string {
  const trailers = [`Asked-by: ${asked.login}`, `Asked-in: ${asked.url}`, `Asked-as: ${asked.batch}`];
  return `${[subject, '', ...trailers].map((line) => line.replace(/\s+/g, ' ')).join('\n')}\n`;
}

/** The line that marks the commit of one command. */
export function markOf(batch: string): string {
  return `Asked-as: ${batch}`;
}

/**
 * Who asked the bot for a commit; undefined when the message does not say. Believe it only of commits that the bot
 * pushed.
 */
export function askerOf(message: string): string | undefined {
  const trailers = message.trim().split('\n\n').at(-1)?.split('\n') ?? [];
  const [, login] = trailers.map((line) => askedBy.exec(line)).find((one) => one !== null) ?? [];
  return login;
}
