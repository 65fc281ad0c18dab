// Who is in a team of an organization.
import { everyPage, perPage } from './answer-memory.ts';
import type { Calls } from './installation.ts';

/** `forbidden`: the app may not read teams there; `missing`: there is no such team, or the app cannot see it. */
export type TeamAnswer = readonly { readonly login: string; readonly id: number }[] | 'forbidden' | 'missing';

export interface TeamCalls {
  /**
   * `team` is its slug. https://docs.github.com/en/rest/teams/members#list-team-members (wants Members: read). Its
   * child teams count, as everywhere on GitHub.
   */
  teamMembers(organization: string, team: string): Promise<TeamAnswer>;
}

export function teamCalls({ ours }: Calls): TeamCalls {
  return {
    async teamMembers(organization, team) {
      const { rest } = await ours();
      const query = { org: organization, team_slug: team, per_page: perPage };
      try {
        const { data } = await everyPage((page) => rest.teams.listMembersInOrg({ ...query, page }));
        return data.map(({ login, id }) => ({ login: login.toLowerCase(), id }));
      } catch (error) {
        // What is said of limits is RateLimited by now.
        const { status } = error as { status?: unknown };
        if (status === 403) return 'forbidden';
        if (status === 404) return 'missing';
        throw error;
      }
    },
  };
}
