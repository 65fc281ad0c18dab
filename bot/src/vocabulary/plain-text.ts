// Text from outside on its way to a terminal or a log: names, messages and answers that could colour it, set its title,
// write over what stands there, or forge a line. Pure.

/** Escape sequences begin with one of the first; the second turn the order of what is read. */
const unprintable = /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu;

/** Several lines may be meant: line ends and tabs stay, and each other sign that controls something becomes `�`. */
export function plainText(text: string): string {
  return text.replaceAll('\r\n', '\n').replace(unprintable, (sign) => (/[\n\t]/.test(sign) ? sign : '\ufffd'));
}

/** As above for what is one line, such as a name or a sentence: line ends and tabs become a space. */
export function oneLine(text: string): string {
  return plainText(text).replace(/[\n\t]+/g, ' ');
}

/** JSON that can be printed: the same value, with such signs written as JSON escapes them. */
export function printableJson(value: unknown): string {
  return JSON.stringify(value, null, 2).replace(unprintable, (sign) =>
    sign === '\n' ? sign : `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
