// How to install, as project and package pages show it: commands that work, or that there is nothing yet.
import { type Html, html } from '../src/markup/html.ts';
import { sayList } from '../src/view/format.ts';
import type { Install, InstallSnippet, NotYet } from '../src/view/install-view.ts';
import { command } from './parts.ts';

/** The first release's commands, the others' folded away; nothing where there is nothing to say. */
export function installSection({ snippets, notYet }: Install): Html {
  const [first, ...others] = snippets;
  const waiting = notYet.length > 0 && html`${[...Map.groupBy(notYet, ({ why }) => why)].map(nothing)}`;
  if (first === undefined)
    return waiting ? html`<section class="install"><h2>Install</h2>${waiting}</section>` : html``;
  return html`<section class="install"><h2>Install <span class="tag">${first.label}</span></h2>
${ways(first)}${besides(first)}${waiting}
${others.length > 0 && html`<details><summary>For ${others.length} more: ${sayList(others.map(({ label }) => label))}</summary>${others.map((other) => html`<h3>${other.label}</h3>${ways(other)}${besides(other)}`)}</details>`}</section>`;
}

/** A way for each program, as tabs that need no script: of the radio buttons of a group one is checked. */
function ways(snippet: InstallSnippet): Html {
  const { label, dnf5, dnf4, copr, coprInDnf5, repoHref, install } = snippet;
  const group = `install-${label.replaceAll(/[^A-Za-z0-9]+/g, '-')}`;
  const tabs: readonly (readonly [title: string, content: Html])[] = [
    ['dnf 5', html`${command(dnf5)}${command(install)}`],
    ['dnf 4', html`${command(dnf4)}${command(install)}`],
    [coprInDnf5 ? 'copr plugin' : 'copr plugin of dnf 4', html`${command(copr)}${command(install)}`],
    [
      '.repo file',
      html`<p><a href="${repoHref}">${repoHref.slice(repoHref.lastIndexOf('/') + 1)}</a> goes into <code>/etc/yum.repos.d/</code></p>${command(install)}`,
    ],
  ];
  return html`<div class="tabs">${tabs.map(
    ([title, content], index) =>
      html`<input type="radio" name="${group}" id="${group}-${index}"${index === 0 && html` checked`}><label for="${group}-${index}">${title}</label><div class="panel">${content}</div>`,
  )}</div>`;
}

const nothingBecause: Readonly<Record<NotYet['why'], (labels: string) => string>> = {
  'not-built': (labels) => `Nothing has been built for ${labels} yet, so there is nothing to install`,
  failed: (labels) => `Nothing could be built for ${labels} yet, so there is nothing to install`,
  waits: (labels) => `What was built for ${labels} waits to be published, so there is nothing to install yet`,
  'taken-back': (labels) => `What was built for ${labels} was taken back, so there is nothing to install`,
};

function nothing([why, releases]: readonly [NotYet['why'], readonly NotYet[]]): Html {
  const builds = new Map(releases.flatMap(({ build }) => (build === null ? [] : [[build.id, build] as const])));
  const links = [...builds.values()].map(
    ({ id, href }, index) => html`${index > 0 && ', '}<a href="${href}">build #${id}</a>`,
  );
  const says = nothingBecause[why](sayList(releases.map(({ label }) => label)));
  return html`<p class="quiet">${says}${links.length > 0 && html` (${links})`}.</p>`;
}

function besides({ others }: InstallSnippet): Html {
  if (others.length === 0) return html``;
  const shown = others.slice(0, 20);
  return html`<p class="quiet">The same build also gave ${shown.map((name, index) => html`${index > 0 && ', '}<code>${name}</code>`)}${others.length > shown.length && ` and ${others.length - shown.length} more`}.</p>`;
}
