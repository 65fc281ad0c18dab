// What a build's packages are called: seldom as the package of the project, so commands take them from the results.
import { parseNevra } from './nevra.ts';
import type { Artifact } from './result.ts';

/** Packages that come along with others; the suffixes are those of Fedora's packaging guidelines. */
const alongside = /-(?:devel|static|docs?|javadoc|tests?|headers|common|filesystem|data|locales?|langpacks?)$/;
const debug = /-debug(?:info|source)(?:$|-)/;

/**
 * Names of the binary packages among `artifacts`, each once, the one that people come for first: called like the
 * project's package `key`, else like the source package, else the shortest that is no -devel and no -debuginfo. Empty
 * where there is nothing to install.
 */
export function binaryPackages(artifacts: readonly Pick<Artifact, 'nevra'>[], key: string): readonly string[] {
  const nevras = artifacts.flatMap(({ nevra }) => parseNevra(nevra) ?? []);
  const source = nevras.find(({ architecture }) => isSource(architecture))?.name;
  const rank = (name: string) => {
    if (name === key) return 0;
    if (name === source) return 1;
    return debug.test(name) ? 4 : alongside.test(name) ? 3 : 2;
  };
  const names = new Set(nevras.filter(({ architecture }) => !isSource(architecture)).map(({ name }) => name));
  return [...names].sort((a, b) => rank(a) - rank(b) || a.length - b.length || (a < b ? -1 : 1));
}

function isSource(architecture: string): boolean {
  return architecture === 'src' || architecture === 'nosrc';
}
