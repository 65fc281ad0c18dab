// Which packages two buildroots do not have in common. Pure.
import { type BuildrootList, type BuildrootPackage, compareEvr } from '@coppice/config';

/** One package that is another, or is there in one of both only. Versions are `[epoch:]version-release`. */
export interface PackageChange {
  readonly name: string;
  readonly from: string | null;
  readonly to: string | null;
  /** `rebuilt`: of the same version, with other content or for another architecture. */
  readonly how: 'up' | 'down' | 'rebuilt' | 'added' | 'removed';
}

/** In the order of their names; undefined where a list was cut: what is missing would seem to be gone. */
export function compareBuildroots(before: BuildrootList, now: BuildrootList): readonly PackageChange[] | undefined {
  if (before.left > 0 || now.left > 0) return undefined;
  const [old, fresh] = [byName(before), byName(now)];
  const names = [...new Set([...old.keys(), ...fresh.keys()])].sort();
  return names.flatMap((name) => changesOf(name, old.get(name) ?? [], fresh.get(name) ?? []));
}

function byName({ packages }: BuildrootList): ReadonlyMap<string, readonly BuildrootPackage[]> {
  return Map.groupBy(packages, ({ nevra }) => nevra.name);
}

/** A list with more of one name is nobody's buildroot: they are not told apart any further. */
const mostOfName = 20;

/** Several packages may have a name: of several architectures, or versions that are installed side by side. */
function changesOf(
  name: string,
  before: readonly BuildrootPackage[],
  now: readonly BuildrootPackage[],
): readonly PackageChange[] {
  const [old, fresh] = [without(before, now), without(now, before)];
  const changes: PackageChange[] = [];
  if (old.length <= mostOfName && fresh.length <= mostOfName) {
    for (const isSameKind of [true, false])
      for (const one of [...old]) {
        const other = fresh.find(({ nevra }) => !isSameKind || nevra.architecture === one.nevra.architecture);
        if (other === undefined) continue;
        changes.push(changeOf(name, evrOf(one), evrOf(other)));
        old.splice(old.indexOf(one), 1);
        fresh.splice(fresh.indexOf(other), 1);
      }
  }
  for (const one of old) changes.push({ name, from: evrOf(one), to: null, how: 'removed' });
  for (const one of fresh) changes.push({ name, from: null, to: evrOf(one), how: 'added' });
  return changes;
}

/** Those that are not among the others; a content that is not known is taken for the same. */
function without(packages: readonly BuildrootPackage[], others: readonly BuildrootPackage[]): BuildrootPackage[] {
  const keyOf = (one: BuildrootPackage) => `${evrOf(one)} ${one.nevra.architecture}`;
  const contents = new Map(others.map((one) => [keyOf(one), one.sigmd5]));
  return packages.filter((one) => {
    if (!contents.has(keyOf(one))) return true;
    const other = contents.get(keyOf(one));
    return one.sigmd5 !== undefined && other !== undefined && one.sigmd5 !== other;
  });
}

function changeOf(name: string, from: string, to: string): PackageChange {
  const order = compareEvr(from, to);
  return { name, from, to, how: order < 0 ? 'up' : order > 0 ? 'down' : 'rebuilt' };
}

function evrOf({ nevra: { epoch, version, release } }: BuildrootPackage): string {
  return `${epoch === 0 ? '' : `${epoch}:`}${version}-${release}`;
}

/**
 * For a line: one package of each group that changed alike (those of one source package, as a rule); those that `text`
 * names first, then those whose version changed, then the large groups.
 */
export function leadsOf(changes: readonly PackageChange[], text: string): readonly PackageChange[] {
  const groups = Map.groupBy(changes, ({ from, to, how }) => JSON.stringify([from, to, how]));
  const words = new Set(text.split(/[^\w.+-]+/));
  const leads = [...groups.values()].map((group) => {
    const named = group.find(({ name }) => words.has(name));
    const change = named ?? mainOf(group);
    return { change, count: group.length, rank: named === undefined ? ranks[change.how] : 0 };
  });
  return leads.toSorted((one, other) => one.rank - other.rank || other.count - one.count).map(({ change }) => change);
}

/** The one that others are called after, as a source package's own; else the shortest name. */
function mainOf(group: readonly PackageChange[]): PackageChange {
  const parts = new Map<string, number>();
  for (const { name } of group)
    for (let dash = name.indexOf('-'); dash !== -1; dash = name.indexOf('-', dash + 1))
      parts.set(name.slice(0, dash), (parts.get(name.slice(0, dash)) ?? 0) + 1);
  const order = (one: PackageChange, other: PackageChange) =>
    (parts.get(other.name) ?? 0) - (parts.get(one.name) ?? 0) || one.name.length - other.name.length;
  return group.toSorted(order)[0] as PackageChange;
}

const ranks: Readonly<Record<PackageChange['how'], number>> = { down: 1, up: 1, removed: 2, added: 2, rebuilt: 3 };
