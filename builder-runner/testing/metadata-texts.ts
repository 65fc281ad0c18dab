// What createrepo_c might say of packages, for tests that need many and none of them for real.
import { createHash } from 'node:crypto';
import type { BuildTexts, PackageTexts } from '../src/repodata/texts.ts';

/** Build number `id` of `name`, with `rpms` packages that differ by the number. */
export function buildTexts(id: number, name: string, rpms: number): BuildTexts {
  const build = `${String(id).padStart(8, '0')}-${name}`;
  return { build, packages: Array.from({ length: rpms }, (_, index) => packageTexts(build, `${name}-${index}`, id)) };
}

function packageTexts(build: string, rpm: string, version: number): PackageTexts {
  const id = createHash('sha256').update(`${build} ${rpm}`).digest('hex');
  const start = `<package pkgid="${id}" name="${rpm}" arch="noarch">\n  <version epoch="0" ver="${version}" rel="1"/>\n`;
  return {
    primary: `<package type="rpm">
  <name>${rpm}</name>
  <arch>noarch</arch>
  <version epoch="0" ver="${version}" rel="1"/>
  <checksum type="sha256" pkgid="YES">${id}</checksum>
  <time file="${1_000_000 + version}" build="1"/>
  <location href="${build}/${rpm}.rpm"/>
</package>
`,
    filelists: `${start}  <file>/usr/bin/${rpm}</file>\n</package>\n`,
    other: `${start}</package>\n`,
  };
}
