// The form of a pinned source in records (`result.json`, the queue's snapshot).
import { z } from 'zod';
import { gitMethods, pypiGenerators } from './source.ts';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const text = z.string();
const hashes = z.record(text, sha256).optional();

/** The source as it was resolved: a commit or a hash. */
export const pinnedSourceSchema = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('dir'),
    commit: text,
    path: text,
    tree: text,
    spec: text.optional(),
    sources: hashes,
  }),
  z.strictObject({
    type: z.literal('git'),
    url: text,
    ref: text,
    commit: text,
    subdirectory: text.optional(),
    spec: text.optional(),
    method: z.enum(gitMethods).optional(),
    sources: hashes,
  }),
  z.strictObject({
    type: z.literal('distgit'),
    url: text,
    package: text,
    branch: text,
    commit: text,
    lookaside: text.optional(),
    spec: text.optional(),
    sources: hashes,
  }),
  z.strictObject({ type: z.literal('srpm'), url: text, sha256 }),
  z.strictObject({
    type: z.literal('pypi'),
    package: text,
    version: text,
    url: text,
    sha256,
    python: z.array(text).readonly().optional(),
    template: text.optional(),
    generator: z.enum(pypiGenerators).optional(),
  }),
  z.strictObject({ type: z.literal('rubygems'), gem: text, version: text, url: text, sha256 }),
  z.strictObject({
    type: z.literal('script'),
    script: text,
    commit: text.optional(),
    path: text.optional(),
    tree: text.optional(),
    builddeps: z.array(text).readonly().optional(),
    chroot: text.optional(),
    resultdir: text.optional(),
  }),
]);

/** A file that was fetched for a source package: `file` is its name among the sources. */
export const fetchedFileSchema = z.strictObject({ url: text, file: text, sha256, bytes: z.int().nonnegative() });
export type FetchedFileRecord = z.infer<typeof fetchedFileSchema>;

/** A submodule that was fetched for a source package: where it stands, where it is from, and what was taken. */
export const submoduleSchema = z.strictObject({ path: text, url: text, commit: text });
export type SubmoduleRecord = z.infer<typeof submoduleSchema>;

/** A commit of a source, as its repository tells of it: the first line of its message is anybody's text. */
export const commitSchema = z.strictObject({ commit: text, subject: text });
export type CommitRecord = z.infer<typeof commitSchema>;
