// Compares the metadata of a repository with what createrepo_c says of the same packages, made anew, and with its own
// checksums and signature.
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { exists } from '../base/absent.ts';
import { describeError, RunnerError } from '../base/errors.ts';
import { describePackages, readPackages } from './createrepo.ts';
import { gunzip } from './data-file.ts';
import { type List, lists, locationOf, type PackageTexts } from './texts.ts';

/** What a repository that is looked at says. */
export interface RepositoryVerdict {
  /** How many packages its metadata names. */
  readonly rpms: number;
  /** Sentences; none when all is right. */
  readonly problems: readonly string[];
}

/**
 * Looks at the repository in `folder`. `key`: the armored keys of which one has to have signed it. Throws RunnerError
 * `metadata` when there is no repository or it cannot be read at all, `tool-missing` without createrepo_c or gpg.
 */
export async function verifyRepository(folder: string, key: string | undefined): Promise<RepositoryVerdict> {
  const repodata = join(folder, 'repodata');
  const index = await readFile(join(repodata, 'repomd.xml'), 'utf8').catch((error: unknown) => {
    throw new RunnerError('metadata', `there is no repository in ${folder}: ${describeError(error)}`);
  });
  const problems: string[] = [];
  if (key !== undefined) problems.push(...(await verifySignature(repodata, key)));
  for (const entry of readEntries(index)) problems.push(...(await verifyFile(folder, entry)));
  const shown = await readPackages(repodata);
  const wrongCounts = await verifyCounts(repodata, index, shown.length);
  const [there, gone] = await findFiles(folder, new Set(shown.map(({ primary }) => locationOf(primary))));
  for (const path of gone) problems.push(`${path}: there is no such file`);
  const made = await describePackages(folder, there);
  for (const { path, line } of made.leftOut) problems.push(`${path}: createrepo_c leaves it out: ${line}`);
  return { rpms: shown.length, problems: [...problems, ...wrongCounts, ...compare(shown, made.packages)] };
}

/** Of paths in `folder`, those of which there is a file, and the others. */
async function findFiles(
  folder: string,
  paths: ReadonlySet<string>,
): Promise<readonly [there: readonly string[], gone: readonly string[]]> {
  const there: string[] = [];
  const gone: string[] = [];
  for (const path of paths) ((await exists(join(folder, path))) ? there : gone).push(path);
  return [there, gone];
}

interface Entry {
  readonly type: string;
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly openBytes: number | undefined;
  readonly openSha256: string | undefined;
}

function readEntries(index: string): readonly Entry[] {
  return [...index.matchAll(/<data type="([^"]*)">(.*?)<\/data>/gs)].map(([, type = '', text = '']) => {
    const one = (pattern: RegExp) => pattern.exec(text)?.[1];
    const number = (value: string | undefined) => (value === undefined ? undefined : Number(value));
    return {
      type,
      file: one(/<location href="([^"]*)"/) ?? '',
      bytes: Number(one(/<size>(\d+)</)),
      sha256: one(/<checksum type="sha256">([0-9a-f]+)</) ?? '',
      openBytes: number(one(/<open-size>(\d+)</)),
      openSha256: one(/<open-checksum type="sha256">([0-9a-f]+)</),
    };
  });
}

async function verifyFile(folder: string, entry: Entry): Promise<readonly string[]> {
  const { type, file, bytes, sha256, openBytes, openSha256 } = entry;
  if (!/^repodata\/[^/]+$/.test(file)) return [`repomd.xml: the file of ${type} lies outside of repodata/: ${file}`];
  const content = await readFile(join(folder, file)).catch(() => undefined);
  if (content === undefined) return [`${file}: it is not there`];
  const problems: string[] = [];
  if (content.length !== bytes) problems.push(`${file}: it has ${content.length} bytes, and the index says ${bytes}`);
  if (hashOf(content) !== sha256) problems.push(`${file}: its checksum is not the one in the index`);
  if (openSha256 === undefined) return problems;
  const open = await gunzip(content).catch(() => undefined);
  if (open === undefined) return [...problems, `${file}: it cannot be unpacked`];
  if (open.length !== openBytes) problems.push(`${file}: unpacked it has ${open.length} bytes, not ${openBytes}`);
  if (hashOf(open) !== openSha256) problems.push(`${file}: its checksum when unpacked is not the one in the index`);
  return problems;
}

function hashOf(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}

/** The number at the start of each list. */
async function verifyCounts(repodata: string, index: string, rpms: number): Promise<readonly string[]> {
  const problems: string[] = [];
  for (const { type, file } of readEntries(index)) {
    if (!(lists as readonly string[]).includes(type)) continue;
    const text = (await gunzip(await readFile(join(repodata, '..', file)))).toString('latin1', 0, 1000);
    const stated = / packages="(\d+)"/.exec(text)?.[1];
    if (Number(stated) !== rpms) problems.push(`${file}: it says that it has ${stated} packages and has ${rpms}`);
  }
  return problems;
}

async function verifySignature(repodata: string, key: string): Promise<readonly string[]> {
  const ring = await mkdtemp(join(tmpdir(), 'coppice-verify-'));
  try {
    const run = (program: string, args: readonly string[], input?: string) =>
      execa(program, args, {
        ...(input === undefined ? { stdin: 'ignore' as const } : { input }),
        env: { LC_ALL: 'C.UTF-8', GNUPGHOME: ring },
        reject: false,
        timeout: 60_000,
      });
    const keyring: Buffer[] = [];
    // Each key has an armor of its own while one follows another.
    for (const [armored] of key.matchAll(
      /-----BEGIN PGP PUBLIC KEY BLOCK-----.*?-----END PGP PUBLIC KEY BLOCK-----/gs,
    )) {
      const plain = join(ring, `key-${keyring.length}`);
      const done = await run(
        'gpg',
        ['--batch', '--quiet', '--no-autostart', '--output', plain, '--dearmor'],
        `${armored}\n`,
      );
      if (done.code === 'ENOENT') throw new RunnerError('tool-missing', 'gpg is missing: install gnupg');
      if (done.exitCode !== 0) return [`the key cannot be read: ${describeError(done.stderr)}`];
      keyring.push(await readFile(plain));
    }
    await writeFile(join(ring, 'ring.gpg'), Buffer.concat(keyring));
    const index = join(repodata, 'repomd.xml');
    const checked = await run('gpgv', ['--keyring', join(ring, 'ring.gpg'), `${index}.asc`, index]);
    if (checked.code === 'ENOENT') throw new RunnerError('tool-missing', 'gpgv is missing: install gpgv');
    if (checked.exitCode === 0) return [];
    return [`repomd.xml.asc: it is no signature of repomd.xml by this key: ${describeError(checked.stderr)}`];
  } finally {
    await rm(ring, { recursive: true, force: true });
  }
}

/** Package by package and field by field; both in whatever order. Pure. */
function compare(shown: readonly PackageTexts[], made: readonly PackageTexts[]): readonly string[] {
  const anew = new Map(made.map((texts) => [locationOf(texts.primary), texts]));
  const seen = new Set<string>();
  return shown.flatMap((texts) => {
    const path = locationOf(texts.primary);
    if (seen.has(path)) return [`${path}: it is named twice`];
    seen.add(path);
    const other = anew.get(path);
    return other === undefined ? [] : lists.flatMap((list) => differences(path, list, texts[list], other[list]));
  });
}

function differences(path: string, list: List, shown: string, made: string): readonly string[] {
  const [ours, theirs] = [shown, made].map(fieldsOf) as [string[], string[]];
  const at = ours.findIndex((line, index) => line !== theirs[index]);
  if (at === -1 && ours.length === theirs.length) return [];
  const line = (ours[at] ?? theirs[ours.length] ?? theirs[at] ?? '').trim();
  return [`${path}: ${list} says otherwise than createrepo_c: ${line.slice(0, 200)}`];
}

/** A file that was copied or restored may have another time than when it was published. */
function fieldsOf(text: string): string[] {
  return text.replace(/<time file="\d+"/, '<time file=""').split('\n');
}
