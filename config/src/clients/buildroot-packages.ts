// The packages of a buildroot, from mock's installed_pkgs.log. It comes from the builder: bounded, and what is no
// package is left out. Pure.
import { type Nevra, parseNevra } from '../words/nevra.ts';

/** One package that was installed when the build began. */
export interface BuildrootPackage {
  readonly nevra: Nevra;
  /**
   * MD5 of its header and payload, as rpm's database has it (SIGMD5, PKGID); undefined where the log does not say it.
   */
  readonly sigmd5: string | undefined;
}

/** What is known of a buildroot. */
export interface BuildrootList {
  /** In the order of their names; each once. */
  readonly packages: readonly BuildrootPackage[];
  /** How many packages there were beyond the most that are listed. */
  readonly left: number;
}

/** The log, in the folder of a build. */
export const buildrootLog = 'installed_pkgs.log';

/** Several times the largest buildroots there are. */
const mostPackages = 4_000;

/** A larger installed_pkgs.log is not mock's: a line has some hundred bytes. */
export const maximumBuildrootBytes = 2 * 1024 * 1024;

/** `NEVRA BUILDTIME SIZE [PKGID] installed`, the form of mock's plugin package_state. */
const linePattern = /^(\S{1,255}) \d{1,20} \d{1,20} (?:([0-9a-f]{32}) )?(?:\S{1,64} )?installed$/;

/** Reads the text of installed_pkgs.log. Keys that rpm's database holds beside packages are none of them. */
export function parseBuildroot(text: string): BuildrootList {
  const found = new Map<string, BuildrootPackage>();
  for (const line of text.split('\n')) {
    const [, name = '', sigmd5] = linePattern.exec(line) ?? [];
    const nevra = parseNevra(name);
    if (nevra !== undefined && nevra.name !== 'gpg-pubkey') found.set(name, { nevra, sigmd5 });
  }
  const sorted = [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one);
  return { packages: sorted.slice(0, mostPackages), left: Math.max(0, sorted.length - mostPackages) };
}
