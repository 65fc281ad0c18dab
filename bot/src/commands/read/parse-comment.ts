// A comment → the commands in it. Pure.
import { nearest } from '@coppice/config';
import { parseArgsStringToArgv } from 'string-argv';
import { type Command, type Verb, verbs } from '../../vocabulary/command.ts';
import { commandLines } from './comment-lines.ts';
import {
  commandStart,
  greetings,
  halfWidth,
  namesOfInvisible,
  shown,
  straightDashes,
  straightQuotes,
  trimmed,
  visible,
} from './mend-line.ts';
import { commandsOfOthers, isMeantForAnotherBot } from './other-bots.ts';
import { readCommand } from './read-command.ts';
import { settle } from './suggest.ts';

/** GitHub's own bound of a comment; what is longer is cut. */
export const maximumCommentLength = 65_536;
export const maximumCommands = 10;

export interface ParsedComment {
  readonly commands: readonly Command[];
  /** How many further commands were left out. */
  readonly dropped: number;
}

const mayHoldCommand = new RegExp(String.raw`^[ \t>*+\-\d.)]*${commandStart}`, 'im');

/** True when no line of the comment can be a command; then it need not be parsed. */
export function holdsNoCommand(markdown: string): boolean {
  return !mayHoldCommand.test(halfWidth(visible(markdown)));
}

/** The commands of a comment in their order. Never throws. */
export function parseComment(markdown: string): ParsedComment {
  return holdsNoCommand(markdown)
    ? { commands: [], dropped: 0 }
    : parseLines(commandLines(markdown.slice(0, maximumCommentLength)));
}

/** The first `maximumCommands` commands that stand in these lines. */
export function parseLines(lines: readonly string[]): ParsedComment {
  const commands = lines.map(readLine).filter((command) => command !== undefined);
  return {
    commands: commands.slice(0, maximumCommands).map(settled),
    dropped: Math.max(0, commands.length - maximumCommands),
  };
}

/** The command that a line of plain text states; undefined when the line is not meant for the bot. */
export function parseCommandLine(text: string): Command | undefined {
  const command = readLine(text);
  return command === undefined ? undefined : settled(command);
}

function settled(command: Command): Command {
  return command.kind === 'mistake' ? settle(command, readLine) : command;
}

const maximumLineLength = 2000;
const maximumShownLength = 200;

const byName = /^@coppice(?:\[bot\])?(?:[.,;:!?…]*(?=\s|$)|[,:])\s*(?:[-–—]\s)?\s*\/?(.*)$/is;
/** What may follow a verb: a blank, a sign that no path or address has there, or the end. */
const boundary = /^(?:$|[\s,;:!?…"'“”„‘’([{#@–—]|--|\.+(?:\s|$))/;

function readLine(text: string): Command | undefined {
  const bounded = trimmed(text.slice(0, maximumLineLength));
  const written = visible(bounded);
  const whole = halfWidth(written);
  const seen = whole.replace(greetings, '');
  const addressed = byName.exec(seen);
  const said = addressed?.[1] ?? (seen.startsWith('/') ? seen.slice(1) : undefined);
  if (said === undefined) return undefined;
  const line = shown(text.slice(0, maximumLineLength)).trim().slice(0, maximumShownLength);
  const [, word = '', rest = ''] = /^([a-z]+(?:-[a-z]+)*)(.*)$/is.exec(said) ?? [];
  const name = word.toLowerCase();
  const verb = verbs.find((one) => one === name);
  if (verb === undefined || !boundary.test(rest)) {
    const unknown = readUnknown(line, name, rest, said, addressed !== null);
    // Thanks are no request.
    return seen !== whole && unknown?.kind === 'mistake' && unknown.suggestion === '/help' ? undefined : unknown;
  }
  if (addressed === null && isMeantForAnotherBot(verb, rest)) return undefined;
  if (text.length > maximumLineLength) {
    const why = `The line is longer than ${maximumLineLength} characters.`;
    return { kind: 'mistake', line, why, suggestion: undefined };
  }
  const isSentence = sentences.includes(verb);
  return { line, ...readWords(verb, isSentence ? written.slice(written.length - rest.length) : rest, bounded) };
}

const sentences: readonly Verb[] = ['legal', 'freeze', 'help'];

/** `bounded`: the line with its invisible characters. */
function readWords(verb: Verb, rest: string, bounded: string): ReturnType<typeof readCommand> {
  const isSentence = sentences.includes(verb);
  const unseen = namesOfInvisible(bounded);
  const behindVerb = straightQuotes(rest.replace(/^[.,;:!?…]+/, ''));
  if (isSentence) return readCommand(verb, [], behindVerb.trim());
  const straight = straightDashes(behindVerb).trim();
  if (unseen.length > 0) {
    const why = `The line holds what nobody sees: ${unseen.join(', ')}.`;
    return { kind: 'mistake', why, suggestion: `/${verb} ${straight}`.trim() };
  }
  // `# …` is a note, as in a shell; `#42` is a build.
  const note = /(?:^|\s)#(?!\d).*$/s.exec(straight);
  if (note?.index === 0 && /^#[^\s#]/.test(straight)) {
    const why = 'What begins with `#` is a note, and nothing stands before it.';
    return { kind: 'mistake', why, suggestion: `/${verb} ${straight.slice(1)}` };
  }
  const asked = note === null ? straight : straight.slice(0, note.index);
  const read = readCommand(verb, parseArgsStringToArgv(asked), asked);
  if (note === null || read.kind !== 'mistake' || read.suggestion === undefined) return read;
  return read.suggestion.includes('\n') ? read : { ...read, suggestion: `${read.suggestion} ${note[0].trim()}` };
}

const courtesies = /^(?:(?:please|pls|kindly|hey|hi|hello|can|could|would|will|you|now|and|also)\b[\s,]*){1,6}/i;

function readUnknown(line: string, verb: string, rest: string, said: string, isByName: boolean): Command | undefined {
  const mistake = { kind: 'mistake', line, why: 'There is no such command.' } as const;
  const isWord = verb !== '' && /^[.,;:!?…]*(?:\s|$)/.test(rest);
  const near = isWord ? nearestVerb(verb) : undefined;
  if (near !== undefined) return { ...mistake, suggestion: `/${near}${rest.replace(/^[.,;:!?…]+/, '')}` };
  if (!isByName) return undefined;
  const polite = said.replace(courtesies, '');
  const [, first = '', more = ''] = /^([a-z]+)(.*)$/is.exec(polite) ?? [];
  const meant = verbs.find((one) => one === first.toLowerCase());
  const isMeant = meant !== undefined && polite !== said && boundary.test(more);
  return { ...mistake, suggestion: isMeant ? `/${meant}${more}` : '/help' };
}

/** The verb that was meant: none that says the opposite, and none while another bot's command comes as near. */
function nearestVerb(verb: string): string | undefined {
  if (verb === 'unfreeze') return 'resolve';
  const near = nearest(verb, verbs, 'strictly');
  if (near === undefined || (/^(?:un|de|dis|no)/.test(verb) && verb.endsWith(near))) return undefined;
  return nearest(verb, [near, ...commandsOfOthers], 'strictly') === near ? near : undefined;
}
