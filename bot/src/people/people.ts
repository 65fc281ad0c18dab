// Who people are: the config as it counts for those who act, with teams read from GitHub and accounts told apart by
// their ids.
import type { Log } from '@coppice/builder-runner/runner';
import type { ConfigRepo, Project } from '@coppice/config';
import type { ConfigAtCommit } from '../config-repo/config-in-force.ts';
import type { TeamAnswer, TeamCalls } from '../github/teams.ts';
import * as reply from '../reply/people.ts';
import { type AccountOperation, type Accounts, otherAccount } from '../vocabulary/accounts.ts';
import { countingLeaving } from '../vocabulary/leaving.ts';
import { effectiveConfig, namedIn, type TeamMember, teamsIn } from './effective-config.ts';

export interface PeopleOptions {
  readonly github: TeamCalls;
  /** The config in force, as it is written. */
  readonly config: () => ConfigAtCommit | undefined;
  readonly accounts: () => Accounts;
  readonly note: (operation: AccountOperation) => Promise<unknown>;
  readonly now: () => Date;
  readonly log: Log;
}

export interface People {
  /** The config in force as it counts: logins in place of teams, and only those of the accounts that had the rights. */
  config(): ConfigAtCommit | undefined;
  /** The same of any that was in force. */
  counted(at: ConfigAtCommit): ConfigAtCommit;
  /** Any config as it counts for the people who are known. */
  view(config: ConfigRepo): ConfigRepo;
  /** To be waited for before somebody's rights are looked at. Does not reject: what cannot be asked is as it was. */
  meet(login: string, id: number): Promise<void>;
  /** Reads the teams again that were read minutes ago. Resolves to false when one of them was never answered for. */
  refresh(): Promise<boolean>;
  /**
   * What is wrong with teams that are named somewhere, a sentence each, in Markdown; twenty are looked at. Does not
   * reject: of what cannot be asked nothing is said.
   */
  unread(teams: readonly string[]): Promise<readonly string[]>;
  /** Why somebody may have fewer rights than the config states, in Markdown. */
  why(login: string): string | undefined;
  /** True when the login's rights belong to another account than the one that used it last. */
  isOther(login: string): boolean;
  /** The account that used the login last has its rights from now on. */
  trust(login: string): Promise<void>;
  /** True for a bot that the config gives rights to. */
  knowsBot(login: string): boolean;
}

/** Somebody who leaves a team has its rights for so long at most. */
const freshMilliseconds = 5 * 60_000;
/** While GitHub does not answer, what it said last counts for so long. */
const staleMilliseconds = 60 * 60_000;

/** Each is a request, and a pull request may name thousands. */
const maximumAsked = 20;

interface KnownTeam {
  readonly answer: TeamAnswer;
  /** Milliseconds since 1970. */
  readonly askedAt: number;
}

export function createPeople(options: PeopleOptions): People {
  const { github, config, accounts, note, now, log } = options;
  const known = new Map<string, KnownTeam>();
  let asking: Promise<boolean> | undefined;
  /** What was made of a config, until a team or an account is another. */
  let made = new WeakMap<ConfigRepo, ConfigRepo>();
  let madeOf: Accounts | undefined;

  /** All whom the config gives rights to, those of projects that are leaving among them. */
  const named = () => {
    const at = config();
    return at && countingLeaving(at);
  };
  const members = (): ReadonlyMap<string, readonly TeamMember[]> => {
    const from = now().getTime() - staleMilliseconds;
    return new Map(
      [...known].flatMap(([team, { answer, askedAt }]) =>
        typeof answer === 'string' || askedAt < from ? [] : [[team, answer] as const],
      ),
    );
  };
  const view = (stated: ConfigRepo): ConfigRepo => {
    if (madeOf !== accounts()) made = new WeakMap();
    madeOf = accounts();
    const before = made.get(stated);
    if (before !== undefined) return before;
    const viewed = effectiveConfig(stated, members(), accounts());
    made.set(stated, viewed);
    return viewed;
  };
  /** Resolves to false when one of them was never answered for. */
  const ask = async (teams: readonly string[]): Promise<boolean> => {
    let complete = true;
    for (const team of teams) {
      const before = known.get(team);
      if (before !== undefined && now().getTime() - before.askedAt < freshMilliseconds) continue;
      const [organization = '', slug = ''] = team.slice(1).split('/');
      try {
        known.set(team, { answer: await github.teamMembers(organization, slug), askedAt: now().getTime() });
      } catch (error) {
        complete &&= before !== undefined;
        log('warn', `The members of ${team} could not be read; what was known before counts for an hour`, { error });
      }
    }
    made = new WeakMap();
    return complete;
  };
  const unreadOf = (teams: readonly string[]): readonly string[] =>
    teams.flatMap((team) => {
      const answer = known.get(team)?.answer;
      return answer === 'forbidden' || answer === 'missing' ? [reply.unreadTeam(team, answer)] : [];
    });
  const refresh = (): Promise<boolean> => {
    const stated = named();
    asking ??= ask(stated === undefined ? [] : teamsIn(stated)).finally(() => {
      asking = undefined;
    });
    return asking;
  };

  const counted = (at: ConfigAtCommit): ConfigAtCommit => {
    if (at.leaving === undefined || at.leaving.length === 0) return { ...at, config: view(at.config) };
    const ofOne = (project: Project) => view({ ...at.config, projects: [project] }).projects[0] ?? project;
    const leaving = at.leaving.map((one) => ({ ...one, stated: ofOne(one.stated) }));
    return { ...at, config: view(at.config), leaving };
  };

  return {
    config() {
      const at = config();
      return at && counted(at);
    },
    counted,
    view,
    refresh,
    async meet(login, id) {
      await refresh();
      const stated = named();
      if (stated === undefined || !Number.isSafeInteger(id) || id <= 0) return;
      const name = login.toLowerCase();
      const isNamed =
        Object.hasOwn(accounts(), name) ||
        namedIn(stated).has(name) ||
        teamsIn(stated).some((team) =>
          members()
            .get(team)
            ?.some((one) => one.login === name),
        );
      if (isNamed) await note({ kind: 'met', login: name, id });
    },
    async unread(teams) {
      const some = teams.slice(0, maximumAsked);
      await ask(some);
      return unreadOf(some);
    },
    why(login) {
      const other = otherAccount(accounts(), login);
      const stated = named();
      const parts = [
        ...(other === undefined ? [] : [reply.anotherAccount(login, other)]),
        ...unreadOf(stated === undefined ? [] : teamsIn(stated)),
      ];
      return parts.length === 0 ? undefined : parts.join('\n\n');
    },
    isOther: (login) => otherAccount(accounts(), login) !== undefined,
    async trust(login) {
      await note({ kind: 'trusted', login });
    },
    knowsBot(login) {
      const stated = named();
      return stated !== undefined && namedIn(stated).has(login.toLowerCase());
    },
  };
}
