// How long signing keys last, and how those of removed projects are kept.
import { access, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { listRemovedKeys } from '@coppice/builder-runner/runner';
import { keyWarningSeconds, type Settings } from '@coppice/config';
import { execa } from 'execa';
import { backupKeyFile, type Home } from '../service/home.ts';
import { describe } from '../service/log.ts';
import { broken, type Finding, good } from './doctor-finding.ts';
import { keyFolders } from './doctor-home.ts';

const daySeconds = 24 * 3600;
const warningDays = keyWarningSeconds / daySeconds;

/** Which signing keys have ended or end within the time in which they are told of. `now` in milliseconds. */
export async function keysFinding(home: Home, now: number): Promise<Finding> {
  const files: string[] = [];
  const signing = new Set<string>();
  for (const folder of await keyFolders(home)) {
    const file = join(folder, 'pubkey.gpg');
    await access(file).then(
      () => files.push(file),
      () => undefined,
    );
    const fingerprint = await readFile(join(folder, 'fingerprint'), 'utf8').catch(() => '');
    if (fingerprint.trim() !== '') signing.add(fingerprint.trim());
  }
  if (files.length === 0) return good('keys', 'no project has one yet');
  try {
    return judgeKeys(await showKeys(files), now, signing);
  } catch (error) {
    return broken('keys', describe(error), `see which of ${join(home.state, 'keys')} gpg cannot read, and restore it`);
  }
}

/** gpg's list with colons of what files hold. Throws what gpg says. */
async function showKeys(files: readonly string[]): Promise<string> {
  const scratch = await mkdtemp(join(tmpdir(), 'coppice-doctor-'));
  try {
    const env = { PATH: process.env.PATH ?? '/usr/bin:/bin', GNUPGHOME: scratch, HOME: scratch, LC_ALL: 'C.UTF-8' };
    const args = ['--batch', '--no-tty', '--with-colons', '--show-keys', '--', ...files];
    const { stdout } = await execa('gpg', args, { env, extendEnv: false, stdin: 'ignore', timeout: 60_000 });
    return stdout;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

interface ShownKey {
  readonly isRevoked: boolean;
  /** Seconds. */
  readonly madeAt: number;
  /** Seconds, undefined: never. */
  readonly endsAt: number | undefined;
  fingerprint: string;
  name: string;
}

/** Reads gpg's list with colons (doc/DETAILS: field 2 validity, 6 made, 7 ends in seconds, 10 id). Pure. */
function readShown(listing: string): readonly ShownKey[] {
  const keys: ShownKey[] = [];
  for (const line of listing.split('\n')) {
    const fields = line.split(':');
    const last = keys.at(-1);
    if (fields[0] === 'pub') {
      const endsAt = fields[6] ? Number(fields[6]) : undefined;
      keys.push({ isRevoked: fields[1] === 'r', madeAt: Number(fields[5]), endsAt, fingerprint: '', name: '' });
    } else if (fields[0] === 'fpr' && last?.fingerprint === '') last.fingerprint = fields[9] ?? '';
    else if (fields[0] === 'uid' && last?.name === '') last.name = fields[9] ?? '';
  }
  return keys;
}

/**
 * Of the keys that sign, which were revoked, have ended, or end soon with no later one of the same name beside them.
 * Those that never end, as keys were made once, are counted. Pure.
 */
export function judgeKeys(listing: string, now: number, signing: ReadonlySet<string>): Finding {
  const all = readShown(listing);
  const present = all.filter(({ fingerprint }) => signing.has(fingerprint));
  const isFollowed = ({ name, madeAt }: ShownKey) =>
    all.some((other) => other.name === name && other.madeAt > madeAt && !signing.has(other.fingerprint));
  const ending = present.flatMap((key) => {
    if (key.isRevoked) return [`the key of ${key.name} was revoked`];
    const left = key.endsAt === undefined ? Number.POSITIVE_INFINITY : (key.endsAt - now / 1000) / daySeconds;
    if (left > warningDays || (left > 0 && isFollowed(key))) return [];
    return [`the key of ${key.name} ${left <= 0 ? 'has ended' : `ends in ${Math.ceil(left)} days`}`];
  });
  if (ending.length > 0) {
    const more = ending.length > 5 ? `; and ${ending.length - 5} more` : '';
    const fix = 'let another key follow: coppice rotate-key OWNER/PROJECT';
    return broken('keys', `${ending.slice(0, 5).join('; ')}${more}`, fix);
  }
  const endless = present.filter(({ endsAt }) => endsAt === undefined).length;
  const last = `${present.length} ${present.length === 1 ? 'lasts' : 'last'} longer than ${warningDays} days`;
  return good('keys', endless === 0 ? last : `${last}; ${endless} of them never ${endless === 1 ? 'ends' : 'end'}`);
}

/** Keys that are kept of projects that are gone: whoever reads the disk has those that are not encrypted. */
export async function removedKeysFinding(home: Home, settings: Settings | undefined): Promise<Finding> {
  const what = 'removed keys';
  const kept = await listRemovedKeys(home.folder);
  if (kept.length === 0) return good(what, 'none is kept');
  const open = kept.filter(({ isEncrypted }) => !isEncrypted).length;
  const count = `${kept.length} ${kept.length === 1 ? 'is' : 'are'} kept for a year`;
  if (open === 0) return good(what, `${count}, encrypted`);
  const hasBackupKey = settings !== undefined && backupKeyFile(settings, home) !== undefined;
  const why = hasBackupKey
    ? 'the service encrypts them within an hour'
    : 'the settings name no backup.publicKeyFile that they could be encrypted to';
  return good(what, `${count}, ${open} of them not encrypted: ${why}`);
}

/** Whether something can be encrypted to the key that the settings name; nothing when they name none. */
export async function backupKeyFinding(home: Home, settings: Settings, now: number): Promise<readonly Finding[]> {
  const file = backupKeyFile(settings, home);
  if (file === undefined) return [];
  const fix = 'export it anew: gpg --armor --export NAME > FILE, and name that in backup.publicKeyFile';
  try {
    const isFit = canEncryptTo(await showKeys([file]), now);
    if (isFit) return [good('backup key', `${file} can be encrypted to`)];
    return [broken('backup key', `${file} holds no key that can be encrypted to, or it has ended`, fix)];
  } catch (error) {
    return [broken('backup key', `${file}: ${describe(error)}`, fix)];
  }
}

/** Whether a key of gpg's list with colons, or a subkey, can be encrypted to: field 12 is what each can do. Pure. */
function canEncryptTo(listing: string, now: number): boolean {
  let isPrimaryGood = false;
  return listing.split('\n').some((line) => {
    const [kind, validity = '', , , , , ends = '', , , , , capabilities = ''] = line.split(':');
    if (kind !== 'pub' && kind !== 'sub') return false;
    const isGood = !['r', 'd', 'i'].includes(validity) && (ends === '' || Number(ends) * 1000 > now);
    if (kind === 'pub') isPrimaryGood = isGood;
    return isPrimaryGood && isGood && capabilities.includes('e');
  });
}
