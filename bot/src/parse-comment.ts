// A comment's Markdown → the commands in it. Read from the syntax tree, so that quotes, code and HTML never fire. Pure.
import type { PhrasingContent, Root, RootContent } from 'mdast';
import { fromMarkdown } from 'mdast-util-from-markdown';
import { toString as textOf } from 'mdast-util-to-string';
import { type Command, parseCommandLine } from './command.ts';

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

/** The first `maximumCommands` commands, in their order. Never throws; hostile nesting may take seconds: see read-comment.ts. */
export function parseComment(markdown: string): ParsedComment {
  const source = markdown.slice(0, maximumCommentLength);
  if (holdsNoCommand(source)) return { commands: [], dropped: 0 };
  const commands: Command[] = [];
  let dropped = 0;
  for (const line of linesOf(fromMarkdown(source), source)) {
    const command = parseCommandLine(line);
    if (command === undefined) continue;
    if (commands.length < maximumCommands) commands.push(command);
    else dropped += 1;
  }
  return { commands, dropped };
}

/** The lines of plain paragraphs, those in lists included, whose first character stands in the source as it is read. */
function* linesOf(root: Root, source: string): Generator<string> {
  const waiting: RootContent[] = [...root.children].reverse();
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if (node.type === 'list' || node.type === 'listItem') waiting.push(...[...node.children].reverse());
    else if (node.type === 'paragraph' || isUnderlined(node, source)) yield* linesOfPhrases(node.children, source);
  }
}

/** `/build` above a line of dashes is a heading to Markdown and a command with a signature to its writer. */
function isUnderlined(node: RootContent, source: string): node is Extract<RootContent, { type: 'heading' }> {
  return node.type === 'heading' && source[node.position?.start.offset ?? 0] !== '#';
}

function* linesOfPhrases(phrases: readonly PhrasingContent[], source: string): Generator<string> {
  let line = '';
  let plainStart = false;
  let fresh = true;
  for (const phrase of phrases) {
    if (phrase.type === 'html') {
      // What follows a comment or a tag on the same line does not begin that line.
      if (fresh) plainStart = false;
      fresh = false;
      continue;
    }
    const value = phrase.type === 'break' ? '\n' : textOf(phrase);
    const written = phrase.type === 'text' ? writtenLines(phrase, source) : undefined;
    for (const [at, part] of value.split('\n').entries()) {
      if (at > 0) {
        if (plainStart) yield line;
        line = '';
        fresh = true;
      }
      if (part === '') continue;
      if (fresh) plainStart = written !== undefined && /^[ \t]*[/@]/.test(written[at] ?? '');
      fresh = false;
      line += part;
    }
  }
  if (plainStart) yield line;
}

/** The source of a text node line by line: an escaped or encoded slash (`\/build`, `&#47;build`) is no command. */
function writtenLines(phrase: Extract<PhrasingContent, { type: 'text' }>, source: string): string[] {
  const { start, end } = phrase.position ?? {};
  if (start?.offset === undefined || end?.offset === undefined) return [];
  return source.slice(start.offset, end.offset).split(/\r\n|\r|\n/);
}
