// What an app asks about itself and about people, where the emulator has no answer or another one than GitHub.
import type { Permissions } from '../state/registration.ts';
import { isOrganizations, type Permission, USERS } from '../state/users.ts';
import { type ApiAnswer, type BridgeContext, type Json, notFound, pageOf, type Route, refusal } from './api.ts';
import type { Tokens } from './tokens.ts';

export function appRoutes(context: BridgeContext, tokens: Tokens): Route[] {
  const installed = () => context.registry.current().installation;
  /** The emulator answers, unless nothing is installed. */
  const ofInstallation = (pattern: string): Route => ({
    method: 'GET',
    pattern,
    answer: async ({ path, identity }) =>
      installed() === null ? notFound() : await context.ask('GET', path, undefined, identity),
  });
  return [
    {
      method: 'GET',
      pattern: '/app/installations',
      answer: async ({ path, identity }) =>
        installed() === null ? { status: 200, body: [] } : await context.ask('GET', path, undefined, identity),
    },
    ofInstallation('/app/installations/:id'),
    ofInstallation('/orgs/:org/installation'),
    ofInstallation('/repos/:owner/:repo/installation'),
    {
      method: 'POST',
      pattern: '/app/installations/:id/access_tokens',
      async answer({ path, body, identity }) {
        const held = installed();
        if (held === null) return notFound();
        if (held.suspendedAt !== null) return refusal(403, 'This installation has been suspended');
        const wanted = (body.permissions ?? held.permissions) as Permissions;
        if (!isPart(wanted, held.permissions)) {
          return refusal(422, 'The permissions requested are not granted to this installation.');
        }
        const answer = await context.ask('POST', path, body, identity);
        return answer.status === 201 ? remembered(answer, wanted, tokens) : answer;
      },
    },
    {
      method: 'GET',
      pattern: '/installation/repositories',
      async answer(request) {
        const names = (await context.repositories.list()).filter(isOrganizations);
        const all = await Promise.all(names.map((name) => context.read(`/repos/${name}`)));
        const page = pageOf(request, context.apiUrl + request.path, all);
        return {
          status: 200,
          body: { total_count: all.length, repository_selection: 'all', repositories: page.items },
          headers: page.headers,
        };
      },
    },
    {
      method: 'GET',
      pattern: '/repos/:owner/:repo/collaborators/:login/permission',
      async answer(_request, params) {
        const [repository, user] = await Promise.all([
          context.ask('GET', `/repos/${params.owner}/${params.repo}`),
          context.ask('GET', `/users/${encodeURIComponent(params.login ?? '')}`),
        ]);
        if (repository.status !== 200 || user.status !== 200) return notFound();
        const permission = USERS[params.login ?? ''] ?? 'read';
        const permissions = permissionsOf(permission);
        const body = { permission, role_name: permission, user: { ...(user.body as Json), permissions } };
        (body.user as Json).role_name = permission;
        return { status: 200, body };
      },
    },
  ];
}

/** True when each of the wanted permissions is held. */
function isPart(wanted: Permissions, held: Permissions): boolean {
  return Object.entries(wanted).every(([name, access]) => held[name] === 'write' || held[name] === access);
}

/** The tokens that are made here are the only ones of their kind that the bridge lets in. */
function remembered(answer: ApiAnswer, permissions: Permissions, tokens: Tokens): ApiAnswer {
  const made = answer.body as { token: string; expires_at: string };
  tokens.remember(made.token, Date.parse(made.expires_at), permissions);
  return { ...answer, body: { ...made, permissions } };
}

/** The five switches by which GitHub spells a permission out. */
export function permissionsOf(permission: Permission): Record<string, boolean> {
  const write = permission !== 'read';
  const admin = permission === 'admin';
  return { admin, maintain: admin, push: write, triage: write, pull: true };
}

/** The app as it stands in check runs, and in what it wrote. */
export function appAnswer(context: BridgeContext, owner: unknown): Json {
  return {
    id: context.appId,
    slug: context.slug,
    node_id: Buffer.from(`App:${context.appId}`).toString('base64'),
    owner,
    name: context.slug,
    description: null,
    external_url: `${context.url}/apps/${context.slug}`,
    html_url: `${context.url}/apps/${context.slug}`,
    created_at: '2026-01-01T00:00:00Z',
    updated_at: '2026-01-01T00:00:00Z',
    ...context.registry.current().app,
  };
}
