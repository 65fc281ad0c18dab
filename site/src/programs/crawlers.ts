// What crawlers and browsers look for at fixed places: sitemaps, robots.txt, the description of the search. Pure.
import { programFiles, published } from '@coppice/config';
import { siteHref } from '../markup/html.ts';
import { escapeXml } from '../markup/xml.ts';

/** Most addresses in one sitemap, https://www.sitemaps.org/protocol.html. */
const maximumAddresses = 50_000;

const declaration = '<?xml version="1.0" encoding="UTF-8"?>';
const namespace = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"';

/** A sitemap of paths inside `published/`. */
export function sitemap(pages: readonly string[], url: string): string {
  const lines = pages.slice(0, maximumAddresses).map((page) => `<url><loc>${addressOf(page, url)}</loc></url>`);
  return `${declaration}\n<urlset ${namespace}>\n${lines.join('\n')}\n</urlset>\n`;
}

/** The index of sitemaps: one of the documentation, and of each project one that may speak of what is below it. */
export function sitemapIndex(projects: readonly (readonly [owner: string, project: string])[], url: string): string {
  const parts = [
    programFiles.docsSitemap,
    ...projects.map(([owner, project]) => programFiles.projectSitemap(owner, project)),
  ];
  const lines = parts.slice(0, maximumAddresses).map((part) => `<sitemap><loc>${addressOf(part, url)}</loc></sitemap>`);
  return `${declaration}\n<sitemapindex ${namespace}>\n${lines.join('\n')}\n</sitemapindex>\n`;
}

/** The pages of a project that are worth finding: its own, those of its packages, and lists of `builds`. */
export function projectPages(
  owner: string,
  project: string,
  { packages, builds }: { readonly packages: readonly string[]; readonly builds: readonly string[] },
): readonly string[] {
  return [
    published.projectPage(owner, project),
    ...builds,
    ...packages.map((name) => published.packagePage(owner, project, name)),
  ];
}

function addressOf(path: string, url: string): string {
  return escapeXml(`${url}${siteHref(path)}`);
}

/**
 * Logs are many, large and of no use to anybody who searches the web; nor are packages and lists. What pull requests
 * propose, strangers have written. People fetch folders with wget, which obeys this, and so does
 * `copr-cli download-build`.
 */
export function robots(url: string): string {
  return `User-agent: *
Disallow: /*/*/build/*/*/
Disallow: /*:pr:
Disallow: /results/
Disallow: /distributions/
Disallow: /api/
Disallow: /api_3/
Disallow: /events/
Disallow: /search/
Disallow: /healthz
Disallow: /metrics

User-agent: Wget
Disallow:

Sitemap: ${url}/${programFiles.sitemap}
`;
}

/** How a browser asks the site's search, https://github.com/dewitt/opensearch. */
export function openSearch(url: string): string {
  const template = escapeXml(`${url}/search/?q={searchTerms}`);
  return `${declaration}
<OpenSearchDescription xmlns="http://a9.com/-/spec/opensearch/1.1/">
<ShortName>Coppice</ShortName>
<Description>${escapeXml(`Projects and packages of ${new URL(url).host}`)}</Description>
<InputEncoding>UTF-8</InputEncoding>
<Image width="32" height="32" type="image/x-icon">${escapeXml(`${url}/favicon.ico`)}</Image>
<Url type="text/html" method="get" template="${template}"/>
</OpenSearchDescription>
`;
}
