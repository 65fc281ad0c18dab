// The frame of every page: head, header, trail, footer. Scripts and styles come from files only; the policy refuses
// anything else.
import { programFiles } from '@coppice/config';
import { picture, script, stylesheet } from '../src/markup/assets.ts';
import { type Html, type HtmlValue, html, renderHtml, siteHref, trustedHtml } from '../src/markup/html.ts';

export interface Frame {
  readonly title: string;
  readonly description: string;
  /** Where the page stands: the steps above it. */
  readonly trail?: readonly { readonly label: string; readonly href: string }[];
  readonly current?: 'home' | 'queue' | 'docs';
  /** The page shows what changes: the script fetches it again, soon or (`idle`) now and then. */
  readonly live?: boolean | 'idle';
  /** The page is of one build that goes on: the script follows its live file, and fetches the page when it changes. */
  readonly follows?: { readonly href: string; readonly revision: string } | undefined;
  readonly wide?: boolean;
  /** The address of the page, for programs that show what it leads to; it begins with that of the site. */
  readonly address?: string;
  /** Feeds of what the page is about, besides that of all builds. */
  readonly feeds?: readonly { readonly title: string; readonly href: string }[];
  /** What the page is about, in the words of https://schema.org. */
  readonly about?: Readonly<Record<string, unknown>>;
  /** Search engines are to leave it out. */
  readonly unlisted?: boolean;
}

const policy =
  "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'";

const logo = html`<svg class="logo" viewBox="0 0 24 24" width="24" height="24" aria-hidden="true"><path d="M11 22v-7.2C7 14.600 4 11.600 4 7.500c4.200 0 6.600 2 7.600 5C12 7.600 15 3.700 20.500 2.500c.6 6.300-2.300 11-7.500 12.100V22z" fill="currentColor"/></svg>`;

const searchField = html`<form class="search" role="search" action="/search/"><input type="search" name="q" aria-label="Search projects, packages and files" placeholder="Search" maxlength="100" autocomplete="off" aria-keyshortcuts="/"></form>`;

/** The whole document as text. */
export function page(frame: Frame, content: HtmlValue): string {
  const { trail = [] } = frame;
  const link = (name: Frame['current'], href: string, label: string) =>
    html`<a href="${href}"${frame.current === name && html` aria-current="page"`}>${label}</a>`;
  const document = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="description" content="${frame.description}">
<meta name="referrer" content="no-referrer">
<title>${frame.title} · Coppice</title>
<link rel="icon" href="${picture('coppice.svg')}" type="image/svg+xml">
<link rel="stylesheet" href="${stylesheet}">
${forPrograms(frame)}
<script src="${script}" defer></script>
</head>
<body${frame.wide && html` class="wide"`}${frame.live && html` data-live="${frame.live === 'idle' ? 15 : 3}"`}${frame.follows && html` data-follows="${frame.follows.href}" data-revision="${frame.follows.revision}"`}>
<a class="skip" href="#main">Skip to the content</a>
<header class="top"><div class="bar">
<a class="brand" href="/">${logo}<span>Coppice</span></a>
<nav aria-label="Main">${link('home', '/', 'Projects')}${link('queue', '/queue/', 'Queue')}${link('docs', '/docs/', 'Docs')}</nav>
${searchField}
</div></header>
${trail.length > 0 && trailOf(trail)}
<main id="main">
${content}
</main>
<footer class="bottom"><div class="bar"><span><a href="/projects/">All projects</a> · <a href="/packages/">All packages</a> · <a href="/${programFiles.feed}">Feed</a> · <a href="/docs/reference/api/">For programs</a> · <a href="/docs/">About Coppice</a></span></div></footer>
</body>
</html>
`;
  return renderHtml(document);
}

/** What the head says to programs. */
function forPrograms({ title, description, address, feeds = [], about, unlisted }: Frame): Html {
  const all = { title: 'Builds', href: siteHref(programFiles.feed) };
  const failures = { title: 'Failed builds', href: siteHref(programFiles.failuresFeed) };
  return html`<link rel="search" href="/${programFiles.openSearch}" type="application/opensearchdescription+xml" title="Coppice">
${[...feeds, all, failures].map(({ title: name, href }) => html`<link rel="alternate" type="application/atom+xml" title="${name}" href="${href}">`)}
<meta property="og:type" content="website">
<meta property="og:site_name" content="Coppice">
<meta property="og:title" content="${title}">
<meta property="og:description" content="${description}">
${address !== undefined && html`<meta property="og:url" content="${address}"><link rel="canonical" href="${address}">`}
${unlisted && html`<meta name="robots" content="noindex">`}
${about !== undefined && html`<script type="application/ld+json">${dataBlock(about)}</script>`}`;
}

/** JSON within a page: data, which no browser runs. Nothing in it can end it. */
function dataBlock(data: Readonly<Record<string, unknown>>): Html {
  const text = JSON.stringify({ '@context': 'https://schema.org', ...data });
  return trustedHtml(
    text.replace(/[<>&\u2028\u2029]/g, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`),
  );
}

function trailOf(trail: NonNullable<Frame['trail']>): Html {
  const steps = trail.map(({ label, href }) => html`<li><a href="${href}">${label}</a></li>`);
  return html`<nav class="trail bar" aria-label="Breadcrumb"><ol>${steps}</ol></nav>`;
}
