// What an app asks about itself and about people, where the emulator has no answer or another one than GitHub.
import { type Permission, USERS } from '../state/users.ts';
import { type BridgeContext, type Json, notFound, pageOf, type Route } from './api.ts';

export function appRoutes(context: BridgeContext): Route[] {
  return [
    {
      method: 'GET',
      pattern: '/installation/repositories',
      async answer(request) {
        const names = await context.repositories.list();
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
    permissions: { checks: 'write', contents: 'write', issues: 'write', metadata: 'read' },
    events: ['check_run', 'issue_comment', 'issues', 'pull_request', 'push'],
  };
}
