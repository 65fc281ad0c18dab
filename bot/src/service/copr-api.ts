// Answers what Copr's API is asked, from files of the published tree: which files these are, Copr's clients do not
// know. Lists are cut here as they were asked for; a web server without this gives whole files of a list.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type CoprAnswer, coprAnswer, coprPageItems } from '@coppice/config';
import { z } from 'zod';
import { openPublished } from './files/open-published.ts';
import { serveFile } from './files/serve-file.ts';
import { readFrozenNote } from './frozen-note.ts';

type ListAnswer = Extract<CoprAnswer, { kind: 'list' }>;

const pageSchema = z.object({
  items: z.array(z.looseObject({})),
  meta: z.object({ order: z.string(), order_type: z.string() }),
});
type Page = z.infer<typeof pageSchema>;

/** Files of a list that one search looks into. */
const searchedPages = 100;

/**
 * Answers a GET or HEAD of `path` (percent-encoded, with a slash at its start) below `/api_3/`. What is not there, and
 * what is out of reach because its project is frozen, is told as Copr's clients read it: JSON with `error`. `buildNote`
 * says so of a build that is not there.
 */
export async function answerCoprApi(
  published: string,
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
  buildNote: (build: number) => Promise<string | undefined>,
): Promise<void> {
  const answer = coprAnswer(decoded(path) ?? '', queryOf(request));
  const asked = fileAsked(answer) ?? path;
  const note = await readFrozenNote(published, asked);
  if (note !== undefined) return send(response, 451, { error: note.trim() });
  const lacks = async (error: string) => {
    const [, build] = /^\/api_3\/builds\/(\d+)\//.exec(decoded(asked) ?? '') ?? [];
    const why = build === undefined ? undefined : await buildNote(Number(build));
    send(response, why === undefined ? 404 : 451, { error: why?.trim() ?? error });
  };
  // The files themselves are public as well: whoever mirrors the tree reads them by their own names.
  if (answer === undefined) {
    if (await serveFile(published, path, request, response)) return;
    await lacks('That is not answered here: see /docs/reference/copr-api/.');
  } else if (answer.kind === 'wrong') send(response, 400, { error: answer.message });
  else if (answer.kind === 'file') {
    if (!(await serveFile(published, asPath(answer.file), request, response))) await lacks(answer.lacks);
  } else {
    const list = answer.search === undefined ? await readList(published, answer) : await search(published, answer);
    if (list === undefined) await lacks(answer.lacks);
    else send(response, 200, list);
  }
}

/** The path of the file that answers, which names the project also where the address names it by its query. Pure. */
function fileAsked(answer: CoprAnswer | undefined): string | undefined {
  if (answer === undefined || answer.kind === 'wrong') return undefined;
  return asPath(answer.kind === 'file' ? answer.file : answer.file(0));
}

function asPath(file: string): string {
  return `/${file.split('/').map(encodeURIComponent).join('/')}`;
}

/** At most `limit` items from `offset` on, of one file; none behind the last. Undefined where there is no such list. */
async function readList(published: string, { file, offset, limit }: ListAnswer): Promise<object | undefined> {
  const start = Math.floor(offset / coprPageItems) * coprPageItems;
  const page =
    (await readPage(published, file(start))) ?? (start === 0 ? undefined : await readPage(published, file(0), []));
  if (page === undefined) return undefined;
  const items = page.items.slice(offset - start, offset - start + limit);
  // Who asks again begins at offset + limit: what this file did not give must not be passed over.
  const given = Math.min(limit, coprPageItems - (offset - start));
  return { items, meta: { ...page.meta, offset, limit: given } };
}

/** Items of all files whose `full_name` holds what was asked for. */
async function search(
  published: string,
  { file, offset, limit, search = '' }: ListAnswer,
): Promise<object | undefined> {
  const wanted = search.toLowerCase();
  const found: Page['items'] = [];
  let meta: Page['meta'] | undefined;
  for (let index = 0; index < searchedPages; index += 1) {
    const page = await readPage(published, file(index * coprPageItems));
    if (page === undefined) break;
    meta ??= page.meta;
    found.push(...page.items.filter((item) => String(item.full_name).toLowerCase().includes(wanted)));
    if (page.items.length < coprPageItems || found.length >= offset + limit) break;
  }
  return meta && { items: found.slice(offset, offset + limit), meta: { ...meta, offset, limit } };
}

async function readPage(published: string, name: string, items?: Page['items']): Promise<Page | undefined> {
  const file = await openPublished(published, name);
  if (file === undefined || file === 'folder') return undefined;
  try {
    const page = pageSchema.parse(JSON.parse(await file.readFile('utf8')));
    return items === undefined ? page : { ...page, items };
  } finally {
    await file.close();
  }
}

function decoded(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}

function queryOf({ url = '' }: IncomingMessage): URLSearchParams {
  const at = url.indexOf('?');
  return new URLSearchParams(at < 0 ? '' : url.slice(at));
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'Content-Type': 'application/json; charset=utf-8', 'Cache-Control': 'no-store' });
  response.end(response.req.method === 'HEAD' ? undefined : `${JSON.stringify(body)}\n`);
}
