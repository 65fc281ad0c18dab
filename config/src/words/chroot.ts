// A chroot names what a package is built for: `fedora-42-x86_64` = distribution, release, architecture (mock's and
// Copr's word).

declare const chrootName: unique symbol;

/** A checked chroot name such as `fedora-42-x86_64`; safe in paths, URLs and arguments. */
export type ChrootName = string & { readonly [chrootName]: true };

/** The parts of a chroot name. */
export interface Chroot {
  readonly name: ChrootName;
  readonly distribution: string;
  readonly release: string;
  readonly architecture: Architecture;
}

/** RPM architectures that a chroot may end in; `dnf` and `mock` use the same words. */
export const architectures = ['x86_64', 'aarch64', 'ppc64le', 's390x', 'riscv64', 'i686', 'i386', 'armhfp'] as const;
export type Architecture = (typeof architectures)[number];

/**
 * What may be built for a chroot: `active` everything, `inactive` nothing for now, `eol` (end of life) nothing any
 * more.
 */
export const chrootStates = ['active', 'inactive', 'eol'] as const;
export type ChrootState = (typeof chrootStates)[number];

const chrootPattern = /^([a-z][a-z0-9+]*(?:-[a-z][a-z0-9+]*)*)-([a-z0-9][a-z0-9._]*)-([a-z0-9_]+)$/;

/**
 * The parts of `text`, or undefined when it is not a chroot name. Distributions may hold hyphens
 * (`centos-stream-9-x86_64`).
 */
export function parseChroot(text: string): Chroot | undefined {
  if (text.length > 64) return undefined;
  const match = chrootPattern.exec(text);
  if (match === null) return undefined;
  const [, distribution = '', release = '', architecture = ''] = match;
  const known = architectures.find((each) => each === architecture);
  if (known === undefined || release.includes('..')) return undefined;
  return { name: text as ChrootName, distribution, release, architecture: known };
}

/** As `parseChroot`, for names that were checked before. Throws a TypeError on anything else. */
export function chrootOf(name: string): Chroot {
  const chroot = parseChroot(name);
  if (chroot === undefined) throw new TypeError(`not a chroot name: ${JSON.stringify(name)}`);
  return chroot;
}
