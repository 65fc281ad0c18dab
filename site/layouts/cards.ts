// Cards of projects, as home and the pages of owners show them: of one height, with a dot for each chroot.
import { type Html, html } from '../src/markup/html.ts';
import { chrootLabel } from '../src/view/format.ts';
import type { ChrootDot, ProjectCard } from '../src/view/home-view.ts';
import { buildBadge, icon, time } from './parts.ts';

export function cards(projects: readonly ProjectCard[]): Html {
  return html`<ul class="cards">${projects.map(card)}</ul>`;
}

/** Dots of more chroots are counted. */
const shownDots = 12;

function card(project: ProjectCard): Html {
  const count = `${project.packages} package${project.packages === 1 ? '' : 's'}`;
  const more = project.dots.length - shownDots;
  return html`<li class="card"><h3><a href="${project.href}">${project.key}</a></h3>
<p class="clamp">${project.description || html`<span class="quiet">No description</span>`}</p>
<p class="meta"><span>${count}</span>${project.pull !== null && html`<span class="tag">pull request ${project.pull}</span>`}<span class="dots">${project.dots.slice(0, shownDots).map(dot)}${more > 0 && html`<span class="quiet">+${more}</span>`}</span></p>
<p class="last">${
    project.last === null
      ? html`<span class="quiet">No builds yet</span>`
      : html`${buildBadge(project.last)} <a href="${project.last.href}">${project.last.package} #${project.last.id}</a> <span class="quiet">${time(project.last.time)}</span>`
  }</p></li>`;
}

function dot({ chroot, state }: ChrootDot): Html {
  const label = `${chrootLabel(chroot)}: ${state === null ? 'not built yet' : words[state]}`;
  return html`<span class="dot state-${state ?? 'none'}" role="img" aria-label="${label}" title="${label}">${state === null ? html`<svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true"><circle cx="8" cy="8" r="2"/></svg>` : icon(state)}</span>`;
}

const words = {
  ...{ succeeded: 'builds', failed: 'a package failed', running: 'is being built', starting: 'is being built' },
  ...{ pending: 'waits', canceled: 'canceled', skipped: 'skipped' },
} as const;
