// dnf asks for `repomd.xml` and some milliseconds later for its signature, usually on another connection. When a
// repository is published between the two, the signature that belongs to what the client has is that of the generation
// before.
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { resolvePublished } from './open-published.ts';

interface Given {
  readonly number: string;
  /** Milliseconds, as `Date.now` counts. */
  readonly at: number;
}

/** Which generation was given of which repository, the newest last. */
type Memory = Map<string, Given>;

/** What each connection was given: it is one client's, or a proxy's. */
const byConnection = new WeakMap<Socket, Memory>();
const maximumOfConnection = 64;
/** What clients were given by their addresses and programs, for those that use a connection once. */
const byClient: Memory = new Map();
const maximumOfClients = 20_000;
/** A client asks for the signature at once; what it has from before that it reads anew. */
const rememberMilliseconds = 10_000;

/** Readers ask in `repodata/`; builds are given what is not published yet, through tunnels that have one address. */
const indexPattern = /^(\/?results\/.+)\/(repodata|generations\/newest)\/repomd\.xml(\.asc)?$/;

/**
 * Where the index or the signature that `name` (relative to `root`, with `/`) asks for lies: that of one generation for
 * both, when one client asks for them one after the other. Undefined for all else. Two clients of one address and
 * program that ask at the same time may be taken for one another: then one of them may meet what it would meet without
 * this.
 */
export async function findIndex(root: string, name: string, request: IncomingMessage): Promise<string | undefined> {
  const [, repository, folder, signature] = indexPattern.exec(name) ?? [];
  if (repository === undefined) return undefined;
  const client = folder === 'repodata' ? `${clientOf(request)} ${repository}` : undefined;
  const ofConnection = byConnection.get(request.socket) ?? new Map<string, Given>();
  if (signature !== undefined) {
    const known = (isProxied(request) ? undefined : recall(ofConnection, repository)) ?? recall(byClient, client);
    const path = `${repository}/generations/${known?.number}/repomd.xml.asc`;
    return known !== undefined && (await resolvePublished(root, path))?.kind === 'file' ? path : undefined;
  }
  const number = /\/generations\/(\d+)\/repomd\.xml$/.exec((await resolvePublished(root, name))?.path ?? '')?.[1];
  if (number === undefined) {
    // It is of no generation, and so is its signature.
    ofConnection.delete(repository);
    if (client !== undefined) byClient.delete(client);
    return undefined;
  }
  byConnection.set(request.socket, ofConnection);
  remember(ofConnection, repository, number, maximumOfConnection);
  if (client !== undefined) remember(byClient, client, number, maximumOfClients);
  return `${repository}/generations/${number}/repomd.xml`;
}

function recall(memory: Memory, key: string | undefined): Given | undefined {
  const known = key === undefined ? undefined : memory.get(key);
  return known !== undefined && Date.now() - known.at < rememberMilliseconds ? known : undefined;
}

function remember(memory: Memory, key: string, number: string, maximum: number): void {
  memory.delete(key);
  memory.set(key, { number, at: Date.now() });
  for (const [oldest, { at }] of memory) {
    if (memory.size <= maximum && Date.now() - at < rememberMilliseconds) return;
    memory.delete(oldest);
  }
}

/** The address as a proxy tells it: whoever makes one up gets the signature that belongs to it. */
function clientOf({ headers, socket }: IncomingMessage): string {
  const address = headers['x-forwarded-for'] ?? headers.forwarded ?? socket.remoteAddress ?? '';
  return `${address}`.slice(0, 200) + ` ${headers['user-agent'] ?? ''}`.slice(0, 200);
}

function isProxied({ headers }: IncomingMessage): boolean {
  return headers['x-forwarded-for'] !== undefined || headers.forwarded !== undefined || headers.via !== undefined;
}
