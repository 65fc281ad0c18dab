// A comment's Markdown → the lines in it that people said themselves: no quotes, no code, no HTML. Pure, and light to
// load.
import { fromMarkdown } from 'mdast-util-from-markdown';
import { toString as textOf } from 'mdast-util-to-string';
import { commandStart, halfWidth, visible } from './mend-line.ts';

const lineStart = new RegExp(`^[ \\t]*(?:[/@]|${commandStart})`, 'i');

type RootContent = ReturnType<typeof fromMarkdown>['children'][number];
type PhrasingContent = Extract<RootContent, { type: 'paragraph' }>['children'][number];

/**
 * The lines of plain paragraphs, those in lists included, that begin as a command does in the source too: an escaped or
 * encoded slash (`\\/build`, `&#47;build`) is meant to be read, not obeyed. Never throws; hostile nesting may take a
 * minute: see read-comment.ts.
 */
export function commandLines(markdown: string): readonly string[] {
  // The parser drops a byte order mark at the very start; one before a command is kept, so that it can be named.
  const source = markdown.replace(/^\ufeff(?=[/@／＠])/, '\n\ufeff');
  return [...linesOf(fromMarkdown(source).children, source)];
}

function* linesOf(blocks: readonly RootContent[], source: string): Generator<string> {
  const waiting: RootContent[] = [...blocks].reverse();
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
      if (fresh) plainStart = written !== undefined && lineStart.test(halfWidth(visible(written[at] ?? '')));
      fresh = false;
      line += part;
    }
  }
  if (plainStart) yield line;
}

/** The source of a text node line by line. */
function writtenLines(phrase: Extract<PhrasingContent, { type: 'text' }>, source: string): string[] {
  const { start, end } = phrase.position ?? {};
  if (start?.offset === undefined || end?.offset === undefined) return [];
  return source.slice(start.offset, end.offset).split(/\r\n|\r|\n/);
}
