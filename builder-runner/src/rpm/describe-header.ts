// What a package's header says of it, for people: see `packageHeaderSchema`. Everything in it is the packager's text.
import { formatNevra, type HeaderFile, type PackageHeader, type Relation, type RelationKind } from '@coppice/config';
import { countTexts, numbersOf, signOf, textsOf } from './header-values.ts';
import { type HeaderStore, headerOf } from './rpm-header.ts';

/** Tags of https://rpm-software-management.github.io/rpm/manual/tags.html. */
const tags = {
  summary: 1004,
  description: 1005,
  buildTime: 1006,
  size: 1009,
  longSize: 5009,
  license: 1014,
  group: 1016,
  url: 1020,
  changelogTime: 1080,
  changelogName: 1081,
  changelogText: 1082,
  oldFileNames: 1027,
  fileSizes: 1028,
  longFileSizes: 5008,
  fileModes: 1030,
  fileTargets: 1036,
  folderIndexes: 1116,
  fileNames: 1117,
  folders: 1118,
};
const relationTags: Readonly<Record<RelationKind, { name: number; flags: number; version: number }>> = {
  requires: { name: 1049, flags: 1048, version: 1050 },
  provides: { name: 1047, flags: 1112, version: 1113 },
  recommends: { name: 5046, flags: 5048, version: 5047 },
  suggests: { name: 5049, flags: 5051, version: 5050 },
  supplements: { name: 5052, flags: 5054, version: 5053 },
  enhances: { name: 5055, flags: 5057, version: 5056 },
  conflicts: { name: 1054, flags: 1053, version: 1055 },
  obsoletes: { name: 1090, flags: 1114, version: 1115 },
};

/** The most that is told of one package. */
export const headerLimits = {
  relations: 1_000,
  files: 2_000,
  changelog: 20,
  description: 10_000,
  entry: 4_000,
} as const;
export type HeaderLimits = Readonly<Record<keyof typeof headerLimits, number>>;

const longestText = 500;
const longestRelation = 300;
/** Of a path or the target of a link; file systems take no more. */
const longestPath = 4_096;
/** Headers may hold far more than is told: beyond this it is not even counted. */
const mostCounted = 100_000;
const mostRelations = 20_000;
const regularFile = 0o100644;

/** Throws RpmHeaderError when the header is not that of a package. Pure. */
export function describeHeader(header: HeaderStore, limits: HeaderLimits = headerLimits): PackageHeader {
  const { nevra } = headerOf(header);
  const text = (tag: number) => textsOf(header, tag, { most: 1, longest: longestText })[0] || null;
  const [description = ''] = textsOf(header, tags.description, { most: 1, longest: limits.description, lines: true });
  const left: PackageHeader['left'] = {};
  const cut = <T>(of: keyof PackageHeader['left'], first: readonly T[], most: number, all = first.length): T[] => {
    if (all > most) left[of] = all - most;
    return first.slice(0, most);
  };
  const relations = (kind: RelationKind) => cut(kind, relationsOf(header, kind), limits.relations);
  const fileCount = countTexts(header, namesOfFiles(header), mostCounted);
  const entryCount = countTexts(header, tags.changelogName, mostCounted);
  return {
    nevra: formatNevra(nevra),
    name: nevra.name,
    summary: text(tags.summary),
    license: text(tags.license),
    url: text(tags.url),
    group: text(tags.group),
    description: description || null,
    builtAt: timeOf(numbersOf(header, tags.buildTime)(0)),
    installedBytes: sizeOf(numbersOf(header, tags.longSize)(0) ?? numbersOf(header, tags.size)(0)) ?? null,
    requires: relations('requires'),
    provides: relations('provides'),
    recommends: relations('recommends'),
    suggests: relations('suggests'),
    supplements: relations('supplements'),
    enhances: relations('enhances'),
    conflicts: relations('conflicts'),
    obsoletes: relations('obsoletes'),
    files: cut('files', filesOf(header, limits.files), limits.files, fileCount),
    changelog: cut('changelog', changelogOf(header, limits), limits.changelog, entryCount),
    left,
  };
}

function relationsOf(header: HeaderStore, kind: RelationKind): readonly Relation[] {
  const of = relationTags[kind];
  const names = textsOf(header, of.name, { most: mostRelations, longest: longestRelation });
  const versions = textsOf(header, of.version, { most: mostRelations, longest: longestRelation });
  const flags = numbersOf(header, of.flags);
  const found = new Map<string, Relation>();
  for (const [index, name] of names.entries()) {
    // What rpm itself offers is no package.
    if (name === '' || name.startsWith('rpmlib(')) continue;
    const [is, version] = [signOf(flags(index) ?? 0), versions[index] ?? ''];
    const relation = is === '' || version === '' ? { name } : { name, is, version };
    found.set(JSON.stringify(relation), relation);
  }
  return [...found.values()];
}

function filesOf(header: HeaderStore, most: number): readonly HeaderFile[] {
  const paths = pathsOf(header, most);
  const [long, short] = [numbersOf(header, tags.longFileSizes), numbersOf(header, tags.fileSizes)];
  const modes = numbersOf(header, tags.fileModes);
  const targets = textsOf(header, tags.fileTargets, { most: paths.length, longest: longestPath });
  return paths.map((path, index) => {
    const target = targets[index] ?? '';
    return {
      path,
      bytes: sizeOf(long(index) ?? short(index)) ?? 0,
      mode: ((modes(index) ?? regularFile) & 0o177777).toString(8).padStart(6, '0'),
      ...(target === '' ? {} : { target }),
    };
  });
}

/** The tag that names files: paths in old packages, else names without their folders. */
function namesOfFiles({ places }: HeaderStore): number {
  return places.has(tags.fileNames) ? tags.fileNames : tags.oldFileNames;
}

function pathsOf(header: HeaderStore, most: number): readonly string[] {
  const tag = namesOfFiles(header);
  const names = textsOf(header, tag, { most, longest: longestPath });
  if (tag === tags.oldFileNames) return names;
  const folders = textsOf(header, tags.folders, { most: mostCounted, longest: longestPath });
  const indexes = numbersOf(header, tags.folderIndexes);
  return names.map((name, index) => `${folders[indexes(index) ?? -1] ?? ''}${name}`.slice(0, longestPath));
}

function changelogOf(header: HeaderStore, { changelog: most, entry }: HeaderLimits): PackageHeader['changelog'] {
  const authors = textsOf(header, tags.changelogName, { most, longest: longestText });
  const texts = textsOf(header, tags.changelogText, { most, longest: entry, lines: true });
  const times = numbersOf(header, tags.changelogTime);
  return authors.flatMap((author, index) => {
    const at = timeOf(times(index));
    return at === null ? [] : [{ at, author, text: texts[index] ?? '' }];
  });
}

/** The years that ISO 8601 writes with four digits. */
function timeOf(seconds: number | undefined): string | null {
  return seconds === undefined || seconds > 253_402_300_799 ? null : new Date(seconds * 1000).toISOString();
}

function sizeOf(bytes: number | undefined): number | undefined {
  return bytes !== undefined && Number.isSafeInteger(bytes) ? bytes : undefined;
}
