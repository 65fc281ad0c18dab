// What is said of a published file to whoever gets it over HTTP, from here or from a mirror.
import { contentType } from 'mime-types';

/** Types that the tables of the web do not know or that people want to read in a browser. */
const ownTypes: readonly (readonly [ending: string, type: string])[] = [
  ['.log', 'text/plain; charset=utf-8'],
  ['.spec', 'text/plain; charset=utf-8'],
  ['.repo', 'text/plain; charset=utf-8'],
  ['.asc', 'text/plain; charset=utf-8'],
  ['.gpg', 'application/pgp-keys'],
  ['.rpm', 'application/x-rpm'],
  // Nothing is registered for lines of JSON; this is what https://jsonlines.org, whose ending it is, proposes.
  ['.jsonl', 'application/jsonl; charset=utf-8'],
  ['opensearch.xml', 'application/opensearchdescription+xml'],
];

/** The value of Content-Type, by the file's name. */
export function typeOf(name: string): string {
  const own = ownTypes.find(([ending]) => name.endsWith(ending));
  return own?.[1] ?? (contentType(name.slice(name.lastIndexOf('/') + 1)) || 'application/octet-stream');
}

/**
 * The value of Cache-Control. Logs grow and metadata is replaced: clients ask again, and a cheap 304 answers them.
 */
export function cachingOf(name: string): string {
  // Named by their content.
  if (/^\/?assets\/[^/]+\.[0-9a-f]{16}\.\w+$/.test(name)) return 'public, max-age=31536000, immutable';
  return name.endsWith('.rpm') ? 'public, max-age=86400' : 'no-cache';
}

/** Below these, programs of other sites may read: all of it is public, and there is nothing to be logged in to. */
const readAnywhere = /^\/?(?:api|api_3|badges|events|feeds)\//;

/** Whether a page of any other site may read the file. */
export function isReadAnywhere(name: string): boolean {
  return readAnywhere.test(name);
}

/** Whether a file of this type gets smaller when it is compressed, and is not already. Metadata of repositories is. */
export function isCompressible(type: string): boolean {
  return /^(?:text\/|image\/svg\+xml|application\/(?:json|jsonl|xml|javascript|[\w.-]+\+(?:json|xml))(?:;|$))/.test(
    type,
  );
}
