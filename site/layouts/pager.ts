// Links to the pages before and behind of a long list.
import { type Html, html } from '../src/markup/html.ts';

export function pager({
  number,
  before,
  behind,
}: {
  number: number;
  before: string | null;
  behind: string | null;
}): Html {
  if (before === null && behind === null) return html``;
  return html`<nav class="pager" aria-label="Pages">${before !== null && html`<a href="${before}" rel="prev">Before</a>`}<span>Page ${number}</span>${behind !== null && html`<a href="${behind}" rel="next">Next</a>`}</nav>`;
}
