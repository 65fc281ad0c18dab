// What YAML's own errors mean to the person who wrote the file.
import type { YAMLError } from 'yaml';
import type { Problem } from '../words/problem.ts';

interface Words {
  readonly message: string;
  readonly hint: string;
}

const words: Partial<Record<YAMLError['code'], Words>> = {
  TAB_AS_INDENT: { message: 'a tab is used to indent', hint: 'YAML wants spaces: replace the tab by two spaces' },
  MULTIPLE_DOCS: { message: 'a second document begins here', hint: 'keep one document in a file: remove the `---`' },
  BAD_ALIAS: { message: 'the alias stands for nothing', hint: 'put text that begins with `*` in quotes' },
  BAD_SCALAR_START: {
    message: 'a value cannot begin with this character',
    hint: "put the value in quotes, as in `'@acme/core'`",
  },
  BAD_DIRECTIVE: { message: 'this directive is not understood', hint: 'remove the line that begins with `%`' },
  BLOCK_AS_IMPLICIT_KEY: {
    message: 'a mapping stands where one line is expected',
    hint: 'put a value that holds `: ` in quotes, or correct the indentation',
  },
  MULTILINE_IMPLICIT_KEY: {
    message: 'this line has no `:` after its key',
    hint: 'write `key: value`, and `- ` before list items',
  },
  TAG_RESOLVE_FAILED: { message: 'tags such as `!name` are not used here', hint: 'remove the tag, or quote the value' },
  RESOURCE_EXHAUSTION: { message: 'the file nests too deep', hint: 'no key of ours needs that; write it flat' },
};

/** What the parser says of mistakes that its codes do not tell apart. */
const sayings: readonly (readonly [RegExp, Words])[] = [
  [
    /^Unexpected block-seq-ind on same line/,
    { message: 'a list begins on the line of its key', hint: 'begin it on the next line, each item after `- `' },
  ],
  [
    /^Unexpected scalar at node end/,
    { message: 'text stands behind the closing quote', hint: "put all of the value in quotes; in '…', write '' for '" },
  ],
  [
    /^All (?:mapping|collection) items must start at the same column/,
    { message: 'this line is indented otherwise than those before it', hint: 'indent the keys of one mapping alike' },
  ],
];

/** A sentence and a hint for one of the parser's errors. */
export function explainYamlError(error: YAMLError): Words {
  // The parser's own words may quote the file.
  const own = (error.message.split('\n', 1)[0] ?? '').replace(/\.$/, '').replaceAll('`', "'").slice(0, 200);
  const known = words[error.code] ?? sayings.find(([pattern]) => pattern.test(own))?.[1];
  if (known === undefined)
    return { message: `this is not YAML: ${own}`, hint: 'check the indentation, quotes and colons' };
  return error.code === 'MISSING_CHAR' ? { message: `this is not YAML: ${own}`, hint: known.hint } : known;
}

/** What makes every other complaint about a file pointless: another encoding, or a merge that nobody finished. */
export function checkWhole(text: string, path: string): Problem | undefined {
  if (isUtf16(text)) {
    const hint = 'save the file with the encoding UTF-8 (on Windows: not "Unicode")';
    return { path, line: 1, column: 1, message: 'the file is UTF-16, not UTF-8', hint };
  }
  if (!/^(?:<{7}|={7}|>{7}|\|{7})/m.test(text)) return undefined;
  const lines = text.split('\n');
  const index = lines.findIndex((line) => conflictMarker.test(line));
  if (index === -1) return undefined;
  const hint = 'keep what is right of the two sides and remove the lines of `<<<<<<<`, `=======` and `>>>>>>>`';
  return { path, line: index + 1, column: 1, message: 'a merge conflict is not resolved here', hint };
}

/** As Git writes them: from the first column on, which no line of a text block has. */
const conflictMarker = /^(?:<{7} \S.*|>{7} \S.*|={7}|\|{7}(?: \S.*)?)\r?$/;

/** UTF-16 that was read as UTF-8: each letter of ASCII has a zero beside it. */
function isUtf16(text: string): boolean {
  const start = text.slice(0, 200).replace(/^\ufffd+/, '');
  const pairs = start.match(/\0[^\0]|[^\0]\0/g)?.length ?? 0;
  return pairs > 1 && pairs * 2 >= start.length - 2;
}

// Control characters but tab and line ends (a carriage return ends no line by itself); U+FFFD is what invalid UTF-8
// decodes to; then lone surrogates. The last group turns the direction of text round, so that a reviewer reads
// something else than the machine (https://trojansource.codes/).
const forbidden =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: finding control characters is the purpose
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\ufffd\u202a-\u202e\u2066-\u2069\u2028\u2029\p{Surrogate}]|\r(?!\n|$)/u;

/** The lines that hold characters which no honest text has, one problem a line. */
export function checkCharacters(text: string, path: string): Problem[] {
  if (!forbidden.test(text)) return [];
  return text.split('\n').flatMap((line, index) => {
    const match = forbidden.exec(line);
    return match === null ? [] : [{ path, line: index + 1, column: match.index + 1, ...describe(match[0]) }];
  });
}

function describe(character: string): Words {
  const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
  if (character === '\ufffd')
    return { message: 'the text is not UTF-8', hint: 'save the file with the encoding UTF-8' };
  if (character === '\r')
    return { message: 'a carriage return stands alone', hint: 'save the file with the line ends of Unix (LF)' };
  return { message: `the character U+${code} is not allowed`, hint: 'remove it; it cannot be seen in an editor' };
}
