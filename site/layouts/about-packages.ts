// What the headers of packages say, as definition tables; long lists are folded away.
import { type Html, html } from '../src/markup/html.ts';
import type { AboutPackages, BuiltPackage, RelationLine, RelationList, Some } from '../src/view/about-packages.ts';
import { formatBytes } from '../src/view/format.ts';
import type { PackageLink } from '../src/view/package-view.ts';
import { time } from './parts.ts';

/** Lists of up to so many stand open. */
const short = 6;

export function upstreamLink({ text, href }: NonNullable<AboutPackages['upstream']>): Html {
  return href === null
    ? html`<span class="break">${text}</span>`
    : html`<a class="break" href="${href}" rel="nofollow">${text.replace(/^https?:\/\//, '').replace(/\/$/, '')}</a>`;
}

export function builtPackages({ packages, chroot, jsonHref }: AboutPackages): Html {
  return html`<section><h2>Built packages <span class="tag">${chroot}</span></h2>
${packages.items.map((one, index) => (index === 0 ? html`<div class="built">${onePackage(one, jsonHref)}</div>` : html`<details class="built"><summary>${one.name}${one.summary !== null && html` <span class="quiet">${one.summary}</span>`}</summary>${onePackage(one, jsonHref)}</details>`))}
<p class="quiet">${packages.left > 0 && `And ${packages.left} more packages. `}All of it as JSON: <a href="${jsonHref}">packages.json</a></p></section>`;
}

function onePackage(one: BuiltPackage, jsonHref: string): Html {
  const { description, license, group, installedBytes, builtAt } = one;
  return html`<dl class="defined"><dt>Package</dt><dd><code>${one.nevra}</code></dd>
${description !== null && html`<dt>Description</dt><dd class="prose">${description}</dd>`}
${license !== null && html`<dt>Licence</dt><dd>${license}</dd>`}
${group !== null && group !== 'Unspecified' && html`<dt>Group</dt><dd>${group}</dd>`}
${installedBytes !== null && html`<dt>Installed size</dt><dd>${formatBytes(installedBytes)}</dd>`}
${builtAt !== null && html`<dt>Built</dt><dd>${time(builtAt)}</dd>`}
${one.relations.map((list) => html`<dt>${list.title}</dt><dd>${relations(list, jsonHref)}</dd>`)}
<dt>Files</dt><dd>${files(one.files, jsonHref)}</dd></dl>`;
}

function relations({ items, left }: RelationList, jsonHref: string): Html {
  const lines = html`<ul class="names">${items.map(relation)}</ul>${rest(left, jsonHref)}`;
  if (items.length <= short && items.length > 0) return lines;
  return html`<details><summary>${items.length + left} names</summary>${lines}</details>`;
}

function relation({ text, href }: RelationLine): Html {
  return html`<li>${href === null ? html`<code>${text}</code>` : html`<a href="${href}"><code>${text}</code></a>`}</li>`;
}

function files({ items, left }: BuiltPackage['files'], jsonHref: string): Html {
  if (items.length + left === 0) return html`<span class="quiet">none</span>`;
  const lines = items.map(
    ({ path, bytes, mode, target }) =>
      html`<li><code>${path}</code>${target !== undefined && html` <span class="quiet">→ <code>${target}</code></span>`}${mode.startsWith('10') && html` <span class="quiet">${formatBytes(bytes)}</span>`}</li>`,
  );
  return html`<details${items.length <= short && items.length > 0 && html` open`}><summary>${items.length + left} file${items.length + left !== 1 && 's'}</summary><ul class="names">${lines}</ul>${rest(left, jsonHref)}</details>`;
}

function rest(left: number, jsonHref: string): Html {
  return left === 0 ? html`` : html`<p class="quiet">And <a href="${jsonHref}">${left} more</a>.</p>`;
}

/** Packages of the project that come to nothing without this one. */
export function dependentsSection(dependents: readonly PackageLink[]): Html {
  if (dependents.length === 0) return html``;
  const lines = dependents.map(
    ({ name, href, because }) =>
      html`<li><a href="${href}">${name}</a> <span class="quiet">for ${because.map((one, index) => html`${index > 0 && ', '}<code>${one}</code>`)}</span></li>`,
  );
  const list = html`<ul class="names">${lines}</ul>`;
  return html`<section><h2>Required by <span class="tag">${dependents.length}</span></h2>${dependents.length <= 2 * short ? list : html`<details><summary>${dependents.length} packages of this project</summary>${list}</details>`}</section>`;
}

export function changelogSection({ changelog, jsonHref }: AboutPackages): Html {
  const { items, left }: Some<AboutPackages['changelog']['items'][number]> = changelog;
  if (items.length === 0) return html``;
  const entry = ({ at, author, text }: (typeof items)[number]) =>
    html`<li><p><time datetime="${at}" data-exact>${at.slice(0, 10)}</time> <span class="quiet break">${author}</span></p><p class="prose">${text}</p></li>`;
  const [newest, ...older] = items;
  return html`<section><h2>Changelog</h2><ul class="changes">${newest !== undefined && entry(newest)}</ul>
${older.length + left > 0 && html`<details><summary>${older.length + left} older ${older.length + left === 1 ? 'entry' : 'entries'}</summary><ul class="changes">${older.map(entry)}</ul>${rest(left, jsonHref)}</details>`}</section>`;
}
