// Downloads SRPMs only to know their SHA-256: nothing of them is kept.
import { createHash } from 'node:crypto';
import type { SrpmHashes } from './copr-source.ts';
import { eachChunk, fetchAllowed } from './fetch-allowed.ts';
import { ImportError } from './import-error.ts';

/**
 * How long one download may take, in seconds, and how large it may be, in bytes (`limits.sources` of coppice.yaml by
 * default).
 */
export interface HashBounds {
  readonly seconds: number;
  readonly bytes: number;
}

const usualBounds: HashBounds = { seconds: 300, bytes: 1024 ** 3 };

/** The hash of each address, or why there is none. One after the other: they come from one server most of the time. */
export async function hashSrpms(addresses: Iterable<string>, bounds: HashBounds = usualBounds): Promise<SrpmHashes> {
  const hashes = new Map<string, { sha256: string } | { why: string }>();
  for (const address of new Set(addresses)) hashes.set(address, await hashSrpm(address, bounds));
  return hashes;
}

async function hashSrpm(address: string, bounds: HashBounds): Promise<{ sha256: string } | { why: string }> {
  const hash = createHash('sha256');
  try {
    await fetchAllowed(new URL(address), bounds.seconds, async (response) => {
      const type = response.headers.get('content-type') ?? '';
      if (response.status !== 200) throw new ImportError('answer', `${address} answered ${response.status}.`);
      if (/^text\/|html|json/i.test(type)) throw new ImportError('answer', `${address} is no SRPM but ${type}.`);
      await eachChunk(response, bounds.bytes, (chunk) => hash.update(chunk));
    });
  } catch (error) {
    if (error instanceof ImportError) return { why: error.message };
    throw error;
  }
  return { sha256: hash.digest('hex') };
}
