// A comment → the commands in it. Pure.
import { nearest } from '@coppice/config';
import { parseArgsStringToArgv } from 'string-argv';
import { type Command, verbs } from '../../vocabulary/command.ts';
import { commandLines } from './comment-lines.ts';
import { readCommand } from './read-command.ts';

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

const maximumLineLength = 2000;

/** The command that a line of plain text states; undefined when the line is not meant for the bot. */
export function parseCommandLine(text: string): Command | undefined {
  const addressed = /^(?:@coppice\s+\/?|\/)([a-z][a-z-]{0,30})(?=\s|$)(.*)$/is.exec(text.trim());
  if (addressed === null) return undefined;
  const [, word = '', rest = ''] = addressed;
  const line = text.trim().slice(0, 200);
  const verb = verbs.find((one) => one === word.toLowerCase());
  if (verb === undefined) return unknownVerb(line, word.toLowerCase(), rest, text.trim().startsWith('@'));
  if (text.length > maximumLineLength) {
    const why = `The line is longer than ${maximumLineLength} characters.`;
    return { kind: 'mistake', line, why, suggestion: undefined };
  }
  const straight = straightQuotes(rest).trim();
  return { line, ...readCommand(verb, parseArgsStringToArgv(straight), straight) };
}

function unknownVerb(line: string, verb: string, rest: string, byName: boolean): Command | undefined {
  const near = nearest(verb, verbs, 'strictly');
  const mistake = { kind: 'mistake', line, why: 'There is no such command.' } as const;
  if (near !== undefined) return { ...mistake, suggestion: `/${near}${rest}`.slice(0, 200) };
  return byName ? { ...mistake, suggestion: '/help' } : undefined;
}

/** Telephones write curly quotes. */
function straightQuotes(text: string): string {
  return text.replace(/[“”„]/g, '"').replace(/[‘’‚]/g, "'");
}
