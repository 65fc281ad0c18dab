// Escaping by default: everything that reaches a page goes through this template tag. Names, logs, messages are hostile
// text.

const markup = Symbol.for('coppice.html');

/** Finished markup: the only thing that `html` inserts as it is. */
export interface Html {
  readonly [markup]: string;
}

/** What may stand in a `${}` of `html`. Nothing is shown for undefined, null and false; lists are joined. */
export type HtmlValue = string | number | Html | undefined | null | false | readonly HtmlValue[];

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text as it may stand between tags and inside quoted attributes. Control characters become U+FFFD. */
export function escapeHtml(text: string): string {
  return (
    text
      // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
      .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/g, '\ufffd')
      // Characters that turn the direction of text can make one name look like another.
      .replace(/[\u202a-\u202e\u2066-\u2069]/g, '\ufffd')
      .replace(/[&<>"']/g, (character) => entities[character] ?? character)
  );
}

function show(value: HtmlValue): string {
  if (value === undefined || value === null || value === false) return '';
  if (typeof value === 'string') return escapeHtml(value);
  if (typeof value === 'number') return String(value);
  if (isHtml(value)) return value[markup];
  return value.map(show).join('');
}

function isHtml(value: Html | readonly HtmlValue[]): value is Html {
  return markup in value;
}

/**
 * Template tag: the literal parts are markup, every value is escaped unless it is Html itself. Attributes must be
 * quoted.
 */
export function html(literals: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  const text = literals.map((literal, index) => literal + (index < values.length ? show(values[index]) : '')).join('');
  return { [markup]: text };
}

/** Markup that another trusted renderer made (Markdown with HTML disabled). Never call it with text from outside. */
export function trustedHtml(text: string): Html {
  return { [markup]: text };
}

/** The markup as a string, for the file. */
export function renderHtml(value: Html): string {
  return value[markup];
}

/**
 * `text` when it is an http or https address that may be linked, otherwise undefined (`javascript:`, `data:`, no
 * address).
 */
export function webAddress(text: string): string | undefined {
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) return undefined;
  const address = new URL(text);
  return address.username === '' && address.password === '' ? address.href : undefined;
}

/** The address, from the root of the site, of a path inside `published/`; each component is encoded. */
export function siteHref(path: string): string {
  // A colon needs no escape behind the first slash.
  return `/${path.split('/').map(encodeURIComponent).join('/').replaceAll('%3A', ':')}`;
}
