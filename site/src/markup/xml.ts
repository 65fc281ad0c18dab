// XML that programs read: feeds, sitemaps, badges.
import { escapeHtml } from './html.ts';

/** Text as it may stand in XML once it is escaped: characters that no document may have become U+FFFD. */
export function xmlCharacters(text: string): string {
  return (
    text
      .toWellFormed()
      // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
      .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\ufffe\uffff]/g, '\ufffd')
      // Characters that turn the direction of text can make one name look like another.
      .replace(/[\u202a-\u202e\u2066-\u2069]/g, '\ufffd')
  );
}

/** Text between tags or in quoted attributes. */
export function escapeXml(text: string): string {
  return escapeHtml(xmlCharacters(text));
}
