// The form of statements, as far as those who verify rely on it. Fields that are not named here are let pass, as
// in-toto asks of its readers.
import { z } from 'zod';

/** `_type` of in-toto statements. */
export const statementKind = 'https://in-toto.io/Statement/v1';
/** Of SLSA provenance. */
export const predicateType = 'https://slsa.dev/provenance/v1';
/** Where each service describes how to read its build definitions: `buildType` is the service's address and this. */
export const buildTypePath = '/docs/reference/attestations/#build-type-1';

const digest = z.record(z.string(), z.string());

const resourceSchema = z
  .looseObject({
    name: z.string().optional(),
    uri: z.string().optional(),
    digest: digest.optional(),
    annotations: z.record(z.string(), z.unknown()).optional(),
  })
  .refine(({ uri, digest: hashes }) => uri !== undefined || hashes !== undefined, 'neither uri nor digest');
export type Resource = z.infer<typeof resourceSchema>;

const time = z.iso.datetime();
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

const predicateSchema = z.looseObject({
  buildDefinition: z.looseObject({
    buildType: z.string().endsWith(buildTypePath, `not a build type of Coppice (…${buildTypePath})`),
    externalParameters: z.looseObject({
      configRepository: z.string(),
      configCommit: z.string(),
      request: z.string(),
      project: z.string(),
      package: z.string(),
      chroot: z.string(),
    }),
    internalParameters: z.record(z.string(), z.unknown()).optional(),
    resolvedDependencies: z.array(resourceSchema).optional(),
  }),
  runDetails: z.looseObject({
    builder: z.looseObject({ id: z.string().min(1), version: z.record(z.string(), z.string()).optional() }),
    metadata: z.looseObject({ invocationId: z.string(), startedOn: time.optional(), finishedOn: time }),
    byproducts: z.array(resourceSchema).optional(),
  }),
  coppice_signedAgain: z
    .looseObject({
      project: z.string(),
      build: z.int().positive(),
      at: time,
      original: z.looseObject({ uri: z.string(), digest }),
    })
    .optional(),
});

/** The statement around any predicate: what of it is checked first. */
export const statementFrameSchema = z.looseObject({
  _type: z.literal(statementKind),
  subject: z.array(z.looseObject({ name: z.string(), digest: z.looseObject({ sha256 }) })).min(1),
  predicateType: z.string(),
  predicate: z.unknown(),
});

/** A whole statement of Coppice. */
export const statementSchema = z.looseObject({
  ...statementFrameSchema.shape,
  predicateType: z.literal(predicateType),
  predicate: predicateSchema,
});
export type Statement = z.infer<typeof statementSchema>;
