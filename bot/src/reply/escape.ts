// Hostile text into Markdown: nothing that others wrote may format, mention, link or end a code block. Pure.

const maximumInlineLength = 300;
const maximumFenceLines = 40;
const maximumFenceLineLength = 200;

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must go
const controls = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: colours of terminals
const terminalColours = /\u001b\[[0-9;?]*[A-Za-z]/g;

/** One line of plain words: Markdown and HTML are escaped, `@name`, `#1` and addresses are not turned into links. */
export function plain(text: string, maximumLength = maximumInlineLength): string {
  return oneLine(text, maximumLength)
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/[\\`*_{}[\]()#+!|~$=-]/g, '\\$&')
    .replace(/@(?=\w)/g, '@\u200b')
    .replace(/:(?=\/\/)/g, ':\u200b')
    .replace(/www\./gi, 'www\u200b.');
}

/** One line as code. Nothing inside code mentions anybody. Not for table cells: a `|` ends those even in code. */
export function code(text: string, maximumLength = maximumInlineLength): string {
  const line = oneLine(text, maximumLength);
  if (line === '') return '` `';
  const fence = '`'.repeat(longestRun(line) + 1);
  const pad = line.startsWith('`') || line.endsWith('`') ? ' ' : '';
  return `${fence}${pad}${line}${pad}${fence}`;
}

/** One line of words in which Coppice's own sentences quote in backticks: what stands there is code, the rest plain. */
export function sentence(text: string, maximumLength = maximumInlineLength): string {
  return oneLine(text, maximumLength)
    .split('`')
    .map((part, at) => {
      if (at % 2 === 1) return code(part, maximumLength);
      const [before, after] = [part.startsWith(' ') ? ' ' : '', part.endsWith(' ') && part.trim() !== '' ? ' ' : ''];
      return `${before}${plain(part, maximumLength)}${after}`;
    })
    .join('');
}

const codeOrEscape = /(`+)(?!`)[\s\S]*?[^`]\1(?!`)|\\([\\`*_{}[\]()#+!|~$=-])|&(amp|lt|gt);|\u200b/g;
const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>' };

/** An answer of ours as a terminal shows it: what `plain` escapes is as it was, and code stays as it is. */
export function unescaped(markdown: string): string {
  let fence = '';
  return markdown
    .split('\n')
    .map((line) => {
      const [, mark = ''] = /^\s*(`{3,})/.exec(line) ?? [];
      if (fence !== '') {
        if (mark.length >= fence.length && line.trim() === mark) fence = '';
        return line;
      }
      if (mark !== '') {
        fence = mark;
        return line;
      }
      return line.replace(codeOrEscape, (all, ticks?: string, sign?: string, entity?: string) =>
        ticks === undefined ? (sign ?? entities[entity ?? ''] ?? '') : all,
      );
    })
    .join('\n');
}

const maximumListed = 20;

/** Names as code, so that nobody is notified by being named. */
export function list(names: readonly string[]): string {
  const shown = names.slice(0, maximumListed).map((name) => code(name));
  const more = names.length - shown.length;
  return more > 0 ? `${shown.join(', ')} and ${more} more` : shown.join(', ');
}

/** The last lines as a code block whose fence is longer than any run of backticks in it. */
export function codeBlock(lines: readonly string[]): string {
  const shown = lines
    .flatMap((line) => line.split(/\r\n|\r|\n/))
    .slice(-maximumFenceLines)
    .map((line) => cut(line.replace(terminalColours, '').replace(controls, ''), maximumFenceLineLength));
  const fence = '`'.repeat(Math.max(3, longestRun(shown.join('\n')) + 1));
  return [`${fence}text`, ...shown, fence].join('\n');
}

function oneLine(text: string, maximumLength: number): string {
  const words = text.replace(terminalColours, '').replace(/\s+/g, ' ').replace(controls, '').trim();
  return cut(words, maximumLength);
}

function cut(text: string, maximumLength: number): string {
  return text.length <= maximumLength ? text : `${text.slice(0, maximumLength - 1)}…`;
}

function longestRun(text: string): number {
  return Math.max(0, ...[...text.matchAll(/`+/g)].map((run) => run[0].length));
}
