// Branches and tags of repositories that nobody here controls → the commits that they mean now.
import {
  type FetchRules,
  GitError,
  gitAddressConfig,
  mirrored,
  openGit,
  Refused,
} from '@coppice/builder-runner/remote';

const lookUpSeconds = 30;
const maximumRefBytes = 1024 * 1024;

/**
 * What each of `refs` means in the repository at `url`: a commit, or one sentence that says why it means none. One
 * request.
 */
export async function lookUpCommits(
  url: string,
  refs: readonly string[],
  rules: FetchRules,
): Promise<ReadonlyMap<string, { readonly id: string } | string>> {
  const open = refs.filter((ref) => !isCommit(ref));
  const listed = open.length === 0 ? '' : await listRefs(url, open, rules);
  return new Map(
    refs.map((ref) => {
      if (isCommit(ref)) return [ref, { id: ref }];
      if (typeof listed !== 'string') return [ref, listed.why];
      const id = pickRef(listed, candidates(ref));
      return [ref, id === undefined ? `${url} has no branch or tag ${JSON.stringify(ref)}${hintFor(ref)}` : { id }];
    }),
  );
}

/** Only whole ids can be fetched of any repository: what looks like a piece of one is told how to become whole. */
export function hintFor(ref: string): string {
  if (/^[0-9a-f]{40}$/i.test(ref)) return `; write a commit's id in lower case: ${ref.toLowerCase()}`;
  const [, piece] = /^(?:.{1,200}-g)?([0-9a-f]{4,39})$/i.exec(ref) ?? [];
  if (piece === undefined) return '';
  return `; of a commit, write the whole id: 40 digits, as \`git rev-parse ${piece}\` prints them`;
}

async function listRefs(url: string, refs: readonly string[], rules: FetchRules): Promise<string | { why: string }> {
  const { git } = rules;
  const asked = refs.map((ref) => JSON.stringify(ref)).join(', ');
  try {
    const asking = openGit({
      protocols: git.protocols,
      config: await gitAddressConfig(url, rules),
      timeoutSeconds: lookUpSeconds,
      maximumBytes: maximumRefBytes,
    });
    const address = mirrored(url, git.mirrors);
    return await asking.text(['ls-remote', '--quiet', '--', address, ...refs.flatMap(candidates)]);
  } catch (error) {
    if (error instanceof Refused) return { why: `${url} ${error.message}` };
    if (!(error instanceof GitError)) throw error;
    const why = error.code === 'timeout' ? `it did not answer within ${lookUpSeconds} s` : error.message;
    return { why: `${url} could not be asked for ${asked}: ${why}` };
  }
}

export function isCommit(ref: string): boolean {
  return /^[0-9a-f]{40}$/.test(ref);
}

/**
 * Full names of what `ref` may mean, best first: an annotated tag's commit, a tag, a branch. The order is Git's own
 * (gitrevisions).
 */
function candidates(ref: string): readonly string[] {
  if (ref === 'HEAD') return ['HEAD'];
  if (ref.startsWith('refs/')) return [`${ref}^{}`, ref];
  return [`refs/tags/${ref}^{}`, `refs/tags/${ref}`, `refs/heads/${ref}`];
}

/** The id of the best of `wanted` in what `git ls-remote` printed; its patterns match more than asked. Pure. */
export function pickRef(listed: string, wanted: readonly string[]): string | undefined {
  const ids = new Map(
    listed.split('\n').flatMap((line) => {
      const [id = '', name = ''] = line.split('\t');
      return /^[0-9a-f]{40,64}$/.test(id) ? [[name, id] as const] : [];
    }),
  );
  return wanted.map((name) => ids.get(name)).find((id) => id !== undefined);
}
