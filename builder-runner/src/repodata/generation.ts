// What a generation of a repository records of itself, and `repomd.xml`, its index. Pure.
// Source of the index's form: createrepo_c (src/xml_dump_repomd.c), librepo (librepo/repomd.c).
import { z } from 'zod';
import type { Chunk } from './chunks.ts';
import { encodeXml, lists } from './texts.ts';

const count = z.number().int().nonnegative();
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** One file that the index names. */
const dataFileSchema = z.object({
  /** `primary`, `filelists`, `other`, or what else the index may name: `group`, `appstream`. */
  type: z.string().regex(/^[a-z][a-z0-9_-]{0,40}$/),
  /** Its name in `repodata/`. */
  file: z.string().regex(/^[0-9a-f]{64}-[A-Za-z0-9._-]{1,80}$/),
  sha256,
  bytes: count,
  /** Of what it is unpacked. Files that are not packed have none. */
  open: z.object({ sha256, bytes: count }).optional(),
  /** Seconds since 1970. */
  seconds: count,
});
export type DataFile = z.infer<typeof dataFileSchema>;

const sizeSchema = z.object({ packed: count, open: count });
const chunkSchema: z.ZodType<Chunk> = z.object({
  first: z.string(),
  rpms: count,
  digest: sha256,
  newestSeconds: count,
  primary: sizeSchema,
  filelists: sizeSchema,
  other: sizeSchema,
});

/** A change against the generation that it was made from: what is shown of a package. */
const changeSchema = z.object({
  package: z.string(),
  /** `[epoch:]version-release` before and after; null for nothing. */
  before: z.string().nullable(),
  after: z.string().nullable(),
  /** Binary packages that are not shown any more: some of them. Missing in files from before they were noted. */
  gone: z.array(z.string()).optional(),
});
export type PackageChange = z.infer<typeof changeSchema>;

/** A package that users get an older build of, since a return to an earlier generation. */
const takenBackSchema = z.object({
  package: z.string(),
  /** The number of the newest build that users had of it: what is newer takes its place. */
  above: count,
  /** The folder of the build that they get, null for none, and its `[epoch:]version-release`. */
  build: z.string().nullable(),
  version: z.string().nullable(),
});
export type TakenBack = z.infer<typeof takenBackSchema>;

/** Who asked for a generation by a command. */
const askedSchema = z.object({
  login: z.string(),
  /** Address of the comment. */
  request: z.string(),
  /** Unique to the command, and the same when it is carried out again. */
  batch: z.string(),
});
export type Asked = z.infer<typeof askedSchema>;

/** `generations/<N>/generation.json`. */
export const generationSchema = z.object({
  schemaVersion: z.literal(1),
  generation: z.number().int().positive(),
  /** ISO 8601, UTC. */
  publishedAt: z.iso.datetime(),
  /** What it was made from; null for the first. */
  madeFrom: z.number().int().positive().nullable(),
  /** The generation whose content it has again. */
  returnsTo: z.number().int().positive().optional(),
  /** What readers saw before it, null for nothing; it is not there when the generation was made for builds alone. */
  replaces: z.number().int().positive().nullable().optional(),
  takenBack: z.array(takenBackSchema).optional(),
  /** Where a person asked for it. */
  asked: askedSchema.optional(),
  rpms: count,
  /** At most `maximumChanges` of them. */
  changes: z.array(changeSchema),
  /** How many packages changed. */
  changed: count,
  /** The three lists first. */
  files: z.array(dataFileSchema).min(lists.length),
  /** Bytes of each list, as packed, before its first chunk. */
  starts: z.object({ primary: count, filelists: count, other: count }),
  chunks: z.array(chunkSchema),
});
export type Generation = z.infer<typeof generationSchema>;

/** How many changes a generation names, and how many binary packages that go of each. */
export const maximumChanges = 1000;
export const maximumGone = 20;

/** More than any repository's that a disk can hold. */
export const maximumGenerationBytes = 64 * 1024 ** 2;

/** The text of `repomd.xml`. Revision and times come from the content: the same content makes the same bytes. */
export function formatRepomd(files: readonly DataFile[]): string {
  const revision = Math.max(0, ...files.map(({ seconds }) => seconds));
  const entries = files.map(({ type, file, sha256: sum, bytes, open, seconds }) => {
    const opened = open === undefined ? [] : [`    <open-checksum type="sha256">${open.sha256}</open-checksum>`];
    const openSize = open === undefined ? [] : [`    <open-size>${open.bytes}</open-size>`];
    return [
      `  <data type="${encodeXml(type)}">`,
      `    <checksum type="sha256">${sum}</checksum>`,
      ...opened,
      `    <location href="repodata/${encodeXml(file)}"/>`,
      `    <timestamp>${seconds}</timestamp>`,
      `    <size>${bytes}</size>`,
      ...openSize,
      '  </data>',
    ].join('\n');
  });
  const namespace = 'http://linux.duke.edu/metadata';
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<repomd xmlns="${namespace}/repo" xmlns:rpm="${namespace}/rpm">`,
    `  <revision>${revision}</revision>`,
    ...entries,
    '</repomd>',
    '',
  ].join('\n');
}
