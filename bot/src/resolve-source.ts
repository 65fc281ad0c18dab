// Sources as people write them → pinned ones: a branch or tag becomes the commit that it means now.
import { type PinnedSource, type Project, projectKey, type Settings, type Source } from '@coppice/config';
import { GitError, runGit } from './git.ts';

/** What a plan needs: the pinned sources by `owner/project/package`, and one sentence for each that could not be pinned. */
interface PinnedSources {
  readonly pinned: ReadonlyMap<string, PinnedSource>;
  readonly unpinned: ReadonlyMap<string, string>;
}

interface PinContext {
  /** The commit of the config repo that is planned. */
  readonly commit: string;
  readonly packageTrees: ReadonlyMap<string, string>;
  readonly git: Settings['git'];
  /** Ask other servers what branches and tags are now; without it only sources that say a commit are pinned. */
  readonly lookUp: boolean;
}

const lookUpSeconds = 30;
const maximumRefBytes = 1024 * 1024;
const parallelLookUps = 8;

/** Pins the named packages of a project, or all of them when `names` is empty. Never throws for a source. */
export async function pinSources(
  project: Project,
  names: readonly string[],
  context: PinContext,
): Promise<PinnedSources> {
  const pinned = new Map<string, PinnedSource>();
  const unpinned = new Map<string, string>();
  const wanted = project.packages.filter(
    ({ name }) => names.length === 0 || names.includes(name) || names.includes(`${projectKey(project)}/${name}`),
  );
  const waiting = [...wanted];
  const lookUp = async () => {
    for (let one = waiting.shift(); one !== undefined; one = waiting.shift()) {
      const key = `${projectKey(project)}/${one.name}`;
      const source = await pinSource(one.source, `packages/${key}`, context);
      if (typeof source === 'string') unpinned.set(key, source);
      else pinned.set(key, source);
    }
  };
  await Promise.all(Array.from({ length: parallelLookUps }, lookUp));
  return { pinned, unpinned };
}

/** The pinned source, or a sentence that says why there is none. */
async function pinSource(source: Source, folder: string, context: PinContext): Promise<PinnedSource | string> {
  switch (source.type) {
    case 'srpm':
      return source;
    case 'dir': {
      const tree = context.packageTrees.get(folder);
      if (tree === undefined) return `the config repo has no folder ${folder}/`;
      return {
        type: 'dir',
        commit: context.commit,
        path: folder,
        tree,
        ...(source.spec === undefined ? {} : { spec: source.spec }),
      };
    }
    case 'git': {
      if (!context.lookUp && !isCommit(source.ref)) return 'its source is looked up once it may be built';
      const commit = await lookUpCommit(source.url, source.ref, context.git);
      return typeof commit === 'string' ? commit : { ...source, commit: commit.id };
    }
  }
}

async function lookUpCommit(url: string, ref: string, git: Settings['git']): Promise<{ readonly id: string } | string> {
  if (isCommit(ref)) return { id: ref };
  const wanted = candidates(ref);
  try {
    const listed = await runGit(['ls-remote', '--quiet', '--', url, ...wanted], {
      protocols: git.protocols,
      config: Object.entries(git.mirrors).map(([from, to]) => [`url.${to}.insteadOf`, from] as const),
      timeoutSeconds: lookUpSeconds,
      maximumBytes: maximumRefBytes,
    });
    const id = pickRef(listed.toString('utf8'), wanted);
    return id === undefined ? `${url} has no branch or tag ${JSON.stringify(ref)}` : { id };
  } catch (error) {
    if (!(error instanceof GitError)) throw error;
    const why = error.code === 'timeout' ? `it did not answer within ${lookUpSeconds} s` : error.message;
    return `${url} could not be asked for ${JSON.stringify(ref)}: ${why}`;
  }
}

function isCommit(ref: string): boolean {
  return /^[0-9a-f]{40}$/.test(ref);
}

/** Full names of what `ref` may mean, best first: an annotated tag's commit, a tag, a branch. The order is Git's own (gitrevisions). */
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
