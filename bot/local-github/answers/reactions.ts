// Reactions, which the emulator does not know: on issues and on their comments.
// https://docs.github.com/en/rest/reactions/reactions
import type { KeptState, Reaction } from '../state/kept-state.ts';
import { type ApiRequest, type BridgeContext, type Json, notFound, pageOf, type Route, refusal } from './api.ts';
import { userOf } from './events.ts';

const CONTENTS = ['+1', '-1', 'laugh', 'confused', 'heart', 'hooray', 'rocket', 'eyes'] as const;

const PLACES = [
  { on: 'issue', pattern: '/repos/:owner/:repo/issues/:subject/reactions' },
  { on: 'comment', pattern: '/repos/:owner/:repo/issues/comments/:subject/reactions' },
] as const;

export function reactionRoutes(context: BridgeContext, state: KeptState): Route[] {
  return PLACES.flatMap(({ on, pattern }) => {
    const subjectPath = (request: ApiRequest) => request.path.split('/reactions')[0] ?? '';
    const those = (repository: string, subject: number) =>
      state.reactions.filter((one) => one.repository === repository && one.on === on && one.subject === subject);
    const routes: Route[] = [
      {
        method: 'POST',
        pattern,
        async answer(request, params) {
          const content = request.body.content;
          if (!CONTENTS.some((one) => one === content)) {
            return refusal(422, 'Validation Failed', { errors: [{ field: 'content', code: 'invalid' }] });
          }
          if ((await context.ask('GET', subjectPath(request))).status !== 200) return notFound();
          const repository = `${params.owner}/${params.repo}`;
          const subject = Number(params.subject);
          const login = context.loginOf(request.identity);
          const earlier = those(repository, subject).find((one) => one.login === login && one.content === content);
          if (earlier) return { status: 200, body: await formatReaction(context, earlier) };
          const createdAt = new Date().toISOString();
          const reaction: Reaction = {
            id: state.nextId++,
            repository,
            on,
            subject,
            content: String(content),
            login,
            createdAt,
          };
          state.reactions.push(reaction);
          context.changed();
          return { status: 201, body: await formatReaction(context, reaction) };
        },
      },
      {
        method: 'GET',
        pattern,
        async answer(request, params) {
          const wanted = request.query.get('content');
          const all = those(`${params.owner}/${params.repo}`, Number(params.subject));
          const page = pageOf(
            request,
            context.apiUrl + request.path,
            all.filter((one) => wanted === null || one.content === wanted),
          );
          const body = await Promise.all(page.items.map((one) => formatReaction(context, one)));
          return { status: 200, body, headers: page.headers };
        },
      },
      {
        method: 'DELETE',
        pattern: `${pattern}/:reaction`,
        async answer(request, params) {
          const at = state.reactions.findIndex((one) => one.id === Number(params.reaction));
          const found = state.reactions[at];
          if (!found) return notFound();
          if (found.login !== context.loginOf(request.identity))
            return refusal(403, 'You can only delete your own reactions');
          state.reactions.splice(at, 1);
          context.changed();
          return { status: 204, body: undefined };
        },
      },
    ];
    return routes;
  });
}

async function formatReaction(context: BridgeContext, reaction: Reaction): Promise<Json> {
  return {
    id: reaction.id,
    node_id: Buffer.from(`Reaction:${reaction.id}`).toString('base64'),
    user: await userOf(context, reaction.login),
    content: reaction.content,
    created_at: reaction.createdAt,
  };
}

/** The counts that stand in an issue or a comment. */
export function reactionSummary(state: KeptState, repository: string, on: Reaction['on'], subject: number): Json {
  const those = state.reactions.filter(
    (one) => one.repository === repository && one.on === on && one.subject === subject,
  );
  const counts = CONTENTS.map((content) => [content, those.filter((one) => one.content === content).length]);
  return { total_count: those.length, ...Object.fromEntries(counts) };
}
