import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { recentCommits } from './recent-commits.ts';

let folder: string;
let repository: string;
const commits: string[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coppice-recent-commits-'));
  repository = join(folder, '.git');
  git('init', '--quiet');
  await commit('packages/a/a.spec', 'Add a');
  await commit('packages/a*/b.spec', 'Add the star');
  await commit('packages/a/a.spec', `Update a to 2\u202e \u001b[31m${'x'.repeat(300)}\n\nThe body is not told.`);
  await commit('other', 'Something else');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function git(...args: readonly string[]): string {
  const who = ['-c', 'user.name=a', '-c', 'user.email=a@example.test', '-c', 'core.hooksPath=/dev/null'];
  return execFileSync('git', [...who, ...args], { cwd: folder, encoding: 'utf8' }).trim();
}

async function commit(path: string, message: string): Promise<void> {
  await mkdir(dirname(join(folder, path)), { recursive: true });
  await writeFile(join(folder, path), `${commits.length}`);
  git('add', '--all');
  git('commit', '--quiet', '--message', message);
  commits.push(git('rev-parse', 'HEAD'));
}

describe('the recent commits', () => {
  test('are those that touched the folder, the newest first, each with one plain line', async () => {
    const told = await recentCommits(repository, commits[3]!, 'packages/a');
    expect(told.map(({ commit: id }) => id)).toEqual([commits[2], commits[0]]);
    expect(told[1]?.subject).toBe('Add a');
    expect(told[0]?.subject).toMatch(/^Update a to 2 {2,3}\[31mx+/);
    expect(told[0]?.subject.length).toBeLessThanOrEqual(200);
  });

  test('are all of them without a folder, up to the commit that is asked for', async () => {
    const told = await recentCommits(repository, commits[1]!);
    expect(told.map(({ subject }) => subject)).toEqual(['Add the star', 'Add a']);
  });

  test('take the name of a folder for no pattern, and no option', async () => {
    expect(await recentCommits(repository, commits[3]!, 'packages/a*')).toHaveLength(1);
    expect(await recentCommits(repository, commits[3]!, '--all')).toEqual([]);
  });

  test('are none of a commit or a repository that is not there', async () => {
    expect(await recentCommits(repository, 'f'.repeat(40))).toEqual([]);
    expect(await recentCommits(join(folder, 'nowhere'), commits[0]!)).toEqual([]);
  });
});
