// What is said of accounts and teams where they decide about rights. Pure.
import type { Account } from '../vocabulary/accounts.ts';
import { code } from './escape.ts';

/** Somebody acts under a login whose rights belong to another account. */
export function anotherAccount(login: string, { trusted, seen }: Account): string {
  return `${code(login)} is another account now (number ${seen}) than the one that had the rights (number ${trusted}): GitHub gives a login that was freed to the next who asks for it. If this account is to have them, an admin writes ${code(`/approve @${login}`)}.`;
}

export function unreadTeam(team: string, why: 'forbidden' | 'missing'): string {
  return why === 'forbidden'
    ? `The rights of the team ${code(team)} do not count: I may not read it. An owner of the organization gives the app the permission *Members: read*.`
    : `The rights of the team ${code(team)} do not count: there is no such team, or it is not of the organization that the app is installed in. Write it as its address has it (${code('@organization/team')}), or make the team.`;
}

export function trusted(login: string): string {
  return `${code(login)} has the rights that the config states, with the account that used the login last.`;
}

/** Somebody who is no admin wants to say whose account is right. */
export function onlyAdminsTrust(login: string, admins: readonly string[]): string {
  const who = admins.map((name) => code(name)).join(', ');
  return `${code(login)} is another account than the one that had the rights. Only an admin can say that this one is right: ${who === '' ? 'there is none' : who}.`;
}
