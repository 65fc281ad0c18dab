// The names of the files in an RPM's header.
import type { TagPlace } from './header-text.ts';

/** Tags of https://rpm-software-management.github.io/rpm/manual/tags.html. */
const baseNames = 1117;
const oldFileNames = 1027;
const fileModes = 1030;
const folderMode = 0o040000;
const typeOfFile = 0o170000;

/**
 * The longest name (in bytes) of what is no folder, without its folder, in a header's `store`; empty: there is none. A
 * mode that is missing is a file's. Pure.
 */
export function findLongestFileName(store: Buffer, places: ReadonlyMap<number, TagPlace>): string {
  const names = places.get(baseNames) ?? places.get(oldFileNames);
  if (names === undefined) return '';
  const modes = places.get(fileModes);
  let longest = store.subarray(0, 0);
  let at = names.offset;
  for (let index = 0; index < names.count && at < store.length; index += 1) {
    const zero = store.indexOf(0, at);
    const end = zero === -1 ? store.length : zero;
    const path = store.subarray(at, end);
    // Not in the whole store: that would be searched to its beginning for each name without a slash.
    const name = path.subarray(path.lastIndexOf('/') + 1);
    if (name.length > longest.length && !isFolder(store, modes, index)) longest = name;
    at = end + 1;
  }
  return longest.toString();
}

function isFolder(store: Buffer, modes: TagPlace | undefined, index: number): boolean {
  if (modes === undefined || index >= modes.count) return false;
  const at = modes.offset + 2 * index;
  return at + 2 <= store.length && (store.readUInt16BE(at) & typeOfFile) === folderMode;
}
