// A file for programs: JSON, or text of another form.

/** One file, by its path inside `published/`. Its content is made when it is written: texts and bytes as they are. */
export interface SiteFile {
  readonly path: string;
  readonly content: () => unknown;
}

/** What is written of it. */
export function bytesOf(file: SiteFile): string | Uint8Array {
  const content = file.content();
  return typeof content === 'string' || content instanceof Uint8Array ? content : `${JSON.stringify(content)}\n`;
}

/** Of which builds a feed is. */
export type FeedOf =
  | { readonly kind: 'all' }
  | { readonly kind: 'failures' }
  | { readonly kind: 'owner'; readonly owner: string }
  | { readonly kind: 'project'; readonly owner: string; readonly project: string };
