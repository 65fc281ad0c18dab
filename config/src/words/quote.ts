// Quotes hostile text inside a sentence.

/**
 * The text in backticks, on one line, at most 100 characters, without backticks of its own: it cannot end the
 * quotation.
 */
export function quote(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').replaceAll(/\p{C}/gu, '\ufffd').replaceAll('`', "'");
  return `\`${line.length > 100 ? `${line.slice(0, 99)}…` : line}\``;
}
