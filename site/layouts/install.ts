// How to install, as project and package pages show it: commands that work, or that there is nothing yet.
import { type Html, html } from '../src/markup/html.ts';
import { sayList } from '../src/view/format.ts';
import type { Install, InstallSnippet } from '../src/view/install-view.ts';
import { command } from './parts.ts';

/** The first release's commands, the others' folded away; nothing where there is nothing to say. */
export function installSection({ snippets, notYet }: Install): Html {
  const [first, ...others] = snippets;
  const waiting =
    notYet.length > 0 &&
    html`<p class="quiet">Nothing has been built for ${sayList(notYet)} yet, so there is nothing to install.</p>`;
  if (first === undefined)
    return waiting ? html`<section class="install"><h2>Install</h2>${waiting}</section>` : html``;
  return html`<section class="install"><h2>Install <span class="tag">${first.label}</span></h2>
${command(first.copr)}${command(first.install)}${besides(first)}${waiting}
<details><summary>Without the copr plugin${others.length > 0 && `, and for ${others.length} more`}</summary>
${command(first.plain)}
${others.map((other) => html`<h3>${other.label}</h3>${command(other.copr)}${command(other.plain)}${command(other.install)}${besides(other)}`)}</details></section>`;
}

function besides({ others }: InstallSnippet): Html {
  if (others.length === 0) return html``;
  const shown = others.slice(0, 20);
  return html`<p class="quiet">The same build also gave ${shown.map((name, index) => html`${index > 0 && ', '}<code>${name}</code>`)}${others.length > shown.length && ` and ${others.length - shown.length} more`}.</p>`;
}
