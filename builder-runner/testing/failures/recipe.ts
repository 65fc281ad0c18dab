// What a recipe says: a package that cannot be built, and what is done to it or its builder.
import { z } from 'zod';

/** An RPM of a repository that the build uses, made on the spot. */
const rpmSchema = z.strictObject({
  head: z.string().default(''),
  install: z.string().default(''),
  files: z.string().default(''),
  scripts: z.string().default(''),
});

const repositorySchema = z.strictObject({
  /** Default: where the repository made of `rpms` is served. */
  url: z.string().optional(),
  /** More lines of its section in dnf.conf. */
  options: z.string().default(''),
  rpms: z.record(z.string(), rpmSchema).default({}),
  /** Shell, in the folder of the repository, before and after its metadata is made. */
  before: z.string().default(''),
  after: z.string().default(''),
});

export const recipeSchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9-]+$/),
  /** The reason that people would give, written by hand. */
  reason: z.string(),
  package: z.string().default('hello'),
  /** The whole spec; without it one is made of the parts below. */
  spec: z.string().optional(),
  head: z.string().default(''),
  prep: z.string().default(''),
  build: z.string().default(''),
  install: z.string().default(''),
  check: z.string().default(''),
  files: z.string().default(''),
  tail: z.string().default(''),
  /** Text files beside the spec. */
  sources: z.record(z.string(), z.string()).default({}),
  /** Shell, in the folder of the sources, after they were written. */
  script: z.string().default(''),
  mode: z.enum(['rebuild', 'buildsrpm']).default('rebuild'),
  /** Shell on the source package ($1) before it is built. */
  srpm: z.string().default(''),
  /** By id, as they stand in dnf.conf. */
  repositories: z.record(z.string(), repositorySchema).default({}),
  /** More of the configuration, in Python. */
  config: z.string().default(''),
  timeoutSeconds: z.int().default(300),
  memoryBytes: z.int().nullable().default(null),
  diskBytes: z.int().default(2 * 1024 ** 3),
  /** Shell ($1 = mock's process id) that is run as soon as build.log holds a text. */
  kill: z.strictObject({ after: z.string(), command: z.string() }).nullable().default(null),
});
export type Recipe = z.infer<typeof recipeSchema>;
