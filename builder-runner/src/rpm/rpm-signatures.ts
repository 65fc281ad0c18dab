// Which kinds of signatures an RPM has, without running rpm on a file that a builder sent.
// Sources: https://rpm-software-management.github.io/rpm/manual/format_v4.html, rpm's include/rpm/rpmtag.h.
import { open } from 'node:fs/promises';
import { introBytes, leadBytes, parseIntro, RpmHeaderError } from './rpm-header.ts';

/** `package`: over the package, OpenPGP; `files`: over its files, for IMA or fs-verity. */
export type SignatureKind = 'package' | 'files';

/** DSA, RSA, OPENPGP, PGP, PGP5, GPG. */
const packageTags = [267, 268, 278, 1002, 1003, 1005];
/** FILESIGNATURES and their length, VERITYSIGNATURES and their algorithm. */
const fileTags = [274, 275, 276, 277];
const kindOfTag: ReadonlyMap<number, SignatureKind> = new Map([
  ...packageTags.map((tag) => [tag, 'package'] as const),
  ...fileTags.map((tag) => [tag, 'files'] as const),
]);

/** Reads the signature header of the RPM at `path`. Throws RpmHeaderError when it is no RPM. */
export async function readSignatureKinds(path: string): Promise<ReadonlySet<SignatureKind>> {
  const file = await open(path, 'r');
  try {
    const read = async (position: number, length: number) => {
      const buffer = Buffer.alloc(length);
      const { bytesRead } = await file.read(buffer, 0, length, position);
      if (bytesRead !== length) throw new RpmHeaderError('the file ends in the middle of its signatures');
      return buffer;
    };
    const { entries } = parseIntro(await read(leadBytes, introBytes));
    const index = await read(leadBytes + introBytes, entries * 16);
    const tags = Array.from({ length: entries }, (_entry, at) => index.readUInt32BE(at * 16));
    return new Set(tags.map((tag) => kindOfTag.get(tag)).filter((kind) => kind !== undefined));
  } finally {
    await file.close();
  }
}
