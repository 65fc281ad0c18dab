// What the headers of a build's packages say, as the page of a package shows it: cut to what people read, with the rest
// in the JSON. All of it is the packager's text.
import {
  type HeaderFile,
  type PackageHeader,
  type PackageHeaders,
  published,
  type Relation,
  type RelationKind,
} from '@coppice/config';
import { siteHref, webAddress } from '../markup/html.ts';
import type { ChrootRun } from '../model/site-model.ts';
import { chrootLabel } from './format.ts';

export interface RelationLine {
  readonly text: string;
  /** The package of the project that provides it; null where none does. */
  readonly href: string | null;
}

/** Some of a list, and how many are missing. */
export interface Some<T> {
  readonly items: readonly T[];
  readonly left: number;
}

export interface RelationList extends Some<RelationLine> {
  readonly title: string;
}

/** One built package. */
export interface BuiltPackage {
  readonly nevra: string;
  readonly name: string;
  readonly summary: string | null;
  readonly description: string | null;
  readonly license: string | null;
  readonly group: string | null;
  readonly installedBytes: number | null;
  readonly builtAt: string | null;
  readonly relations: readonly RelationList[];
  readonly files: Some<HeaderFile>;
}

export interface AboutPackages {
  /** Of the package that people come for. */
  readonly summary: string | null;
  readonly license: string | null;
  readonly upstream: { readonly text: string; readonly href: string | null } | null;
  readonly chroot: string;
  /** All that is told, as JSON. */
  readonly jsonHref: string;
  readonly packages: Some<BuiltPackage>;
  readonly changelog: Some<PackageHeader['changelog'][number]>;
}

const mostPackages = 12;
/** On the whole page, the first packages first. */
const mostOnPage = { files: 150, relations: 200 };
/** Of one package. */
const mostInList = { files: 100, relations: 60 };
const mostEntries = 8;
const longest = { description: 3_000, entry: 800, text: 160 };

const titles: Readonly<Record<RelationKind, string>> = {
  requires: 'Requires',
  provides: 'Provides',
  recommends: 'Recommends',
  suggests: 'Suggests',
  supplements: 'Supplements',
  enhances: 'Enhances',
  conflicts: 'Conflicts',
  obsoletes: 'Obsoletes',
};

/** What names a package that somebody else provides. */
const leadsOn: ReadonlySet<string> = new Set(['requires', 'recommends', 'suggests', 'supplements', 'enhances']);

/** `providersOf`: the packages of the project that provide a name. */
export function aboutPackages(
  headers: PackageHeaders,
  run: Pick<ChrootRun, 'folder' | 'chroot' | 'packageHeaders'>,
  of: { readonly owner: string; readonly project: string; readonly name: string },
  providersOf: (name: string) => readonly string[],
): AboutPackages {
  const [main] = headers.packages;
  const room = { ...mostOnPage };
  const packages = headers.packages.slice(0, mostPackages).map((one): BuiltPackage => {
    const { nevra, name, summary, license, group, installedBytes, builtAt } = one;
    const relations = Object.entries(titles).map(([kind, title]): RelationList => {
      const all = one[kind as RelationKind];
      const some = all.slice(0, Math.min(mostInList.relations, room.relations));
      room.relations -= some.length;
      const items = some.map((relation) => lineOf(relation, of, leadsOn.has(kind) ? providersOf : () => []));
      return { title, items, left: all.length - some.length + (one.left[kind as RelationKind] ?? 0) };
    });
    const files = one.files.slice(0, Math.min(mostInList.files, room.files));
    room.files -= files.length;
    return {
      ...{ nevra, name, summary, license, group, installedBytes, builtAt },
      description: cut(one.description, longest.description),
      relations: relations.filter(({ items, left }) => items.length + left > 0),
      files: { items: files, left: one.files.length - files.length + (one.left.files ?? 0) },
    };
  });
  const entries = main?.changelog.slice(0, mostEntries) ?? [];
  return {
    summary: main?.summary ?? null,
    license: main?.license ?? null,
    upstream: main?.url ? { text: main.url, href: webAddress(main.url) ?? null } : null,
    chroot: chrootLabel(run.chroot),
    jsonHref: siteHref(`${run.folder}/${run.packageHeaders?.file ?? ''}`),
    packages: {
      items: packages,
      left: headers.packages.length - packages.length + headers.packagesLeft,
    },
    changelog: {
      items: entries.map((entry) => ({ ...entry, text: cut(entry.text, longest.entry) ?? '' })),
      left: (main?.changelog.length ?? 0) - entries.length + (main?.left.changelog ?? 0),
    },
  };
}

function lineOf(
  { name, is, version }: Relation,
  { owner, project, name: self }: { readonly owner: string; readonly project: string; readonly name: string },
  providersOf: (name: string) => readonly string[],
): RelationLine {
  const provider = providersOf(name).find((one) => one !== self);
  const text = is === undefined ? name : `${name} ${is} ${version ?? ''}`;
  return {
    text: cut(text, longest.text) ?? '',
    href: provider === undefined ? null : siteHref(published.packagePage(owner, project, provider)),
  };
}

function cut(text: string | null, most: number): string | null {
  return text === null || text.length <= most ? text : `${text.slice(0, most).toWellFormed()}…`;
}
