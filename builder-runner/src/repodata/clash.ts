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
  /** Looks through a part of `primary`. */
  look(text: Buffer): void;
  found(): Clash | undefined;
}

const beforeName = '<package type="rpm">\n  <name>';

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
      // A long needle: most bytes are never looked at.
      for (let at = text.indexOf(beforeName); at !== -1; at = text.indexOf(beforeName, at)) {
        const from = at;
        at += beforeName.length;
        if (!names.has(text.toString('latin1', at, text.indexOf('<', at)))) continue;
        const element = text.toString('latin1', from, text.indexOf('</package>', at));
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

function nameIn(primary: string): string {
  return /<name>([^<]*)<\/name>/.exec(primary)?.[1] ?? '';
}

function keyOf(primary: string): string {
  const { name, architecture, epoch, version, release } = factsOf(primary);
  return architecture === 'src' || architecture === 'nosrc' ? `src ${name}-${epoch}:${version}-${release}` : name;
}
