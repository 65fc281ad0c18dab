// `packages.json` beside a record: what the headers of a build's packages say. All texts in it are the packager's.
import { z } from 'zod';

/** Its name in a build's folder. */
export const packageHeadersFile = 'packages.json';
/** A larger one is not the runner's. */
export const maximumPackageHeadersBytes = 2 * 1024 * 1024;

const count = z.int().nonnegative();

/** A name with its condition: `is` and `version` are there together, or neither is. */
export const relationSchema = z.strictObject({
  name: z.string(),
  is: z.enum(['<', '<=', '=', '>=', '>']).optional(),
  version: z.string().optional(),
});
export type Relation = z.infer<typeof relationSchema>;

/** The lists of relations of a package, as they are called in RPM. */
export const relationKinds = [
  'requires',
  'provides',
  'recommends',
  'suggests',
  'supplements',
  'enhances',
  'conflicts',
  'obsoletes',
] as const;
export type RelationKind = (typeof relationKinds)[number];

const relations = z.array(relationSchema);

const headerFileSchema = z.strictObject({
  path: z.string(),
  bytes: count,
  /** In octal, with the type in front, as Git writes it: `100644`, `040755`, `120777`. */
  mode: z.string().regex(/^[0-7]{6}$/),
  /** Of a symbolic link. */
  target: z.string().optional(),
});
export type HeaderFile = z.infer<typeof headerFileSchema>;

export const packageHeaderSchema = z.strictObject({
  /** Name, version, release, architecture; with the epoch where it is not 0. */
  nevra: z.string(),
  name: z.string(),
  summary: z.string().nullable(),
  license: z.string().nullable(),
  /** The address of the upstream project, as it stands there: it may be anything. */
  url: z.string().nullable(),
  group: z.string().nullable(),
  /** Several lines. */
  description: z.string().nullable(),
  /** ISO 8601, UTC. */
  builtAt: z.iso.datetime().nullable(),
  /** Of the files when they are installed. */
  installedBytes: count.nullable(),
  requires: relations,
  provides: relations,
  recommends: relations,
  suggests: relations,
  supplements: relations,
  enhances: relations,
  conflicts: relations,
  obsoletes: relations,
  files: z.array(headerFileSchema),
  /** The newest first. */
  changelog: z.array(z.strictObject({ at: z.iso.datetime(), author: z.string(), text: z.string() })),
  /** How many are missing from the end of a list; only lists that were cut are named. */
  left: z.partialRecord(z.enum([...relationKinds, 'files', 'changelog']), z.int().positive()),
});
export type PackageHeader = z.infer<typeof packageHeaderSchema>;

/** `packages.json`, schemaVersion 1: binary packages, the one that people come for first. */
export const packageHeadersSchema = z.strictObject({
  schemaVersion: z.literal(1),
  packages: z.array(packageHeaderSchema),
  /** Packages of the build that found no room in the file. */
  packagesLeft: count,
});
export type PackageHeaders = z.infer<typeof packageHeadersSchema>;
