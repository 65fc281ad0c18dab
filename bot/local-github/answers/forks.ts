// Forks: people's own copies of a repository, with commits. The emulator knows that they are there, the bare
// repositories hold what is in them. https://docs.github.com/en/rest/repos/forks
import type { BareRepositories } from '../git/bare-repositories.ts';
import { gitIn } from '../git/git-in.ts';
import type { KeptFork, KeptPull, KeptState } from '../state/kept-state.ts';
import { type Identity, isOrganizations } from '../state/users.ts';
import { type BridgeContext, type Json, notFound, type Route, refusal } from './api.ts';

const REPOSITORY = '/repos/:owner/:repo';

export function forkRoutes(context: BridgeContext, state: KeptState): Route[] {
  const find = (params: Readonly<Record<string, string>>) => forkNamed(state, `${params.owner}/${params.repo}`);
  return [
    {
      method: 'POST',
      pattern: `${REPOSITORY}/forks`,
      async answer(request, params) {
        const parent = `${params.owner}/${params.repo}`;
        const { identity, body } = request;
        if (!context.repositories.folderOf(parent) || identity.kind !== 'user') return notFound();
        if (body.organization !== undefined) return refusal(422, 'Forks belong to people here, not to organisations.');
        const known = state.forks.find((one) => !one.gone && one.parent === parent && ownerOf(one) === identity.login);
        // "already exists" is no error: GitHub gives the one that is there.
        if (known)
          return { ...(await context.ask('GET', `/repos/${known.fullName}`, undefined, identity)), status: 202 };
        const answer = await context.ask('POST', request.path, body, identity);
        if (answer.status !== 202) return answer;
        const { full_name, default_branch } = answer.body as { full_name: string; default_branch: string };
        await copyRepository(context.repositories, parent, full_name, body.default_branch_only ? default_branch : '*');
        state.forks.push({ fullName: full_name, parent, private: false, gone: false });
        context.changed();
        return answer;
      },
    },
    {
      method: 'PATCH',
      pattern: REPOSITORY,
      async answer(request, params) {
        const fork = find(params);
        if (fork && request.body.name !== undefined) return refusal(422, 'Forks keep their names here.');
        const answer = await context.ask('PATCH', request.path, request.body, request.identity);
        if (!fork || answer.status !== 200) return answer;
        // GitHub wants a fork to leave its network first; what others then see is the same.
        fork.private = (answer.body as Json).private === true;
        context.changed();
        return answer;
      },
    },
    {
      method: 'DELETE',
      pattern: REPOSITORY,
      async answer(request, params) {
        const fork = find(params);
        if (!fork) return refusal(403, 'Only forks can be deleted here.');
        // The emulator would show no pull request of it any more: there it only gives its name away.
        const name = `gone-${state.forks.indexOf(fork)}`;
        const answer = await context.ask('PATCH', request.path, { name }, request.identity);
        if (answer.status !== 200) return answer;
        fork.gone = true;
        context.changed();
        await context.repositories.exclusively(fork.fullName, () => context.repositories.remove(fork.fullName));
        return { status: 204, body: undefined };
      },
    },
  ];
}

/** A fork that is there. */
function forkNamed(state: KeptState, fullName: string): KeptFork | undefined {
  return state.forks.find((one) => !one.gone && one.fullName.toLowerCase() === fullName.toLowerCase());
}

/** True where somebody is told that there is no such repository: a fork that is gone, or another's private one. */
export function isHidden(state: KeptState, fullName: string, identity: Identity): boolean {
  if (isOrganizations(fullName)) return false;
  const fork = forkNamed(state, fullName);
  if (fork === undefined) return true;
  return fork.private && !(identity.kind === 'user' && ownerOf(fork) === identity.login);
}

/** What `head` of a new pull request names: a branch, or `login:branch` of a fork; undefined when it names no fork. */
export function headOf(state: KeptState, repository: string, head: string): HeadBranch | undefined {
  const [, owner, ref = ''] = /^(?:([^:]+):)?(.+)$/.exec(head) ?? [];
  if (owner === undefined || owner === repository.split('/')[0]) return { ref, at: repository, label: ref };
  const fork = state.forks.findIndex((one) => !one.gone && one.parent === repository && ownerOf(one) === owner);
  const at = state.forks[fork]?.fullName;
  return at === undefined ? undefined : { ref, at, label: head, fork };
}

interface HeadBranch {
  /** The name of the branch. */
  readonly ref: string;
  /** owner/name of where it is. */
  readonly at: string;
  /** As the emulator is to be asked for it. */
  readonly label: string;
  /** Which of the forks that is. */
  readonly fork?: number;
}

/** The repository of a pull request's head as everybody sees it; null when it is gone, or private. */
export async function headRepositoryOf(context: BridgeContext, state: KeptState, pull: KeptPull): Promise<Json | null> {
  const fullName = pull.headRepository ?? pull.repository;
  if (isHidden(state, fullName, { kind: 'anonymous' }) || lostItsFork(state, pull)) return null;
  const { body, status } = await context.ask('GET', `/repos/${fullName}`);
  return status === 200 ? (body as Json) : null;
}

/** True when the fork is gone that it came from: another of the same name has nothing to do with it. */
export function lostItsFork(state: KeptState, { headRepository, fork }: KeptPull): boolean {
  return headRepository !== undefined && fork !== undefined && state.forks[fork]?.gone === true;
}

const ownerOf = ({ fullName }: KeptFork) => fullName.split('/')[0];

/** `branches`: one branch, or `*`. */
async function copyRepository(repositories: BareRepositories, from: string, to: string, branches: string) {
  const source = repositories.folderOf(from);
  if (!source) throw new Error(`there is no repository ${from}`);
  const folder = await repositories.create(to);
  const refs = `+refs/heads/${branches}:refs/heads/${branches}`;
  await gitIn(folder, { protocols: ['file'] }).text(['fetch', '--quiet', source, refs]);
}

/** Brings a commit from one repository's folder into another's; no ref there names it yet. */
export async function bringCommit(from: string, sha: string, to: string): Promise<void> {
  if (from !== to)
    await gitIn(to, { protocols: ['file'] }).text(['fetch', '--quiet', '--no-write-fetch-head', from, sha]);
}
