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
  BAD_SCALAR_START: { message: 'a value cannot begin with this character', hint: 'put the value in quotes' },
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

/** A sentence and a hint for one of the parser's errors. */
export function explainYamlError(error: YAMLError): Words {
  // The parser's own words may quote the file.
  const own = (error.message.split('\n', 1)[0] ?? '').replace(/\.$/, '').replaceAll('`', "'").slice(0, 200);
  const known = words[error.code];
  if (known === undefined)
    return { message: `this is not YAML: ${own}`, hint: 'check the indentation, quotes and colons' };
  return error.code === 'MISSING_CHAR' ? { message: `this is not YAML: ${own}`, hint: known.hint } : known;
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
  return { message: `the character U+${code} is not allowed`, hint: 'remove it; it cannot be seen in an editor' };
}
