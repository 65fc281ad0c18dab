// Atom feeds of builds that have ended. Pure: times and ids follow from the builds, so that a feed is the same as long
// as its entries are.
import { programFiles, published } from '@coppice/config';
import { Feed } from 'feed';
import { escapeHtml, siteHref } from '../markup/html.ts';
import { xmlCharacters } from '../markup/xml.ts';
import type { FeedOf } from '../model/site-file.ts';
import type { Build } from '../model/site-model.ts';
import { partlyOf } from '../view/rows.ts';
import { verdictOf, versionOf } from '../view/verdict.ts';

/** What a feed says of itself. */
interface FeedHead {
  readonly file: string;
  readonly title: string;
  /** The page that it belongs to. */
  readonly page: string;
}

export function feedHead(of: FeedOf): FeedHead {
  switch (of.kind) {
    case 'all':
      return { file: programFiles.feed, title: 'Builds', page: '/' };
    case 'failures':
      return { file: programFiles.failuresFeed, title: 'Failed builds', page: '/' };
    case 'owner':
      return { file: programFiles.ownerFeed(of.owner), title: `Builds of ${of.owner}`, page: '/' };
    case 'project': {
      const { owner, project } = of;
      const page = siteHref(published.projectPage(owner, project));
      return { file: programFiles.projectFeed(owner, project), title: `Builds of ${owner}/${project}`, page };
    }
  }
}

/** The feed as text. `builds` have ended, the last one first; `url` has no slash at the end. */
export function atomFeed(of: FeedOf, builds: readonly Build[], url: string): string {
  const { file, title, page } = feedHead(of);
  const [last] = builds;
  const feed = new Feed({
    // A name that stays when the pages move (RFC 4151).
    id: nameOf(url, file),
    title,
    link: `${url}${page}`,
    feedLinks: { atom: `${url}/${file}` },
    updated: last === undefined ? new Date(0) : timeOf(last),
    author: { name: 'Coppice' },
    generator: 'Coppice',
  });
  for (const build of builds) {
    const version = versionOf(build);
    const what = version === undefined ? build.package : `${build.package} ${version}`;
    feed.addItem({
      id: nameOf(url, `build/${build.id}`),
      title: asMarkup(`${what} ${partlyOf(build) ?? build.state} in ${build.owner}/${build.project} (#${build.id})`),
      link: `${url}${siteHref(published.buildPage(build))}`,
      date: timeOf(build),
      description: asMarkup(verdictOf(build)),
      author: [{ name: xmlCharacters(build.requestedBy) || 'nobody' }],
      category: [{ term: build.state, name: build.state }],
    });
  }
  return `${feed.atom1()}\n`;
}

/** Titles and summaries are markup to readers of feeds, and a verdict quotes what a build has printed. */
function asMarkup(text: string): string {
  return xmlCharacters(escapeHtml(text));
}

function timeOf(build: Build): Date {
  return new Date(build.endedAt ?? build.requestedAt);
}

function nameOf(url: string, path: string): string {
  const { hostname } = new URL(url);
  // An IPv6 address cannot stand in such a name.
  return `tag:${/^[a-z0-9.-]+$/i.test(hostname) ? hostname : 'localhost'},2026:${path}`;
}
