// The file `sources` of a dist-git: which files a lookaside cache has, and their hashes. Anybody may have written it.
// Pure.

/** The kinds of hashes that prove something, in Node's words. MD5 and SHA-1 only name a file. */
const strong = { SHA256: 'sha256', SHA384: 'sha384', SHA512: 'sha512' } as const;
export type StrongHash = (typeof strong)[keyof typeof strong];

const lengths: Readonly<Record<string, number>> = {
  MD5: 32,
  SHA1: 40,
  SHA224: 56,
  SHA256: 64,
  SHA384: 96,
  SHA512: 128,
};

export interface SourceLine {
  readonly file: string;
  /** In lower case: `md5`, `sha512`. */
  readonly kind: string;
  readonly hash: string;
  /** What the file is held against; undefined: the hash proves nothing. */
  readonly proof: StrongHash | undefined;
}

const maximumLines = 1000;
const filePattern = /^[A-Za-z0-9_][A-Za-z0-9._+~^@%=,-]{0,199}$/;

/** Whether a name from outside may be the name of a file among the sources. */
export function isSourceFileName(name: string): boolean {
  return filePattern.test(name);
}

/**
 * The lines of the file, or one sentence for the first that is none. Both forms: `SHA512 (file) = hash`, and `md5
 * file`.
 * https://github.com/release-engineering/dist-git
 */
export function parseSourcesFile(text: string): readonly SourceLine[] | string {
  const found = new Map<string, SourceLine>();
  const lines = text.split(/\r?\n/);
  if (lines.length > maximumLines) return `the file \`sources\` has ${lines.length} lines; ${maximumLines} at most`;
  for (const [index, raw] of lines.entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    const read = parseLine(line);
    const where = `line ${index + 1} of the file \`sources\``;
    if (read === undefined) return `${where} is neither \`SHA512 (file) = hash\` nor \`md5 file\``;
    if (!isSourceFileName(read.file)) return `${where} names the file ${JSON.stringify(read.file)}, which cannot be`;
    const before = found.get(read.file);
    if (before !== undefined && (before.hash !== read.hash || before.kind !== read.kind)) {
      return `${where} names ${read.file} again with another hash`;
    }
    found.set(read.file, read);
  }
  return [...found.values()];
}

function parseLine(line: string): SourceLine | undefined {
  const tagged = /^([A-Z0-9]+) \((.+)\) = ([0-9a-fA-F]+)$/.exec(line);
  const plain = /^([0-9a-fA-F]{32})[ \t]+\*?(\S+)$/.exec(line);
  if (tagged === null && plain === null) return undefined;
  const [, kind = '', file = '', hash = ''] = tagged ?? [undefined, 'MD5', plain?.[2], plain?.[1]];
  if (lengths[kind] !== hash.length) return undefined;
  const proof = (strong as Readonly<Record<string, StrongHash | undefined>>)[kind];
  return { file, kind: kind.toLowerCase(), hash: hash.toLowerCase(), proof };
}
