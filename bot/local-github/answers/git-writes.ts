// REST writes that Git keeps: refs and files. They change the bare repository and nothing else; pushes are told as
// ever.
import { readRefs } from '../git/bare-repositories.ts';
import { gitIn } from '../git/git-in.ts';
import { isAncestor } from '../git/push-event.ts';
import { readCommits, resolveCommit } from '../git/read-commits.ts';
import {
  type ApiAnswer,
  type ApiRequest,
  type BridgeContext,
  type Json,
  notFound,
  type Route,
  refusal,
} from './api.ts';
import { gitCommitAnswer, refAnswer } from './git-shapes.ts';

const R = '/repos/:owner/:repo';

/** Runs a change of a repository and tells of the refs it moved. */
export type Move = <T>(fullName: string, login: string, change: (folder: string) => Promise<T>) => Promise<T>;

interface Asked {
  readonly folder: string;
  readonly repository: string;
  readonly request: ApiRequest;
  readonly body: Json;
  readonly params: Readonly<Record<string, string>>;
}

export function gitWriteRoutes(context: BridgeContext, move: Move): Route[] {
  const write = (method: string, pattern: string, change: (asked: Asked) => Promise<ApiAnswer>): Route => ({
    method,
    pattern: R + pattern,
    async answer(request, params) {
      const repository = `${params.owner}/${params.repo}`;
      if (!context.repositories.folderOf(repository)) return notFound();
      return move(repository, context.loginOf(request.identity), (folder) =>
        change({ folder, repository, request, params, body: request.body }),
      );
    },
  });
  return [
    write('POST', '/git/refs', async ({ folder, repository, body }) => {
      const ref = String(body.ref);
      const sha = await resolveCommit(folder, String(body.sha));
      if (!(await isRefName(folder, ref))) return refusal(422, `${ref} is not a valid ref name.`);
      if (!sha) return refusal(422, 'Object does not exist');
      if ((await readRefs(folder, ref)).has(ref)) return refusal(422, 'Reference already exists');
      await gitIn(folder).text(['update-ref', ref, sha]);
      return { status: 201, body: await refAnswer(context, folder, repository, ref, sha) };
    }),
    write('PATCH', '/git/refs/*ref', async ({ folder, repository, body, params }) => {
      const ref = `refs/${params.ref}`;
      const old = (await readRefs(folder, ref)).get(ref);
      const sha = await resolveCommit(folder, String(body.sha));
      if (!old || !isMovable(ref)) return refusal(422, 'Reference does not exist');
      if (!sha) return refusal(422, 'Object does not exist');
      if (body.force !== true && !(await isAncestor(folder, old, sha))) {
        return refusal(422, 'Update is not a fast forward');
      }
      await gitIn(folder).text(['update-ref', ref, sha]);
      return { status: 200, body: await refAnswer(context, folder, repository, ref, sha) };
    }),
    write('DELETE', '/git/refs/*ref', async ({ folder, params }) => {
      const ref = `refs/${params.ref}`;
      if (!isMovable(ref) || !(await readRefs(folder, ref)).has(ref)) return refusal(422, 'Reference does not exist');
      await gitIn(folder).text(['update-ref', '-d', ref]);
      return { status: 204, body: undefined };
    }),
    write('PUT', '/contents/*path', (asked) => writeFile(context, asked, false)),
    write('DELETE', '/contents/*path', (asked) => writeFile(context, asked, true)),
  ];
}

const isMovable = (ref: string) => /^refs\/(heads|tags)\//.test(ref);

async function isRefName(folder: string, ref: string): Promise<boolean> {
  if (!isMovable(ref)) return false;
  return gitIn(folder)
    .text(['check-ref-format', ref])
    .then(
      () => true,
      () => false,
    );
}

/** One commit that changes one file. `sha`, the file's blob, guards against writing over somebody's change. */
async function writeFile(context: BridgeContext, asked: Asked, remove: boolean): Promise<ApiAnswer> {
  const { folder, repository, body, params, request } = asked;
  const path = params.path ?? '';
  if (path === '' || path.split('/').some((part) => ['', '.', '..', '.git'].includes(part))) {
    return refusal(422, 'path is invalid');
  }
  if (typeof body.message !== 'string') return refusal(422, 'Invalid request.\n\n"message" wasn\'t supplied.');
  if (!remove && typeof body.content !== 'string')
    return refusal(422, 'Invalid request.\n\n"content" wasn\'t supplied.');
  const branch = typeof body.branch === 'string' ? body.branch : await defaultBranch(context, repository);
  const ref = `refs/heads/${branch}`;
  const parent = (await readRefs(folder, ref)).get(ref);
  if (!parent && (remove || (await readRefs(folder, 'refs/heads/')).size > 0)) {
    return refusal(404, `Branch ${branch} not found`);
  }
  const old = parent
    ? await gitIn(folder)
        .text(['rev-parse', '--verify', '--quiet', `${parent}:${path}`])
        .catch(() => undefined)
    : undefined;
  if (remove && !old) return notFound();
  if (old !== undefined && body.sha !== old) {
    return body.sha === undefined
      ? refusal(422, 'Invalid request.\n\n"sha" wasn\'t supplied.')
      : refusal(409, `${path} does not match ${String(body.sha)}`);
  }
  const content = Buffer.from(String(body.content ?? ''), 'base64');
  const blob = remove ? undefined : await gitIn(folder).text(['hash-object', '-w', '--stdin'], content);
  const tree = await treeWith(folder, parent, path, blob);
  const sha = await commitTree(folder, {
    tree,
    parents: parent ? [parent] : [],
    message: body.message,
    login: context.loginOf(request.identity),
  });
  await gitIn(folder).text(['update-ref', ref, sha]);
  const [commit] = await readCommits(folder, ['-1', sha]);
  const file = remove ? null : await context.read(`/repos/${repository}/contents/${encodePath(path)}?ref=${sha}`);
  if (file) for (const key of ['content', 'encoding']) delete file[key];
  return {
    status: old === undefined ? 201 : 200,
    body: { content: file, commit: gitCommitAnswer(context, repository, commit!) },
  };
}

const encodePath = (path: string) => path.split('/').map(encodeURIComponent).join('/');

async function defaultBranch(context: BridgeContext, repository: string): Promise<string> {
  return String((await context.read(`/repos/${repository}`)).default_branch);
}

/** The tree of `parent` with one path set, or taken out: made in an index of its own. */
async function treeWith(folder: string, parent: string | undefined, path: string, blob: string | undefined) {
  const git = gitIn(folder, { index: `${folder}/coppice-index` });
  await git.text(['read-tree', ...(parent ? [parent] : ['--empty'])]);
  const entry = blob ? `100644 ${blob}\t${path}\0` : `0 ${'0'.repeat(40)}\t${path}\0`;
  await git.text(['update-index', '-z', '--index-info'], entry);
  return git.text(['write-tree']);
}

export interface NewCommit {
  readonly tree: string;
  readonly parents: readonly string[];
  readonly message: string;
  readonly login: string;
  /** Whose it is, when that is another. */
  readonly author?: { readonly name: string; readonly email: string };
}

/** Writes a commit in somebody's name and gives its id. */
export function commitTree(folder: string, commit: NewCommit): Promise<string> {
  const email = `${commit.login}@users.noreply.github.com`;
  const config = [
    ['author.name', commit.author?.name ?? commit.login],
    ['author.email', commit.author?.email ?? email],
    ['committer.name', 'GitHub'],
    ['committer.email', 'noreply@github.com'],
  ] as const;
  const parents = commit.parents.flatMap((parent) => ['-p', parent]);
  return gitIn(folder, { config }).text(['commit-tree', commit.tree, ...parents, '-F', '-'], `${commit.message}\n`);
}
