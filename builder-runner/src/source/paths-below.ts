// Which of many paths lie in which of many folders: a stranger says how many of either there are. Pure.

/** Tells of a folder whether one of the paths is the folder, or lies in it. */
export function reachInto(paths: readonly string[]): (folder: string) => boolean {
  const all = new Set(paths);
  const sorted = [...all].sort();
  return (folder) => all.has(folder) || (firstFrom(sorted, `${folder}/`)?.startsWith(`${folder}/`) ?? false);
}

/** The first of the sorted texts that does not come before `text`. */
function firstFrom(sorted: readonly string[], text: string): string | undefined {
  let from = 0;
  for (let to = sorted.length; from < to; ) {
    const middle = Math.floor((from + to) / 2);
    if ((sorted[middle] as string) < text) from = middle + 1;
    else to = middle;
  }
  return sorted[from];
}

/** The absolute paths below each of the few folders, relative to it; of nested folders the innermost has them. */
export function groupByFolder(
  paths: readonly string[],
  folders: readonly string[],
): ReadonlyMap<string, readonly string[]> {
  const groups = new Map<string, string[]>(folders.map((folder) => [folder, []]));
  const innermostFirst = [...groups].sort(([one], [other]) => other.length - one.length);
  for (const path of paths) {
    const [folder, own] = innermostFirst.find(([each]) => path.startsWith(`${each}/`)) ?? [];
    if (folder !== undefined) own?.push(path.slice(folder.length + 1));
  }
  return groups;
}
