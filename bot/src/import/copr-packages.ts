// Packages of Copr → `packages` of a project. Pure.
import type { CoprPackage } from './copr-answers.ts';
import { convertSource, type SrpmHashes } from './copr-source.ts';
import { type Fate, fate } from './fate.ts';
import type { GitLooks } from './git-looks.ts';
import { gitRemarks } from './git-remarks.ts';
import type { Trial } from './trial.ts';

type Stated = readonly [name: string, { readonly source: Readonly<Record<string, unknown>> }];

/**
 * The packages by name, in the order of the alphabet. What became of each goes into `fates`: none is dropped without a
 * word.
 */
export function convertPackages(
  packages: readonly CoprPackage[],
  hashes: SrpmHashes,
  looks: GitLooks,
  trial: Trial,
  fates: Fate[],
): Readonly<Record<string, unknown>> {
  const seen = new Set<string>();
  const candidates: Stated[] = [];
  const leave = (name: string, why: string) => void fates.push(fate('left-out', `package ${name}`, why));
  for (const one of packages) {
    const converted = convertSource(one, hashes);
    if ('why' in converted) leave(one.name, converted.why);
    else if (seen.has(one.name.toLowerCase())) leave(one.name, 'another package has this name');
    else {
      seen.add(one.name.toLowerCase());
      for (const [what, text] of converted.notes ?? []) fates.push(fate('left-out', `${what} of ${one.name}`, text));
      candidates.push([one.name, { source: converted.source }]);
    }
  }
  const faults = faultsOf(candidates, trial);
  for (const [name, why] of faults) leave(name, why);
  const kept = candidates.filter(([name]) => !faults.has(name)).sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [name] of kept) fates.push(fate('converted', `package ${name}`, '`packages`'));
  fates.push(...remarks(packages, new Map(kept)), ...gitRemarks(new Map(kept), looks));
  return Object.fromEntries(kept);
}

/** Why which of them is not taken. Halves are tried as one, so that a long list without faults takes one trial. */
function faultsOf(candidates: readonly Stated[], trial: Trial): ReadonlyMap<string, string> {
  const [first] = candidates;
  if (first === undefined) return new Map();
  const wrong = trial({ packages: Object.fromEntries(candidates) });
  if (wrong === undefined) return new Map();
  if (candidates.length === 1) return new Map([[first[0], wrong]]);
  const middle = candidates.length >> 1;
  return new Map([...faultsOf(candidates.slice(0, middle), trial), ...faultsOf(candidates.slice(middle), trial)]);
}

function remarks(packages: readonly CoprPackage[], kept: ReadonlyMap<string, Stated[1]>): Fate[] {
  const fromGit = [...kept.values()].filter(({ source }) => source.type === 'git' && !('method' in source)).length;
  const rebuilt = packages.filter(({ name, auto_rebuild }) => auto_rebuild && kept.has(name)).map(({ name }) => name);
  const text = `${fromGit} made by rpkg in Copr: say "method: rpkg" where a spec holds {{{ … }}}; else the spec is read as it is`;
  const scripts = [...kept].filter(([, { source }]) => source.type === 'script').map(([name]) => name);
  return [
    ...(fromGit === 0 ? [] : [fate('person', 'packages from Git', text)]),
    ...scripts.map((name) =>
      fate(
        'person',
        `script of ${name}`,
        'Copr gave it the network: it has it here where `network: true` is said and allowed',
      ),
    ),
    ...rebuilt.map((name) =>
      fate('left-out', `auto_rebuild of ${name}`, 'a push to its upstream builds nothing here: ask with /build'),
    ),
  ];
}
