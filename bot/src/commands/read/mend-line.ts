// What telephones, editors and word processors make of a line → what its writer typed. Pure.

/** Characters without a shape of their own, blanks and line ends left out. */
const invisible = /(?![\t\n\v\f\r])[\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}]/gu;
const around =
  /^[\s\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}]+|[\s\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}]+$/gu;

const invisibleNames: Readonly<Record<string, string>> = {
  '00AD': 'soft hyphen',
  '200B': 'zero-width space',
  '200C': 'zero-width non-joiner',
  '200D': 'zero-width joiner',
  '200E': 'left-to-right mark',
  '200F': 'right-to-left mark',
  '202E': 'right-to-left override',
  '2060': 'word joiner',
  FEFF: 'byte order mark',
};

/** The text without what nobody sees. */
export function visible(text: string): string {
  return text.replace(invisible, '');
}

/** The text without blanks and invisible characters before and behind it. Quadratic: for short texts. */
export function trimmed(text: string): string {
  return text.replace(around, '');
}

/** The text with its invisible characters by number, as `‹U+200B›`. */
export function shown(text: string): string {
  return text.replace(invisible, (character) => `‹U+${codePoint(character)}›`);
}

/** The invisible characters of a text with number and name, each once. */
export function namesOfInvisible(text: string): readonly string[] {
  const numbers = [...new Set(text.match(invisible) ?? [])].map(codePoint);
  return numbers.map((number) => `U+${number}${number in invisibleNames ? ` (${invisibleNames[number]})` : ''}`);
}

function codePoint(character: string): string {
  return (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
}

/** Letters and signs of the full width that East Asian keyboards write, as one typed elsewhere; nothing gets longer. */
export function halfWidth(text: string): string {
  return text.replace(/[\uff01-\uff5e]/g, (sign) => String.fromCharCode(sign.charCodeAt(0) - 0xfee0));
}

const greeting = String.raw`(?:hey|hi|hello|dear|ok|okay|please|pls|thanks|thank you|so|now|and|then)\b[ \t,.!:–—-]*`;
/** What may stand before the bot's name when it is spoken to: words without a meaning of their own. */
export const greetings = new RegExp(`^(?:${greeting}){1,4}(?=@coppice\\b)`, 'i');
/** How a line begins that may be a command. Letters and signs have half their width there. */
export const commandStart = String.raw`(?:\/[a-z]|(?:${greeting}){0,4}@coppice\b)`;

/** Curly quotes as they were typed. */
export function straightQuotes(text: string): string {
  return text.replace(/[“”„‟«»]/g, '"').replace(/[‘’‚‛]/g, "'");
}

/** Dashes as they were typed: `--` before an option, `-` inside a word. A dash by itself stays. */
export function straightDashes(text: string): string {
  return text
    .replace(/(^|\s)-?[‐‑‒–—―−]+-?(?=[a-z])/gi, '$1--')
    .replace(/(?<=[^\s‐‑‒–—―−])[‐‑‒–—―−](?=[^\s‐‑‒–—―−])/g, '-');
}

/** A word without the punctuation that ends a sentence or parts a list. */
export function withoutPunctuation(word: string): string {
  return word.replace(/[.,;:!?…。、，！？；：]+$/u, '');
}
