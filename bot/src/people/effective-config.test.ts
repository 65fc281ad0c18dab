import type { ConfigRepo, Policy } from '@coppice/config';
import { describe, expect, test } from 'vitest';
import { projectForTests } from '../../testing/project-for-tests.ts';
import type { Accounts } from '../vocabulary/accounts.ts';
import { effectiveConfig, namedIn, type TeamMember, teamsIn } from './effective-config.ts';

const config = (admins: readonly string[], maintainers: readonly string[], builders: readonly string[] = []) =>
  ({ policy: { admins } as unknown as Policy, projects: [projectForTests({ maintainers, builders })] }) as ConfigRepo;
const members = (...all: [string, number][]): readonly TeamMember[] => all.map(([login, id]) => ({ login, id }));
const people = ({ policy, projects }: ConfigRepo) => [policy.admins, projects[0]?.maintainers, projects[0]?.builders];

describe('whom a config means', () => {
  const teams = new Map([
    ['@acme/core', members(['alice', 1], ['bob', 2])],
    ['@acme/ci', members(['renovate[bot]', 9])],
  ]);
  test.each<[string, ConfigRepo, Accounts, unknown]>([
    ['people as they are stated', config(['alice'], ['bob'], ['eve']), {}, [['alice'], ['bob'], ['eve']]],
    [
      'the members of teams, each once',
      config(['@acme/core'], ['bob', '@acme/core'], ['@acme/ci', 'eve']),
      {},
      [
        ['alice', 'bob'],
        ['bob', 'alice'],
        ['eve', 'renovate[bot]'],
      ],
    ],
    ['nobody of a team that cannot be read', config(['alice'], ['@acme/secret']), {}, [['alice'], [], []]],
    [
      'nobody under a login that another account uses now',
      config(['alice', 'bob'], ['alice'], ['alice']),
      { alice: { trusted: 1, seen: 3 } },
      [['bob'], [], []],
    ],
    [
      'the account that GitHub lists as a member, although the login had other rights before',
      config(['alice'], ['@acme/core']),
      { alice: { trusted: 7, seen: 1 } },
      [[], ['alice', 'bob'], []],
    ],
    [
      'nobody whose list of members is older than the change of the account',
      config(['bob'], ['@acme/core']),
      { alice: { trusted: 1, seen: 3 } },
      [['bob'], ['bob'], []],
    ],
  ])('%s', (_what, stated, accounts, expected) => {
    expect(people(effectiveConfig(stated, teams, accounts))).toEqual(expected);
  });

  test('names are collected from admins, maintainers and builders', () => {
    const stated = config(['alice', '@acme/core'], ['@acme/core'], ['renovate[bot]', '@acme/ci']);
    expect([...namedIn(stated)]).toEqual(['alice', '@acme/core', 'renovate[bot]', '@acme/ci']);
    expect(teamsIn(stated)).toEqual(['@acme/core', '@acme/ci']);
  });
});
