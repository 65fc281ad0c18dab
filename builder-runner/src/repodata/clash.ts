// Two packages of one repository that make the same RPM: dnf would take either. Pure.
import { type BuildTexts, factsOf, locationOf, packageOfBuild } from './texts.ts';

/** An RPM of a new build that another package's build has already. */
export interface Clash {
  /** The new build's folder. */
  readonly build: string;
  /** The RPM's name. */
  readonly rpm: string;
  /** Whether it is the source package. */
  readonly isSource: boolean;
  /** The folder of the build that was there before. */
  readonly first: string;
}

/** Finds clashes of new builds with what else is shown. */
export interface ClashFinder {
  /** Looks through the text of a chunk in `primary`, which never changes afterwards. */
  look(text: Buffer): void;
  found(): Clash | undefined;
}

/**
 * Binary packages clash by their names, whatever the version; source packages by name, version and release, for two
 * packages may be made of one spec in different ways.
 */
export function clashFinder(builds: readonly BuildTexts[]): ClashFinder {
  const wanted = new Map<string, string>();
  for (const { build, packages } of builds) for (const { primary } of packages) wanted.set(keyOf(primary), build);
  const names = new Set(builds.flatMap(({ packages }) => packages.map(({ primary }) => nameIn(primary))));
  let clash: Clash | undefined;
  return {
    look(text) {
      if (names.size === 0 || clash !== undefined) return;
      const there = placesByName(text);
      for (const name of names)
        for (const from of there.get(name) ?? []) {
          const element = text.toString('latin1', from, text.indexOf('</package>', from));
          const build = wanted.get(keyOf(element));
          const [first = ''] = locationOf(element).split('/');
          if (build === undefined || packageOfBuild(build) === packageOfBuild(first)) continue;
          const { name: rpm, architecture } = factsOf(element);
          clash = { build, rpm, isSource: architecture === 'src', first };
          return;
        }
    },
    found: () => clash,
  };
}

const beforeName = '<package type="rpm">\n  <name>';
const namesOfTexts = new WeakMap<Buffer, ReadonlyMap<string, readonly number[]>>();

/** Where the elements of each name begin; looked for once in each text. */
function placesByName(text: Buffer): ReadonlyMap<string, readonly number[]> {
  const known = namesOfTexts.get(text);
  if (known !== undefined) return known;
  const places = new Map<string, number[]>();
  for (let from = text.indexOf(beforeName); from !== -1; from = text.indexOf(beforeName, from + beforeName.length)) {
    const at = from + beforeName.length;
    const name = text.toString('latin1', at, text.indexOf('<', at));
    const there = places.get(name);
    if (there === undefined) places.set(name, [from]);
    else there.push(from);
  }
  namesOfTexts.set(text, places);
  return places;
}

function nameIn(primary: string): string {
  return /<name>([^<]*)<\/name>/.exec(primary)?.[1] ?? '';
}

function keyOf(primary: string): string {
  const { name, architecture, epoch, version, release } = factsOf(primary);
  return architecture === 'src' || architecture === 'nosrc' ? `src ${name}-${epoch}:${version}-${release}` : name;
}
