// What a page of the builds of a project shows: one row for each, the newest first.
import { type BuildState, isFinal, published } from '@coppice/config';
import { siteHref, webAddress } from '../markup/html.ts';
import type { Build } from '../model/site-model.ts';
import { formatDate } from './format.ts';
import { type BuildRow, rowOf } from './rows.ts';

export interface ListedBuild extends BuildRow {
  /** Only http and https addresses become links. */
  readonly requestHref: string | null;
  /** Its chroots by how they went, what failed first. */
  readonly standing: readonly { readonly state: BuildState; readonly chroots: readonly string[] }[];
}

export interface BuildsView {
  /** Path of the page inside `published/`, with a slash at the end. */
  readonly path: string;
  readonly owner: string;
  readonly name: string;
  readonly projectHref: string;
  /** Of a full page of older builds, from 1 (the oldest); null: the newest ones. */
  readonly number: number | null;
  /** All builds that there are. On a full page null: it stays as it is while others come. */
  readonly count: number | null;
  /** Days on which the first and the last of them were asked for, UTC. */
  readonly from: string;
  readonly until: string;
  readonly rows: readonly ListedBuild[];
  readonly newest: string | null;
  readonly newer: string | null;
  readonly older: string | null;
  readonly oldest: string | null;
  readonly live: boolean;
}

const order: readonly BuildState[] = ['failed', 'running', 'starting', 'pending', 'canceled', 'skipped', 'succeeded'];

/** Which page it is. */
interface Which {
  /** Absent: that of the newest builds. */
  readonly number?: number | undefined;
  /** Full pages of older builds that there are. */
  readonly full: number;
  /** Builds that there are. */
  readonly count: number;
  /** The path of a page. */
  readonly path: (number?: number) => string;
}

/** The view of a page of the builds of a project (`owner/project`), the newest first and at least one. */
export function buildsView(key: string, builds: readonly Build[], { number, full, count, path }: Which): BuildsView {
  const [owner = '', name = ''] = key.split('/');
  const page = (of?: number) => siteHref(path(of));
  const below = number === undefined ? full : number - 1;
  return {
    path: path(number),
    ...{ owner, name },
    projectHref: siteHref(published.projectPage(owner, name)),
    number: number ?? null,
    count: number === undefined ? count : null,
    from: formatDate(builds.at(-1)?.requestedAt ?? ''),
    until: formatDate(builds[0]?.requestedAt ?? ''),
    rows: builds.map(listed),
    newest: number === undefined ? null : page(),
    newer: number === undefined ? null : page(number < full ? number + 1 : undefined),
    older: below === 0 ? null : page(below),
    oldest: below === 0 ? null : page(1),
    live: builds.some(({ state }) => !isFinal(state)),
  };
}

function listed(build: Build): ListedBuild {
  const byState = Map.groupBy(build.chroots, ({ state }) => state);
  const standing = order.flatMap((state) => {
    const runs = byState.get(state);
    return runs === undefined ? [] : [{ state, chroots: runs.map(({ chroot }) => chroot) }];
  });
  return { ...rowOf(build), requestHref: webAddress(build.request) ?? null, standing };
}
