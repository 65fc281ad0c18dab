// dnf asks for `repomd.xml` and then, on the same connection, for its signature. When a repository is published between
// the two, the signature that belongs to what the client has is that of the generation before.
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { resolvePublished } from './open-published.ts';

interface Given {
  readonly number: string;
  /** Milliseconds, as `Date.now` counts. */
  readonly at: number;
}

/** Which generation each connection was given of which repository. */
const given = new WeakMap<Socket, Map<string, Given>>();
/** A client asks for the signature at once; what it has from before that it reads anew. */
const rememberMilliseconds = 60_000;
/** A client reads a few repositories at a time on one connection. */
const maximumRepositories = 64;

/** Readers ask in `repodata/`; builds are given what is not published yet. */
const indexPattern = /^(\/?results\/.+)\/(?:repodata|generations\/newest)\/repomd\.xml(\.asc)?$/;

/**
 * Where the index or the signature that `name` (relative to `root`, with `/`) asks for lies: that of one generation for
 * both, as long as they are asked for on one connection. Undefined for all else, and through a proxy, whose connections
 * are those of many clients.
 */
export async function findIndex(root: string, name: string, request: IncomingMessage): Promise<string | undefined> {
  const [, repository, signature] = indexPattern.exec(name) ?? [];
  if (repository === undefined || isProxied(request)) return undefined;
  const known = given.get(request.socket)?.get(repository);
  if (signature !== undefined && known !== undefined && Date.now() - known.at < rememberMilliseconds) {
    const path = `${repository}/generations/${known.number}/repomd.xml.asc`;
    if ((await resolvePublished(root, path))?.kind === 'file') return path;
  }
  if (signature !== undefined) return undefined;
  const number = /\/generations\/(\d+)\/repomd\.xml$/.exec((await resolvePublished(root, name))?.path ?? '')?.[1];
  if (number === undefined) return undefined;
  remember(request.socket, repository, number);
  return `${repository}/generations/${number}/repomd.xml`;
}

function remember(socket: Socket, repository: string, number: string): void {
  const repositories = given.get(socket) ?? new Map<string, Given>();
  given.set(socket, repositories);
  repositories.delete(repository);
  repositories.set(repository, { number, at: Date.now() });
  const [oldest] = repositories.keys();
  if (repositories.size > maximumRepositories && oldest !== undefined) repositories.delete(oldest);
}

function isProxied({ headers }: IncomingMessage): boolean {
  return headers['x-forwarded-for'] !== undefined || headers.forwarded !== undefined || headers.via !== undefined;
}
