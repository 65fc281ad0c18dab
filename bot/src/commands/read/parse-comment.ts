// A comment → the commands in it. Pure.
import { type Command, parseCommandLine } from '../../vocabulary/command.ts';
import { commandLines } from './comment-lines.ts';

/** GitHub's own bound of a comment; what is longer is cut. */
export const maximumCommentLength = 65_536;
export const maximumCommands = 10;

export interface ParsedComment {
  readonly commands: readonly Command[];
  /** How many further commands were left out. */
  readonly dropped: number;
}

/** True when no line of the comment can be a command; then it need not be parsed. */
export function holdsNoCommand(markdown: string): boolean {
  return !/^[ \t>*+\-\d.)]*(?:\/[a-z]|@coppice\b)/im.test(markdown);
}

/** The commands of a comment in their order. Never throws. */
export function parseComment(markdown: string): ParsedComment {
  return holdsNoCommand(markdown)
    ? { commands: [], dropped: 0 }
    : parseLines(commandLines(markdown.slice(0, maximumCommentLength)));
}

/** The first `maximumCommands` commands that stand in these lines. */
export function parseLines(lines: readonly string[]): ParsedComment {
  const commands = lines.map(parseCommandLine).filter((command) => command !== undefined);
  return { commands: commands.slice(0, maximumCommands), dropped: Math.max(0, commands.length - maximumCommands) };
}
