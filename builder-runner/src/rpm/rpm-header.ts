// Reads the few tags that decide about an RPM, without running rpm on a file that a builder sent.
// Source of the format: https://rpm-software-management.github.io/rpm/manual/format_v4.html
import { open } from 'node:fs/promises';
import type { Nevra } from '@coppice/config';
import { findLongestFileName } from './header-files.ts';
import { findTextFault, type TagPlace, type TextFault } from './header-text.ts';

/** What an RPM's header says of itself. `sourceRpm` is null for a source package. */
export interface RpmHeader {
  readonly nevra: Nevra;
  readonly sourceRpm: string | null;
  /** A source package that holds not all of its sources: its spec says NoSource or NoPatch. */
  readonly leavesOut: boolean;
  /** The first text that a repository's metadata cannot hold; undefined: all can go in. */
  readonly textFault: TextFault | undefined;
  /** Of those that are no folders, without their folder; empty: there are no files. */
  readonly longestFileName: string;
}

/** Thrown for a file that is no RPM; the message says why. */
export class RpmHeaderError extends Error {
  override readonly name = 'RpmHeaderError';
}

const tags = {
  name: 1000,
  version: 1001,
  release: 1002,
  epoch: 1003,
  architecture: 1022,
  sourceRpm: 1044,
  sourcePackage: 1106,
  noSource: 1051,
  noPatch: 1052,
};
export const leadBytes = 96;
export const introBytes = 16;
/** Far above real headers: file lists of the largest packages take some 30 MB. */
const maximumHeaderBytes = 64 * 1024 * 1024;
const typeInt32 = 4;
const typeString = 6;

/** The data of a header, and where in it each tag is. */
export interface HeaderStore {
  readonly store: Buffer;
  readonly places: ReadonlyMap<number, TagPlace>;
}

/**
 * The header of the RPM at `path`. Throws RpmHeaderError when it is none. Reads at most signature and header, never the
 * payload.
 */
export async function readRpmHeader(path: string): Promise<RpmHeader> {
  return headerOf(await readHeaderStore(path));
}

/** All tags of the header of the RPM at `path`, for those who want others. Throws as `readRpmHeader`. */
export async function readHeaderStore(path: string): Promise<HeaderStore> {
  const file = await open(path, 'r');
  try {
    const read = async (position: number, length: number) => {
      const buffer = Buffer.alloc(length);
      const { bytesRead } = await file.read(buffer, 0, length, position);
      if (bytesRead !== length) throw new RpmHeaderError('the file ends in the middle of its header');
      return buffer;
    };
    const lead = await read(0, leadBytes);
    if (lead.readUInt32BE(0) !== 0xedabeedb) throw new RpmHeaderError('it does not begin like an RPM');
    const signature = parseIntro(await read(leadBytes, introBytes));
    const padded = Math.ceil(signature.bytes / 8) * 8;
    const headerAt = leadBytes + introBytes + padded;
    const intro = parseIntro(await read(headerAt, introBytes));
    return parseHeaderStore(await read(headerAt + introBytes, intro.bytes), intro.entries);
  } finally {
    await file.close();
  }
}

/** How large a header is, from the 16 bytes that it begins with. Throws RpmHeaderError. */
export function parseIntro(intro: Buffer): { readonly entries: number; readonly bytes: number } {
  if (intro.readUInt32BE(0) !== 0x8eade801) throw new RpmHeaderError('its header has no magic number');
  const entries = intro.readUInt32BE(8);
  const bytes = entries * 16 + intro.readUInt32BE(12);
  if (entries > 65_536 || bytes > maximumHeaderBytes)
    throw new RpmHeaderError('its header is larger than any real one');
  return { entries, bytes };
}

type FourNumbers = [number, number, number, number];

/** The places of tags from a header's index (`entries` × 16 bytes), and its store. */
function parseHeaderStore(data: Buffer, entries: number): HeaderStore {
  const store = data.subarray(entries * 16);
  const places = new Map<number, TagPlace>();
  for (let index = 0; index < entries; index += 1) {
    const at = index * 16;
    const [tag, type, offset, count] = [0, 4, 8, 12].map((field) => data.readUInt32BE(at + field)) as FourNumbers;
    places.set(tag, { type, offset, count });
  }
  return { store, places };
}

/** What decides about an RPM. Throws RpmHeaderError. */
export function headerOf({ store, places }: HeaderStore): RpmHeader {
  const text = (tag: number): string | undefined => {
    const place = places.get(tag);
    if (place === undefined || place.type !== typeString) return undefined;
    const end = store.indexOf(0, place.offset);
    if (end === -1) throw new RpmHeaderError(`tag ${tag} of its header does not end`);
    return store.toString('utf8', place.offset, end);
  };
  const number = (tag: number): number | undefined => {
    const place = places.get(tag);
    if (place === undefined || place.type !== typeInt32 || place.offset + 4 > store.length) return undefined;
    return store.readUInt32BE(place.offset);
  };
  const required = (tag: number, what: string): string => {
    const value = text(tag);
    if (value === undefined || value === '') throw new RpmHeaderError(`its header has no ${what}`);
    return value;
  };
  const sourceRpm = text(tags.sourceRpm) ?? null;
  const isSource = sourceRpm === null || places.has(tags.sourcePackage);
  return {
    nevra: {
      name: required(tags.name, 'name'),
      epoch: number(tags.epoch) ?? 0,
      version: required(tags.version, 'version'),
      release: required(tags.release, 'release'),
      architecture: isSource ? 'src' : required(tags.architecture, 'architecture'),
    },
    sourceRpm: isSource ? null : sourceRpm,
    leavesOut: isSource && (places.has(tags.noSource) || places.has(tags.noPatch)),
    textFault: findTextFault(store, places),
    longestFileName: findLongestFileName(store, places),
  };
}
