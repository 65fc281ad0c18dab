// What follows when branches and tags move, however they were moved: webhooks, and pull requests that follow their
// branch.
import { compareRefs, isZero, type RefChange, type Refs, readRefs } from '../git/bare-repositories.ts';
import { pushPayload } from '../git/push-event.ts';
import { isOrganizations } from '../state/users.ts';
import type { BridgeContext, Json } from './api.ts';
import { organizationOf, userOf } from './events.ts';

export type AfterMove = (fullName: string, change: RefChange, sender: Json) => Promise<void>;

/**
 * Runs `change` on a repository, alone, then tells of each branch and tag that it moved.
 * `login` is who did it: a person, or `slug[bot]`. `afterMove` lets pull requests follow.
 */
export async function moveRefs<T>(
  context: BridgeContext,
  fullName: string,
  login: string,
  change: (folder: string) => Promise<T>,
  afterMove: AfterMove,
): Promise<T> {
  const folder = context.repositories.folderOf(fullName);
  if (!folder) throw new Error(`there is no repository ${fullName}`);
  return context.repositories.exclusively(fullName, async () => {
    const before = await readRefs(folder);
    const result = await change(folder);
    const after = await readRefs(folder);
    await tellOfMoves(context, fullName, login, folder, before, after, afterMove);
    return result;
  });
}

async function tellOfMoves(
  context: BridgeContext,
  fullName: string,
  login: string,
  folder: string,
  before: Refs,
  after: Refs,
  afterMove: AfterMove,
) {
  const changes = compareRefs(before, after).filter(({ ref }) => /^refs\/(heads|tags)\//.test(ref));
  if (changes.length === 0) return;
  const [repository, sender] = await Promise.all([context.read(`/repos/${fullName}`), userOf(context, login)]);
  const email = `${login.replace(/\[bot\]$/, '')}@users.noreply.github.com`;
  for (const change of changes) {
    // The app is installed in the organisation: of what happens in people's forks it is not told.
    if (isOrganizations(fullName)) {
      const payload = await pushPayload(folder, `${context.url}/${fullName}`, change, before, { login, email });
      const common = { repository, organization: organizationOf(repository), sender };
      context.emit('push', { ...payload, ...common, repository: pushedRepository(repository) });
      const kind = createdOrDeleted(change);
      if (kind) context.emit(kind, { ...createdRef(kind, change, repository), ...common });
    }
    await afterMove(fullName, change, sender);
  }
}

function createdRef(kind: 'create' | 'delete', { ref }: RefChange, repository: Json): Json {
  const [, type, name] = /^refs\/(heads|tags)\/(.+)$/.exec(ref) ?? [];
  return {
    ref: name,
    ref_type: type === 'heads' ? 'branch' : 'tag',
    ...(kind === 'create' ? { master_branch: repository.default_branch, description: repository.description } : {}),
    pusher_type: 'user',
  };
}

function createdOrDeleted(change: RefChange): 'create' | 'delete' | undefined {
  if (isZero(change.before)) return 'create';
  return isZero(change.after) ? 'delete' : undefined;
}

/** In a push payload the repository's owner has a name, and its times are seconds. */
function pushedRepository(repository: Json): Json {
  const owner = repository.owner as Json;
  return {
    ...repository,
    owner: { ...owner, name: owner.login, email: null },
    created_at: Math.floor(Date.parse(String(repository.created_at)) / 1000),
    pushed_at: Math.floor(Date.now() / 1000),
    master_branch: repository.default_branch,
    organization: owner.login,
    stargazers: repository.stargazers_count,
  };
}
