// What an app asks about itself and about people, where the emulator has no answer or another one than GitHub.

import { type Permission, USERS } from '../state/users.ts';
import { type House, type Json, notFound, pageOf, type Route } from './api.ts';

export function appRoutes(house: House): Route[] {
  return [
    {
      method: 'GET',
      pattern: '/installation/repositories',
      async answer(request) {
        const names = await house.repositories.list();
        const all = await Promise.all(names.map((name) => house.read(`/repos/${name}`)));
        const page = pageOf(request, house.apiUrl + request.path, all);
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
          house.ask('GET', `/repos/${params.owner}/${params.repo}`),
          house.ask('GET', `/users/${encodeURIComponent(params.login ?? '')}`),
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
export function appAnswer(house: House, owner: unknown): Json {
  return {
    id: house.appId,
    slug: house.slug,
    node_id: Buffer.from(`App:${house.appId}`).toString('base64'),
    owner,
    name: house.slug,
    description: null,
    external_url: `${house.url}/apps/${house.slug}`,
    html_url: `${house.url}/apps/${house.slug}`,
    created_at: '2026-01-01T00:00:00Z',
    updated_at: '2026-01-01T00:00:00Z',
    permissions: { checks: 'write', contents: 'write', issues: 'write', metadata: 'read' },
    events: ['check_run', 'issue_comment', 'issues', 'pull_request', 'push'],
  };
}
