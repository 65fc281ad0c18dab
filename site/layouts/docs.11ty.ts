// The layout of the documentation: a list of all documents by folder on one side, the text on the other.
import { type Html, html, trustedHtml } from '../src/markup/html.ts';
import { page } from './page.ts';

interface Document {
  readonly url: string;
  readonly data: { readonly title?: string; readonly order?: number };
}

interface Given {
  readonly title?: string;
  readonly content: string;
  readonly page: { readonly url: string };
  readonly collections: { readonly all: readonly Document[] };
}

export function render(given: Given): string {
  const title = given.title ?? 'Documentation';
  const frame = { title, description: title, current: 'docs' } as const;
  // The content is what the Markdown renderer made, with HTML in documents disabled.
  return page(
    frame,
    html`<div class="columns docs"><nav class="contents" aria-label="Documentation">${contents(given)}</nav><details class="contents-menu"><summary>All of the documentation</summary><nav class="contents" aria-label="Documentation, folded">${contents(given)}</nav></details><article class="prose-doc">${trustedHtml(scrollable(given.content))}</article></div>`,
  );
}

/** What may be wider than the page can be scrolled with the keyboard. */
function scrollable(content: string): string {
  return content.replaceAll(/<(pre|table)>/g, '<$1 tabindex="0">');
}

/** The folders in the order in which people need them. Source: https://diataxis.fr */
const reading: readonly string[] = ['', 'tutorial', 'how-to', 'reference', 'explanation'];

function contents({ collections, page: { url: here } }: Given): Html {
  const folders = new Map<string, Document[]>();
  for (const document of collections.all) {
    const steps = document.url.split('/').filter((step) => step !== '');
    // Decisions are many: they have a list of their own.
    const folder = steps.length > 2 ? (steps.at(-2) ?? '') : '';
    folders.set(folder, [...(folders.get(folder) ?? []), document]);
  }
  const order = (document: Document) => document.data.order ?? (document.url === '/docs/' ? -1 : 1000);
  const byOrder = (a: Document, b: Document) => order(a) - order(b) || a.url.localeCompare(b.url, 'en');
  const place = (name: string) => (reading.includes(name) ? reading.indexOf(name) : reading.length);
  const names = [...folders.keys()].sort((a, b) => place(a) - place(b) || a.localeCompare(b, 'en'));
  return html`${names.map(
    (name) =>
      html`${name !== '' && html`<h2>${name.replaceAll('-', ' ')}</h2>`}<ul>${(folders.get(name) ?? [])
        .sort(byOrder)
        .map(
          ({ url, data }) =>
            html`<li><a href="${url}"${url === here && html` aria-current="page"`}>${data.title ?? url}</a></li>`,
        )}</ul>`,
  )}`;
}
