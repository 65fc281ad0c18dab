// Looks at the repositories that packages of a Copr come from: whether they have submodules or files in Git LFS. They
// are strangers': fetched without history and large files, within bounds, and nothing of them is run or kept.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gitEnvironment, runLimitedGit } from '@coppice/builder-runner/remote';
import { oneLine } from './fate.ts';
import { isAllowedAddress } from './fetch-allowed.ts';
import { type GitLook, type GitLooks, type GitPlace, gitKey } from './git-looks.ts';

/** `seconds` for one and for all, and `bytes` of one pack. */
export interface LookBounds {
  readonly seconds: number;
  readonly allSeconds: number;
  readonly bytes: number;
}

const usualBounds: LookBounds = { seconds: 20, allSeconds: 60, bytes: 100 * 1024 ** 2 };
const atOnce = 4;
/** Larger files are not fetched: `.gitattributes` are small. */
const maximumFileBytes = 32 * 1024;
const maximumAttributes = 100;

/** Looks at each place once, some side by side. Never throws for what a server does. */
export async function lookAtGit(places: readonly GitPlace[], bounds: LookBounds = usualBounds): Promise<GitLooks> {
  const looks = new Map<string, GitLook>();
  const open = [...new Map(places.map((place) => [gitKey(place), place])).values()];
  const ends = AbortSignal.timeout(bounds.allSeconds * 1000);
  const work = async () => {
    for (let place = open.shift(); place !== undefined; place = open.shift()) {
      const late = { why: `all together take longer than ${bounds.allSeconds} s` };
      const look = ends.aborted ? late : await lookAtOne(place, bounds, ends);
      looks.set(gitKey(place), 'why' in look && ends.aborted ? late : look);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return looks;
}

async function lookAtOne({ url, ref }: GitPlace, bounds: LookBounds, signal: AbortSignal): Promise<GitLook> {
  if (!URL.canParse(url) || !isAllowedAddress(new URL(url))) return { why: 'it is at no https address' };
  // It becomes an argument of git.
  if (!/^[A-Za-z0-9][A-Za-z0-9._/+@-]{0,199}$/.test(ref)) return { why: 'its committish is none of Git' };
  const folder = await mkdtemp(join(tmpdir(), 'coppice-look-'));
  const run = (args: readonly string[], protocols: readonly string[] = []) =>
    runLimitedGit(args, {
      // Without a protocol git cannot fetch what is missing when it is asked for it.
      environment: { ...gitEnvironment(protocols), GIT_DIR: folder },
      ...{ fileBytes: bounds.bytes, seconds: bounds.seconds, signal },
    });
  try {
    await run(['init', '--quiet', '--bare', '--template=', folder]);
    const options = ['--quiet', '--depth=1', '--no-tags', '--no-recurse-submodules', '--no-write-fetch-head'];
    const filter = `--filter=blob:limit=${maximumFileBytes}`;
    const fetched = await run(['fetch', ...options, filter, '--', url, `+${ref}:refs/looked`], ['https', 'http']);
    if (fetched.exitCode !== 0) return { why: whyNot(fetched, bounds) };
    const listed = await run(['ls-tree', '-r', '-z', 'refs/looked']);
    if (listed.exitCode !== 0) return { why: whyNot(listed, bounds) };
    const entries = listed.stdout.split('\0').flatMap((line) => {
      const [, mode, id, path] = /^(\d+) \w+ ([0-9a-f]+)\t(.+)$/s.exec(line) ?? [];
      return mode === undefined || id === undefined || path === undefined ? [] : [{ mode, id, path }];
    });
    const submodules = entries.flatMap(({ mode, path }) => (mode === '160000' ? [path] : []));
    const attributes = entries.filter(({ mode, path }) => /^100/.test(mode) && /(?:^|\/)\.gitattributes$/.test(path));
    let lfs = false;
    for (const { id } of attributes.slice(0, maximumAttributes)) {
      const { stdout } = await run(['cat-file', 'blob', id]);
      lfs ||= /^[^#\n].*\bfilter=lfs\b/m.test(stdout);
    }
    return { submodules, lfs };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function whyNot(ended: Awaited<ReturnType<typeof runLimitedGit>>, { seconds, bytes }: LookBounds): string {
  if (ended.timedOut) return `it did not answer within ${seconds} s`;
  if (ended.signal === 'SIGXFSZ' || /signal 25|File too large/i.test(ended.stderr))
    return `it is larger than ${bytes} bytes`;
  const line = ended.stderr.split('\n').find((text) => /^(?:fatal|error|remote): /.test(text)) ?? 'git failed';
  return oneLine(line.replace(/^(?:fatal|error|remote): /, ''));
}
