// What a project's keyring holds, noted beside it so that nobody has to ask gpg each time.
import { join } from 'node:path';
import { type KeyNote, parseJsonAs, type SigningTerms } from '@coppice/config';
import { z } from 'zod';
import { readRegularFile } from '../base/regular-file.ts';
import { replaceFile } from '../base/replace-file.ts';
import type { RunGpg } from './keyring.ts';

const heldKeySchema = z.strictObject({
  fingerprint: z.string().regex(/^[0-9A-F]{40,64}$/),
  /** As gpg names it. */
  kind: z.string(),
  /** ISO 8601 UTC. */
  madeAt: z.iso.datetime(),
  /** Null: it never ends. */
  endsAt: z.iso.datetime().nullable(),
  /** Whether it can sign: a former key is here as a public one only. */
  isSecret: z.boolean(),
});
/** One key of a keyring. */
export type HeldKey = z.infer<typeof heldKeySchema>;

const notesSchema = z.array(heldKeySchema).min(1);
const notesFile = 'keys.json';
const maximumBytes = 1024 * 1024;

/** What the keyring holds, in the order in which it came there; undefined while nothing readable is noted. */
export async function readHeldKeys(folder: string): Promise<readonly HeldKey[] | undefined> {
  const read = await readRegularFile(join(folder, notesFile), maximumBytes);
  if (read?.kind !== 'text') return undefined;
  const parsed = parseJsonAs(read.text, notesSchema);
  return parsed.kind === 'value' ? parsed.value : undefined;
}

/** Asks gpg what the keyring holds, and notes it. */
export async function noteHeldKeys(folder: string, gpg: RunGpg): Promise<readonly HeldKey[]> {
  const secret = readListing(await gpg(['--with-colons', '--list-secret-keys']));
  const all = readListing(await gpg(['--with-colons', '--list-keys']));
  const keys = all.map((key) => ({ ...key, isSecret: secret.some((one) => one.fingerprint === key.fingerprint) }));
  await replaceFile(join(folder, notesFile), `${JSON.stringify(keys)}\n`, { sync: true });
  return keys;
}

const algorithms: Readonly<Record<string, string>> = { '1': 'rsa', '17': 'dsa' };

/**
 * Reads gpg's list with colons (its doc/DETAILS: field 3 length, 4 algorithm, 6 made and 7 ends in seconds, 17 curve).
 * Pure.
 */
export function readListing(listing: string): readonly Omit<HeldKey, 'isSecret'>[] {
  const keys: Omit<HeldKey, 'isSecret'>[] = [];
  let about: Omit<HeldKey, 'isSecret' | 'fingerprint'> | undefined;
  for (const line of listing.split('\n')) {
    const fields = line.split(':');
    if (fields[0] === 'pub' || fields[0] === 'sec') {
      const [, , length = '', algorithm = '', , made = '', ends = ''] = fields;
      const kind = fields[16] || `${algorithms[algorithm] ?? 'other'}${length}`;
      about = { kind, madeAt: isoOf(made), endsAt: ends === '' ? null : isoOf(ends) };
    } else if (fields[0] === 'fpr' && about !== undefined) {
      keys.push({ fingerprint: fields[9] ?? '', ...about });
      about = undefined; // what follows are its subkeys
    }
  }
  return keys;
}

function isoOf(seconds: string): string {
  return new Date(Number(seconds) * 1000).toISOString();
}

/** Metadata that a key has signed cannot be read any more when it has ended: the next one signs a day before. */
const spareSeconds = 86_400;

/**
 * What each key is for, the one that signs first. A secret key that came after it is the next one; what is left of one
 * that has signed is a former one. Pure.
 */
export function rolesOf(
  held: readonly HeldKey[],
  signing: string,
  { overlapSeconds }: Pick<SigningTerms, 'overlapSeconds'>,
): readonly KeyNote[] {
  const at = held.findIndex(({ fingerprint }) => fingerprint === signing);
  const current = held[at];
  if (current === undefined) return [];
  const nextIndex = held.findLastIndex(({ isSecret }, index) => isSecret && index > at);
  const overlapEnds = Date.parse(held[nextIndex]?.madeAt ?? current.madeAt) + overlapSeconds * 1000;
  const latest = current.endsAt === null ? overlapEnds : Date.parse(current.endsAt) - spareSeconds * 1000;
  const note = ({ fingerprint, kind, endsAt }: HeldKey, role: KeyNote['role']): KeyNote => ({
    ...{ fingerprint, kind, role, endsAt },
    signsFrom: role === 'next' ? new Date(Math.min(overlapEnds, latest)).toISOString() : null,
  });
  const others = held.flatMap((key, index) => {
    if (index === at || index === nextIndex) return [];
    return [note(key, 'former')];
  });
  const next = held[nextIndex];
  return [note(current, 'signing'), ...(next === undefined ? [] : [note(next, 'next')]), ...others];
}

/** Whether a key has ended at `now`, in milliseconds. Pure. */
export function hasEnded({ endsAt }: Pick<HeldKey, 'endsAt'>, now: number): boolean {
  return endsAt !== null && Date.parse(endsAt) <= now;
}
