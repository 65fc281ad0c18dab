// Fetches one file from an address, through the cache. It must have the stated hash, or be what the address had when it
// was first fetched.
import { createHash } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import { copyFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { inTurn } from '../base/in-turn.ts';
import { fail, type Outcome, succeed } from '../base/outcome.ts';
import { Refused } from '../remote/addresses.ts';
import { saveUrl } from '../remote/http.ts';
import type { FetchOrder } from './fetch-order.ts';
import type { FetchedFile } from './fetched-source.ts';
import type { StrongHash } from './source-hashes.ts';

export interface FileOrder {
  readonly url: string;
  readonly folder: string;
  /** Its name in `folder`; there is no file of this name yet. */
  readonly file: string;
  /** Undefined: the file counts that was fetched first from this address. */
  readonly expected: { readonly kind: StrongHash; readonly hash: string } | undefined;
  readonly maximumBytes: number;
  /** Content types that tell what was not asked for, and what it should have been. */
  readonly refuse?: { readonly type: RegExp; readonly wanted: string };
}

/** The file at its place. Everything that the server does wrong is a failure with reason `source`. */
export async function fetchFile(order: FetchOrder, wanted: FileOrder): Promise<Outcome<FetchedFile>> {
  try {
    return succeed(
      await inTurn(
        `fetch ${wanted.url}`,
        async () => (await fromCache(order, wanted)) ?? (await fromServer(order, wanted)),
        order.signal,
      ),
    );
  } catch (error) {
    if (error instanceof Refused) return fail('source', `${wanted.url} ${error.message}.`);
    throw error;
  }
}

async function fromCache({ cache }: FetchOrder, wanted: FileOrder): Promise<FetchedFile | undefined> {
  const { expected, url, file } = wanted;
  const sha256 = expected?.kind === 'sha256' ? expected.hash : await cache.known(nameOf(wanted));
  if (sha256 === undefined) return undefined;
  const bytes = await cache.take(sha256, join(wanted.folder, file));
  if (bytes === undefined) return undefined;
  if (bytes > wanted.maximumBytes) throw new Refused(`is larger than the limit of ${wanted.maximumBytes} bytes`);
  return { url, file, sha256, bytes };
}

/** What the cache knows a file by: its stated hash of another kind than the cache's own, or its address. */
function nameOf({ expected, url }: FileOrder): string {
  return expected === undefined ? url : `${expected.kind}:${expected.hash}`;
}

async function fromServer(order: FetchOrder, wanted: FileOrder): Promise<FetchedFile> {
  const { cache } = order;
  const { url, file } = wanted;
  const fresh = await cache.temporary();
  try {
    const { rules, seconds, signal } = order;
    const { sha256, type, bytes } = await saveUrl(url, fresh, {
      rules,
      seconds,
      signal,
      maximumBytes: wanted.maximumBytes,
    });
    if (wanted.refuse?.type.test(type)) throw new Refused(`is not ${wanted.refuse.wanted} but ${type}`);
    await check(order, wanted, fresh, sha256);
    // Before the cache has it: another build may prune the cache at any time.
    await copyFile(fresh, join(wanted.folder, file), constants.COPYFILE_EXCL);
    await cache.put(fresh, sha256);
    await cache.remember(url, sha256);
    if (wanted.expected !== undefined) await cache.remember(nameOf(wanted), sha256);
    return { url, file, sha256, bytes };
  } finally {
    await rm(fresh, { force: true });
  }
}

async function check({ cache }: FetchOrder, { url, expected }: FileOrder, path: string, sha256: string): Promise<void> {
  if (expected === undefined) {
    const before = await cache.known(url);
    if (before === undefined || before === sha256) return;
    throw new Refused(
      `has changed: its SHA-256 is ${sha256}, and was ${before} when it was first fetched; if that is right, state the new one under \`sources:\``,
    );
  }
  const found = expected.kind === 'sha256' ? sha256 : await hashOf(path, expected.kind);
  if (found === expected.hash) return;
  const kind = expected.kind.replace('sha', 'SHA-');
  throw new Refused(`has the ${kind} ${found}, not ${expected.hash} as the package says`);
}

async function hashOf(path: string, kind: StrongHash): Promise<string> {
  const digest = createHash(kind);
  await pipeline(createReadStream(path), digest);
  return digest.digest('hex');
}
