// NEVRA: name, epoch, version, release, architecture; how RPM tells one binary package from another.
// Source of the rules: https://rpm-software-management.github.io/rpm/manual/dependencies.html#versioning

/** One package as RPM names it. `epoch` is 0 where the header has none. A source package has the architecture `src`. */
export interface Nevra {
  readonly name: string;
  readonly epoch: number;
  readonly version: string;
  readonly release: string;
  readonly architecture: string;
}

const nevraPattern =
  /^([A-Za-z0-9_][A-Za-z0-9._+-]*)-(?:(\d{1,9}):)?([A-Za-z0-9._+~^]+)-([A-Za-z0-9._+~^]+)\.([a-z0-9_]+)$/;

/** `hello-0:2.12-1.x86_64` or `hello-2.12-1.x86_64` → its parts; undefined when it is neither. */
export function parseNevra(text: string): Nevra | undefined {
  if (text.length > 255) return undefined;
  const match = nevraPattern.exec(text);
  if (match === null) return undefined;
  const [, name = '', epoch, version = '', release = '', architecture = ''] = match;
  return { name, epoch: Number(epoch ?? 0), version, release, architecture };
}

/** `name-epoch:version-release.architecture`, the epoch left out when it is 0. */
export function formatNevra(nevra: Nevra): string {
  const epoch = nevra.epoch === 0 ? '' : `${nevra.epoch}:`;
  return `${nevra.name}-${epoch}${nevra.version}-${nevra.release}.${nevra.architecture}`;
}

/** The file name that rpmbuild gives to this package; it never holds the epoch. */
export function rpmFileName(nevra: Nevra): string {
  return `${nevra.name}-${nevra.version}-${nevra.release}.${nevra.architecture}.rpm`;
}
