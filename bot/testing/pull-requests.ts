// For tests: branches and pull requests of the config repo, or from somebody's fork of it, made with real Git and
// GitHub's REST API.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { type CheckRunJson, type TestService, until } from './bot-fixture.ts';

export interface PullMaker {
  /** Puts files (null removes one) on a branch that begins at `main`, or at itself with `on`; gives the commit. */
  push(branch: string, files: Readonly<Record<string, string | null>>, on?: 'branch'): Promise<string>;
  /** Puts a branch (back) to a commit, by force. */
  reset(branch: string, commit: string): Promise<void>;
  /** Opens a pull request of a branch in somebody's name; gives its number. */
  open(login: string, branch: string, draft?: boolean): Promise<number>;
  /** The newest check "coppice / config" of a commit that fits, once it is there. */
  verdict(commit: string, fits?: (check: CheckRunJson) => boolean): Promise<CheckRunJson>;
  /** The check of what a merge queue would merge, once it is there; when it is merged another is newer. */
  groupVerdict(commit: string): Promise<CheckRunJson>;
  remove(): Promise<void>;
}

/** `owner`: makes a fork of its own, and pull requests from there. Default: from branches of the repository. */
export async function makePulls(service: TestService, owner?: string): Promise<PullMaker> {
  const work = await mkdtemp(join(tmpdir(), 'coppice-pulls-'));
  const remote = (login: string, at: string) =>
    `${service.github.url.replace('://', `://x:token-${login}@`)}/${at}/packages.git`;
  const git = async (...args: string[]) => (await execa('git', args, { cwd: work })).stdout;
  if (owner !== undefined) await service.ask(owner, 'POST', 'forks', {});
  await git('clone', '--quiet', remote(owner ?? 'maintainer', owner ?? 'acme'), '.');
  await git('remote', 'add', 'upstream', remote('maintainer', 'acme'));
  await git('config', 'user.name', 'somebody');
  await git('config', 'user.email', 'somebody@example.test');
  return {
    async push(branch, files, on) {
      await git('fetch', '--quiet', '--all');
      await git('checkout', '--quiet', '--force', '-B', branch, on === 'branch' ? `origin/${branch}` : 'upstream/main');
      for (const [path, text] of Object.entries(files)) {
        const place = join(work, path);
        await mkdir(dirname(place), { recursive: true });
        if (text === null) await rm(place);
        else await writeFile(place, text);
      }
      await git('add', '--all');
      await git('commit', '--quiet', '--message', 'Change');
      await git('push', '--quiet', '--force', 'origin', `HEAD:refs/heads/${branch}`);
      return await git('rev-parse', 'HEAD');
    },
    async reset(branch, commit) {
      await git('push', '--quiet', '--force', 'origin', `${commit}:refs/heads/${branch}`);
    },
    async open(login, branch, draft = false) {
      const head = owner === undefined ? branch : `${owner}:${branch}`;
      const body = { title: branch, head, base: 'main', draft };
      return (await service.ask<{ number: number }>(login, 'POST', 'pulls', body)).number;
    },
    async verdict(commit, fits = () => true) {
      return await until(async () =>
        (await service.checks(commit)).find((check) => check.name === 'coppice / config' && fits(check)),
      );
    },
    async groupVerdict(commit) {
      const all = () => service.list<CheckRunJson>(`commits/${commit}/check-runs?filter=all`);
      return await until(async () => (await all()).find((check) => check.external_id === `group/${commit}`));
    },
    remove: () => rm(work, { recursive: true, force: true }),
  };
}
