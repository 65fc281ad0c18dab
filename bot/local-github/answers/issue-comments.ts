// The comments of a whole repository: the emulator takes the word "comments" for an issue's number.
// https://docs.github.com/en/rest/issues/comments#list-issue-comments-for-a-repository
import type { KeptState } from '../state/kept-state.ts';
import { type BridgeContext, type Json, notFound, pageOf, type Route } from './api.ts';

const COMMENTS = '/repos/:owner/:repo/issues/comments';

export function issueCommentRoutes(context: BridgeContext, state: KeptState): Route[] {
  return [
    {
      method: 'GET',
      pattern: COMMENTS,
      async answer(request, params) {
        const place = `/repos/${params.owner}/${params.repo}`;
        if ((await context.ask('GET', place, undefined, request.identity)).status !== 200) return notFound();
        const since = Date.parse(request.query.get('since') ?? '') || 0;
        const field = request.query.get('sort') === 'updated' ? 'updated_at' : 'created_at';
        // GitHub does not look at the direction of a list that is not sorted.
        const turn = request.query.has('sort') && request.query.get('direction') === 'desc' ? -1 : 1;
        const known = knownComments(`${place}/issues/comments/`, state)
          .filter((one) => Date.parse(one.updated_at) >= since)
          .sort((one, other) => turn * (Date.parse(one[field]) - Date.parse(other[field]) || one.id - other.id));
        const page = pageOf(request, context.apiUrl + request.path, known);
        const answers = await Promise.all(
          page.items.map(({ id }) => context.ask('GET', `${place}/issues/comments/${id}`)),
        );
        // What has been deleted since it was written is not there.
        const body = answers.filter(({ status }) => status === 200).map((answer) => answer.body as Json);
        return { status: 200, body, headers: page.headers };
      },
    },
  ];
}

/** Every comment that was ever written, with its times. */
function knownComments(prefix: string, { times }: KeptState) {
  return Object.entries(times).flatMap(([path, at]) => {
    const id = path.startsWith(prefix) ? Number(path.slice(prefix.length)) : Number.NaN;
    const { created_at, updated_at } = at;
    if (!Number.isInteger(id) || typeof created_at !== 'string' || typeof updated_at !== 'string') return [];
    return [{ id, created_at, updated_at }];
  });
}
