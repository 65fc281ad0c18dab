// Each page has one address: what else could name it leads there, or to nothing. Pure.

/** Folders whose content people may browse as directories, as the web servers of RPM repositories do. */
const browsable = /^\/(?:results|coprs|distributions)(?:\/|$)/;

/** `path` may be decoded or not: the names at its beginning have nothing to decode. */
export function isBrowsable(path: string): boolean {
  return browsable.test(path);
}

/** What programs ask for, which write names in their own ways: dnf escapes a `+`, others do not. */
const ofPrograms = /^\/(?:results|coprs|distributions|api|api_3)\//;

interface PathForm {
  /** Decoded, with a slash at its start. */
  readonly name: string;
  /** As it is to be written: the path itself where it is written well. */
  readonly path: string;
}

/**
 * The place that `path` (percent-encoded, with a slash at its start) names, and how the path of that is written: with
 * one slash between names, and with nothing escaped that need not be. Undefined for what climbs, hides, cannot be a
 * name, or has a slash in a name.
 */
export function formOf(path: string): PathForm | undefined {
  if (!path.startsWith('/') || /%2f/i.test(path)) return undefined;
  let name: string;
  try {
    name = decodeURIComponent(path).replace(/\/{2,}/g, '/');
  } catch {
    return undefined;
  }
  if (name.includes('\0') || name.split('/').some((part) => part.startsWith('.'))) return undefined;
  if (ofPrograms.test(name)) return { name, path: path.replace(/\/{2,}/g, '/') };
  // A colon needs no escape behind the first slash.
  const written = name.split('/').map(encodeURIComponent).join('/').replaceAll('%3A', ':');
  return { name, path: written };
}
