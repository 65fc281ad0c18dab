// Badges of a project or a package, with the Markdown that shows them elsewhere.
import { programFiles, published } from '@coppice/config';
import { type Html, html, siteHref } from '../src/markup/html.ts';
import { command } from './parts.ts';

/** What the badges are of. `url` is that of the site, without a slash at the end. */
export interface BadgesOf {
  readonly owner: string;
  readonly project: string;
  readonly package?: string;
  readonly url: string;
}

/** Folded: few readers have a use for it. */
export function badges(of: BadgesOf): Html {
  return html`<details class="badges"><summary>Badges</summary><dl>${badgesOf(of).map(
    ({ title, file, page }) =>
      html`<div><dt><img src="${siteHref(file)}" alt="${title}" height="20" loading="lazy"></dt><dd>${command(
        `[![${title}](${of.url}${siteHref(file)})](${of.url}${siteHref(page)})`,
      )}</dd></div>`,
  )}</dl></details>`;
}

interface Badge {
  readonly title: string;
  readonly file: string;
  readonly page: string;
}

function badgesOf({ owner, project, package: name }: BadgesOf): readonly Badge[] {
  if (name === undefined) {
    const [file, page] = [programFiles.projectBadge(owner, project), published.projectPage(owner, project)];
    return [{ title: `State of ${owner}/${project}`, file, page }];
  }
  const page = published.packagePage(owner, project, name);
  return [
    { title: `State of ${name}`, file: programFiles.packageBadge(owner, project, name), page },
    { title: `Version of ${name} in ${owner}/${project}`, file: programFiles.versionBadge(owner, project, name), page },
  ];
}
