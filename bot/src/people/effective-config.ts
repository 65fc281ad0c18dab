// Whom the config means: teams are their members as GitHub lists them, and a login that another account uses now means
// nobody. Pure.
import type { ConfigRepo } from '@coppice/config';
import { type Accounts, otherAccount } from '../vocabulary/accounts.ts';

/** A member of a team, as GitHub lists them. */
export interface TeamMember {
  /** In lower case. */
  readonly login: string;
  readonly id: number;
}

/** By `@organization/team`; a team that cannot be read is missing. */
export type TeamMembers = ReadonlyMap<string, readonly TeamMember[]>;

const isTeam = (name: string) => name.startsWith('@');

/** The config with logins in place of teams, and without those whose account is not the one that had the rights. */
export function effectiveConfig(config: ConfigRepo, teams: TeamMembers, accounts: Accounts): ConfigRepo {
  const people = (names: readonly string[]) => peopleOf(names, teams, accounts);
  return {
    policy: { ...config.policy, admins: people(config.policy.admins) },
    projects: config.projects.map((project) => ({
      ...project,
      maintainers: people(project.maintainers),
      builders: people(project.builders),
    })),
  };
}

function peopleOf(names: readonly string[], teams: TeamMembers, accounts: Accounts): readonly string[] {
  const stated = names.filter((name) => !isTeam(name) && otherAccount(accounts, name) === undefined);
  // GitHub says which account is the member: that counts, not what its login was trusted for.
  const members = names.flatMap((name) => (isTeam(name) ? (teams.get(name) ?? []) : []));
  const present = members.filter(({ login, id }) => {
    const seen = Object.hasOwn(accounts, login) ? accounts[login]?.seen : undefined;
    return seen === undefined || seen === id;
  });
  return [...new Set([...stated, ...present.map(({ login }) => login)])];
}

/** All that the config gives rights to, as written: logins, bots and teams, each once. */
export function namedIn({ policy, projects }: ConfigRepo): ReadonlySet<string> {
  return new Set([...policy.admins, ...projects.flatMap(({ maintainers, builders }) => [...maintainers, ...builders])]);
}

/** The teams among them. */
export function teamsIn(config: ConfigRepo): readonly string[] {
  return [...namedIn(config)].filter(isTeam);
}
