// REST questions that Git answers, straight from the bare repository: refs, commits, trees, blobs, files, compare.
import { readRefs } from '../git/bare-repositories.ts';
import { gitIn } from '../git/git-in.ts';
import { readCommits, resolveCommit } from '../git/read-commits.ts';
import type { KeptState } from '../state/kept-state.ts';
import {
  type ApiAnswer,
  type ApiRequest,
  type BridgeContext,
  type Json,
  notFound,
  pageOf,
  type Route,
  refusal,
} from './api.ts';
import { listCheckRuns } from './checks.ts';
import { diffFiles } from './diff-files.ts';
import { commitAnswer, gitCommitAnswer, refAnswer } from './git-shapes.ts';
import { combinedStatus, listCommitComments, listStatuses } from './statuses.ts';

const R = '/repos/:owner/:repo';
const SHA = /^[0-9a-f]{40}$/;

interface Asked {
  readonly folder: string;
  readonly repository: string;
  readonly request: ApiRequest;
  readonly params: Readonly<Record<string, string>>;
}

export function gitRoutes(context: BridgeContext, state: KeptState): Route[] {
  const get = (pattern: string, answer: (asked: Asked) => Promise<ApiAnswer>): Route => ({
    method: 'GET',
    pattern: R + pattern,
    async answer(request, params) {
      const repository = `${params.owner}/${params.repo}`;
      const folder = context.repositories.folderOf(repository);
      return folder ? answer({ folder, repository, request, params }) : notFound();
    },
  });
  const defaultRef = async (repository: string) => String((await context.read(`/repos/${repository}`)).default_branch);

  return [
    get('/git/ref/*ref', async ({ folder, repository, params }) => {
      const name = `refs/${params.ref}`;
      const sha = (await readRefs(folder, name)).get(name);
      return sha ? { status: 200, body: await refAnswer(context, folder, repository, name, sha) } : notFound();
    }),
    get('/git/matching-refs/*ref', async ({ folder, repository, params }) => {
      const all = [...(await readRefs(folder))].filter(([name]) => name.startsWith(`refs/${params.ref}`));
      const body = await Promise.all(all.map(([name, sha]) => refAnswer(context, folder, repository, name, sha)));
      return { status: 200, body };
    }),
    get('/git/commits/:sha', async ({ folder, repository, params }) => {
      const sha = SHA.test(params.sha ?? '') ? await resolveCommit(folder, params.sha!) : undefined;
      const [commit] = sha ? await readCommits(folder, ['-1', sha]) : [];
      return commit ? { status: 200, body: gitCommitAnswer(context, repository, commit) } : notFound();
    }),
    get('/git/trees/:sha', async ({ folder, repository, params, request }) => {
      const name = await resolveTree(folder, params.sha ?? '');
      if (!name) return notFound();
      const tree = await listTree(folder, name, request.query.has('recursive'));
      const url = `${context.apiUrl}/repos/${repository}/git`;
      const entries = tree.map(({ path, mode, type, sha, size }) => {
        const place = type === 'commit' ? {} : { url: `${url}/${type}s/${sha}` };
        return { path, mode, type, sha, ...(size === undefined ? {} : { size }), ...place };
      });
      return { status: 200, body: { sha: name, url: `${url}/trees/${name}`, tree: entries, truncated: false } };
    }),
    get('/git/blobs/:sha', async ({ folder, repository, params }) => {
      const sha = params.sha ?? '';
      const content = SHA.test(sha)
        ? await gitIn(folder)
            .catFile(['blob', sha])
            .catch(() => undefined)
        : undefined;
      if (!content) return notFound();
      const url = `${context.apiUrl}/repos/${repository}/git/blobs/${sha}`;
      const node_id = Buffer.from(`Blob:${sha}`).toString('base64');
      return {
        status: 200,
        body: { sha, node_id, size: content.length, url, content: content.toString('base64'), encoding: 'base64' },
      };
    }),
    get('/branches', async ({ folder, repository, request }) => {
      const refs = [...(await readRefs(folder, 'refs/heads/'))];
      const page = pageOf(request, context.apiUrl + request.path, refs);
      const body = page.items.map(([ref, sha]) => ({
        name: ref.slice('refs/heads/'.length),
        commit: { sha, url: `${context.apiUrl}/repos/${repository}/commits/${sha}` },
        protected: false,
      }));
      return { status: 200, body, headers: page.headers };
    }),
    get('/branches/*branch', async ({ folder, repository, params }) => {
      const sha = (await readRefs(folder, `refs/heads/${params.branch}`)).get(`refs/heads/${params.branch}`);
      if (!sha) return refusal(404, 'Branch not found');
      const self = `${context.apiUrl}/repos/${repository}/branches/${params.branch}`;
      const html = `${context.url}/${repository}/tree/${params.branch}`;
      return {
        status: 200,
        body: {
          name: params.branch,
          commit: await commitAnswer(context, folder, repository, sha),
          _links: { self, html },
          protected: false,
          protection: { enabled: false },
          protection_url: `${self}/protection`,
        },
      };
    }),
    get('/commits', async ({ folder, repository, request }) => {
      const sha = await resolveCommit(folder, request.query.get('sha') ?? (await defaultRef(repository)));
      if (!sha) return refusal(409, 'Git Repository is empty.');
      const path = request.query.get('path');
      const all = await readCommits(folder, [sha, ...(path ? ['--', path] : [])]);
      const page = pageOf(request, context.apiUrl + request.path, all);
      const body = await Promise.all(
        page.items.map((one) => commitAnswer(context, folder, repository, one.sha, false)),
      );
      return { status: 200, body, headers: page.headers };
    }),
    get('/commits/*ref', async ({ folder, repository, request, params }) => {
      const [, ref = '', view] =
        /^(.+?)(?:\/(check-runs|check-suites|status|statuses|comments|pulls))?$/.exec(params.ref ?? '') ?? [];
      const sha = await resolveCommit(folder, ref);
      if (!sha) return refusal(422, `No commit found for SHA: ${ref}`);
      if (view === 'check-runs') return listCheckRuns(context, state, request, repository, sha);
      if (view === 'status') return combinedStatus(context, state, repository, sha);
      if (view === 'statuses') return listStatuses(context, state, request, repository, sha);
      if (view === 'comments') return listCommitComments(context, state, request, repository, sha);
      if (view === 'pulls') {
        const those = state.pulls.filter((one) => one.repository === repository && one.headSha === sha);
        const body = await Promise.all(those.map((one) => context.read(`/repos/${repository}/pulls/${one.number}`)));
        return { status: 200, body };
      }
      if (view) return notFound();
      return { status: 200, body: await commitAnswer(context, folder, repository, sha) };
    }),
    get('/compare/*basehead', async ({ folder, repository, params }) => {
      const [from = '', to = ''] = (params.basehead ?? '').split('...');
      const [base, head] = await Promise.all([resolveCommit(folder, from), resolveCommit(folder, to)]);
      if (!base || !head) return notFound();
      return { status: 200, body: await compareAnswer(context, folder, repository, base, head) };
    }),
    get('/contents/*path', async ({ folder, repository, params, request }) => {
      const ref = request.query.get('ref') ?? (await defaultRef(repository));
      const sha = await resolveCommit(folder, ref);
      return sha ? contentsAnswer(context, folder, repository, sha, ref, params.path ?? '') : notFound();
    }),
  ];
}

async function compareAnswer(context: BridgeContext, folder: string, repository: string, base: string, head: string) {
  const mergeBase = await gitIn(folder)
    .text(['merge-base', base, head])
    .catch(() => base);
  const [ahead, behind] = await Promise.all([
    readCommits(folder, ['--reverse', `${base}..${head}`]),
    gitIn(folder)
      .text(['rev-list', '--count', `${head}..${base}`])
      .then(Number),
  ]);
  const url = `${context.apiUrl}/repos/${repository}/compare/${base}...${head}`;
  const html = `${context.url}/${repository}/compare/${base}...${head}`;
  const relation = ahead.length > 0 ? (behind > 0 ? 'diverged' : 'ahead') : behind > 0 ? 'behind' : 'identical';
  return {
    url,
    html_url: html,
    permalink_url: html,
    diff_url: `${html}.diff`,
    patch_url: `${html}.patch`,
    base_commit: await commitAnswer(context, folder, repository, base, false),
    merge_base_commit: await commitAnswer(context, folder, repository, mergeBase, false),
    status: relation,
    ahead_by: ahead.length,
    behind_by: behind,
    total_commits: ahead.length,
    commits: await Promise.all(ahead.map((one) => commitAnswer(context, folder, repository, one.sha, false))),
    files: await diffFiles(context, folder, repository, mergeBase, head),
  };
}

interface TreeEntry {
  readonly mode: string;
  readonly type: 'blob' | 'tree' | 'commit';
  readonly sha: string;
  readonly size: number | undefined;
  readonly path: string;
}

async function resolveTree(folder: string, name: string): Promise<string | undefined> {
  if (SHA.test(name)) {
    const found = await gitIn(folder)
      .text(['rev-parse', '--verify', '--quiet', `${name}^{tree}`])
      .catch(() => undefined);
    return found;
  }
  const commit = await resolveCommit(folder, name);
  return commit && gitIn(folder).text(['rev-parse', '--verify', '--quiet', `${commit}^{tree}`]);
}

async function listTree(folder: string, tree: string, recursive: boolean): Promise<TreeEntry[]> {
  const text = await gitIn(folder).text(['ls-tree', '-z', '-l', ...(recursive ? ['-r', '-t'] : []), tree]);
  return text
    .split('\0')
    .filter(Boolean)
    .map((line) => {
      const [, mode, type, sha, size, path] = /^(\d+) (\w+) ([0-9a-f]+) +(\S+)\t([\s\S]*)$/.exec(
        line,
      ) as RegExpExecArray;
      return {
        mode: mode!,
        type: type as TreeEntry['type'],
        sha: sha!,
        size: size === '-' ? undefined : Number(size),
        path: path!,
      };
    });
}

/** A file with its content, or the list of a folder. */
async function contentsAnswer(
  context: BridgeContext,
  folder: string,
  repository: string,
  commit: string,
  ref: string,
  rawPath: string,
): Promise<ApiAnswer> {
  const path = rawPath.replace(/^\/+|\/+$/g, '');
  if (path.split('/').some((part) => part === '..' || part === '.')) return refusal(422, 'path is invalid');
  const parent = path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '';
  const name = path.slice(parent === '' ? 0 : parent.length + 1);
  const list = (at: string) => listTree(folder, `${commit}:${at}`, false).catch(() => undefined);
  const shape = (entry: TreeEntry, full: string): Json => {
    const query = `?ref=${encodeURIComponent(ref)}`;
    const kind = entry.type === 'tree' ? 'tree' : 'blob';
    const url = `${context.apiUrl}/repos/${repository}/contents/${full.split('/').map(encodeURIComponent).join('/')}${query}`;
    const git_url = `${context.apiUrl}/repos/${repository}/git/${kind}s/${entry.sha}`;
    const html_url = `${context.url}/${repository}/${kind}/${ref}/${full}`;
    return {
      type: entry.type === 'tree' ? 'dir' : entry.mode === '120000' ? 'symlink' : 'file',
      name: full.split('/').at(-1),
      path: full,
      sha: entry.sha,
      size: entry.size ?? 0,
      url,
      html_url,
      git_url,
      download_url: entry.type === 'tree' ? null : `${context.url}/${repository}/raw/${ref}/${full}`,
      _links: { self: url, git: git_url, html: html_url },
    };
  };
  if (path === '') {
    const entries = await list('');
    return entries ? { status: 200, body: entries.map((one) => shape(one, one.path)) } : notFound();
  }
  const entry = (await list(parent))?.find((one) => one.path === name);
  if (!entry) return notFound();
  if (entry.type === 'tree') {
    const entries = (await list(path)) ?? [];
    return { status: 200, body: entries.map((one) => shape(one, `${path}/${one.path}`)) };
  }
  const bytes = await gitIn(folder).catFile(['blob', entry.sha]);
  const wrapped = bytes.toString('base64').replace(/.{60}/g, '$&\n');
  return { status: 200, body: { ...shape(entry, path), content: wrapped, encoding: 'base64' } };
}
