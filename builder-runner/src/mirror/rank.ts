// In which order files reach a mirror: what leads somewhere comes after what it leads to, and goes before it. Pure.

/** The order of a pass. */
export const ranks = {
  /** Packages, logs, keys, lists of packages, generations: nobody sees them before something leads to them. */
  content: 0,
  /** What stands beside an index and is of no use without it: its signature, or the links that never change. */
  beside: 1,
  /** What shows a generation. */
  pointer: 2,
  /** A build's marker and record, written last here too. */
  record: 3,
  /** What clients are told. */
  client: 4,
  /** Pages and what they are made from. */
  page: 5,
} as const;
export type Rank = (typeof ranks)[keyof typeof ranks];

/** Ranks of files that are replaced under their names: a pass sends them as they were before it looked for content. */
export const pinnedRanks: readonly Rank[] = [ranks.beside, ranks.pointer, ranks.client, ranks.page];

const repositoryPattern = /^results\/[^/]+\/[^/]+\/[^/]+$/;
const records = new Set(['result.json', 'success', 'fail']);

/** True for `results/<owner>/<project>/<chroot>`, and for what stands beside chroots. */
export function isRepositoryFolder(path: string): boolean {
  return repositoryPattern.test(path);
}

/** The rank of a file in `published/`. */
export function rankOf(path: string): Rank {
  const name = path.slice(path.lastIndexOf('/') + 1);
  if (path.startsWith('results/')) {
    if (path.endsWith('/repodata/repomd.xml.asc')) return ranks.beside;
    if (path.endsWith('/repodata/repomd.xml') || path.endsWith('/generations/current')) return ranks.pointer;
    if (repositoryPattern.test(path.slice(0, -'/shown.json'.length)) && name === 'shown.json') return ranks.page;
    return records.has(name) ? ranks.record : ranks.content;
  }
  // Distributions are written once, by the service's start.
  if (path.startsWith('distributions/')) return name.startsWith('repomd.xml') ? ranks.pointer : ranks.content;
  return path.startsWith('coprs/') || path.startsWith('api_3/rpmrepo/') ? ranks.client : ranks.page;
}

/** What writers put beside a file until it is whole: never sent. */
export function isUnfinished(name: string): boolean {
  return name.startsWith('.') || name.endsWith('.new') || name.endsWith('.tmp');
}
