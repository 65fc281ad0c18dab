// Files that a repository keeps in Git LFS: their pointers, and the API that says where the files are.
// https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md and docs/api/batch.md. Pure.
import { z } from 'zod';

export interface LfsPointer {
  readonly sha256: string;
  readonly bytes: number;
}

/** No pointer is longer. */
export const maximumPointerBytes = 1024;
const version = /^version https:\/\/(?:git-lfs\.github\.com|hawser\.github\.com)\/spec\/v1\n/;

/** What the text of a file stands for when it is a pointer; undefined of all else. */
export function parseLfsPointer(text: string): LfsPointer | undefined {
  if (text.length > maximumPointerBytes || !version.test(text)) return undefined;
  const [, sha256] = /\noid sha256:([0-9a-f]{64})\n/.exec(text) ?? [];
  const [, bytes] = /\nsize (\d{1,15})\n/.exec(text) ?? [];
  return sha256 === undefined || bytes === undefined ? undefined : { sha256, bytes: Number(bytes) };
}

/**
 * Where a repository's files are asked for:
 * https://github.com/git-lfs/git-lfs/blob/main/docs/api/server-discovery.md
 */
export function lfsBatchUrl(repository: string): string {
  const plain = repository.replace(/\/+$/, '');
  return `${plain.endsWith('.git') ? plain : `${plain}.git`}/info/lfs/objects/batch`;
}

export const lfsMediaType = 'application/vnd.git-lfs+json';

/** What is asked of the API. */
export function lfsRequest(pointers: readonly LfsPointer[]) {
  const objects = pointers.map(({ sha256, bytes }) => ({ oid: sha256, size: bytes }));
  return { operation: 'download', transfers: ['basic'], hash_algo: 'sha256', objects };
}

const answer = z.object({
  objects: z
    .array(
      z.object({
        oid: z.string(),
        error: z.object({ message: z.string() }).optional(),
        actions: z
          .object({ download: z.object({ href: z.string(), header: z.record(z.string(), z.string()).optional() }) })
          .partial()
          .optional(),
      }),
    )
    .max(1000),
});

export interface LfsDownload {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** The places by SHA-256, or why there is none, as the end of a sentence. Undefined when it is no answer. */
export function parseLfsAnswer(
  value: unknown,
): ReadonlyMap<string, LfsDownload | { readonly why: string }> | undefined {
  const read = answer.safeParse(value);
  if (!read.success) return undefined;
  return new Map<string, LfsDownload | { readonly why: string }>(
    read.data.objects.map(({ oid, error, actions }) => {
      const { href, header = {} } = actions?.download ?? {};
      if (href === undefined)
        return [oid, { why: `is not given by its server (${(error?.message ?? 'no address').slice(0, 200)})` }];
      return [oid, { url: href, headers: ownHeaders(header) }];
    }),
  );
}

/** Those by which a server knows its own addresses again; all others are ours to say. */
function ownHeaders(header: Readonly<Record<string, string>>): Record<string, string> {
  const known = Object.entries(header).filter(
    ([name, value]) =>
      /^(?:authorization|accept|x-[a-z0-9-]{1,60})$/i.test(name) && /^[\x20-\x7e]{0,4000}$/.test(value),
  );
  return Object.fromEntries(known.slice(0, 20));
}
