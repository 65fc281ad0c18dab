// Sources that are kept in the config repo: a package's folder at the commit that was planned.
import { join } from 'node:path';
import type { PinnedSource } from '@coppice/config';
import { execa } from 'execa';
import { fail, type Outcome, succeed } from '../outcome.ts';
import { gitEnvironment, isCommitId } from '../remote/git.ts';
import type { FetchOrder } from './fetch-source.ts';
import { fetchSpecSources } from './fetch-spec-sources.ts';
import type { FetchedSource } from './fetched-source.ts';
import { flattenTree } from './flatten-tree.ts';
import { writeGitTree } from './write-git-tree.ts';

type DirSource = Extract<PinnedSource, { type: 'dir' }>;

/** The folder `source.path` of the config repo at the pinned commit, with what its spec names elsewhere. */
export async function fetchFromConfigRepo(order: FetchOrder, source: DirSource): Promise<Outcome<FetchedSource>> {
  const tree = join(order.folder, 'tree');
  const written = await writeConfigFolder({ ...order, folder: tree }, source);
  if (!written.ok) return written;
  const flat = await flattenTree({ tree, folder: join(order.folder, 'flat'), spec: source.spec, name: source.path });
  return flat.ok ? fetchSpecSources(order, { ...flat.value, stated: source.sources, lookaside: undefined }) : flat;
}

/** Writes a folder of the config repo to the order's folder. */
export async function writeConfigFolder(
  order: FetchOrder,
  { commit, path }: { readonly commit: string; readonly path: string },
): Promise<Outcome<undefined>> {
  if (!isCommitId(commit)) return fail('source', `${JSON.stringify(commit)} is not a commit.`);
  const written = await writeGitTree(order, {
    repository: order.configRepository,
    tree: `${commit}:${path}`,
    folder: order.folder,
    symlinks: false,
  });
  if (written.ok) return succeed(undefined);
  if (written.what === 'too-large')
    return fail('source', `${path} is larger than the limit of ${order.sourceBytes} bytes.`);
  if (written.what === 'failed') return fail('source', `${path} cannot be written: ${written.why}.`);
  return fail('source', `${path} is not in the config repo at ${commit.slice(0, 12)}: ${written.why}.`);
}

/** A commit never changes: what was read of it lately, by repository, commit and path, the least recently read first. */
const readLately = new Map<string, string>();
const mostRead = 100;

/** The text of one file of the config repo at a commit, or undefined when it is not there. */
export async function readConfigFile(repository: string, commit: string, path: string): Promise<string | undefined> {
  const key = `${repository}\n${commit}:${path}`;
  const text = readLately.get(key) ?? (await readFromGit(repository, commit, path));
  if (text === undefined) return undefined;
  readLately.delete(key);
  readLately.set(key, text);
  const [oldest] = readLately.keys();
  if (readLately.size > mostRead && oldest !== undefined) readLately.delete(oldest);
  return text;
}

async function readFromGit(repository: string, commit: string, path: string): Promise<string | undefined> {
  if (!isCommitId(commit)) return undefined;
  const done = await execa('git', ['--git-dir', repository, 'cat-file', 'blob', `${commit}:${path}`], {
    env: gitEnvironment({ protocols: ['https'], mirrors: {} }),
    extendEnv: false,
    stdin: 'ignore',
    maxBuffer: 1024 ** 2,
    stripFinalNewline: false,
    reject: false,
  });
  return done.exitCode === 0 ? done.stdout : undefined;
}
