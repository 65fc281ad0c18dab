// Makes repositories on the local GitHub, and fills them by a push like anybody's.
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { BridgeContext } from './answers/api.ts';
import { gitIn } from './git/git-in.ts';
import { CONFIG_REPOSITORY, ORGANIZATION, tokenOf, USERS } from './state/users.ts';

export interface NewRepository {
  /** Its files become the first commit on `main`, pushed by the maintainer. */
  readonly seedFolder?: string;
  /** "Start" by default. */
  readonly seedCommitMessage?: string;
}

/** Makes `acme/name` unless it is there. Gives the commit of `main`, undefined while it is empty. */
export async function createRepository(
  context: BridgeContext,
  fullName: string,
  seed: NewRepository = {},
): Promise<string | undefined> {
  const known = await context.ask('GET', `/repos/${fullName}`);
  if (known.status === 404) await registerRepository(context, fullName);
  const folder = context.repositories.folderOf(fullName) ?? (await context.repositories.create(fullName));
  const head = () =>
    gitIn(folder)
      .text(['rev-parse', '--verify', '--quiet', 'refs/heads/main'])
      .catch(() => undefined);
  if (seed.seedFolder && (await head()) === undefined) {
    await pushFolder(`${context.url}/${fullName}.git`, seed.seedFolder, seed.seedCommitMessage ?? 'Start');
  }
  return head();
}

/** The config repository, with the issue that people ask in. */
export async function createConfigRepository(context: BridgeContext): Promise<void> {
  await createRepository(context, CONFIG_REPOSITORY);
  const issues = await context.ask('GET', `/repos/${CONFIG_REPOSITORY}/issues?state=all`);
  if ((issues.body as unknown[]).length > 0) return;
  await context.ask('POST', `/repos/${CONFIG_REPOSITORY}/issues`, {
    title: 'Build requests',
    body: 'Ask for a build with a comment: `/build`, `/build hello`, `/status`, `/help`.',
  });
}

/** Tells the emulator of a repository. Its first commit there stands for all of Git, which it never sees. */
async function registerRepository(context: BridgeContext, fullName: string) {
  const [owner, name] = fullName.split('/');
  if (owner !== ORGANIZATION)
    throw new Error(`${fullName}: repositories of the local GitHub belong to ${ORGANIZATION}`);
  const made = await context.ask('POST', `/orgs/${ORGANIZATION}/repos`, { name, auto_init: true });
  if (made.status !== 201) throw new Error(`${fullName} could not be made: ${JSON.stringify(made.body)}`);
  for (const [login, permission] of Object.entries(USERS)) {
    if (permission !== 'write') continue;
    await context.ask('PUT', `/repos/${fullName}/collaborators/${login}`, { permission: 'push' });
  }
}

/** One commit of a folder's files, pushed with git as the maintainer. */
async function pushFolder(remote: string, seedFolder: string, message: string) {
  const work = await mkdtemp(path.join(tmpdir(), 'coppice-seed-'));
  try {
    await cp(seedFolder, work, { recursive: true, filter: (source) => path.basename(source) !== '.git' });
    const secret = Buffer.from(`maintainer:${tokenOf('maintainer')}`).toString('base64');
    const git = gitIn(path.join(work, '.git'), {
      workTree: work,
      protocols: ['http'],
      // The token goes by the environment: arguments can be seen by everybody on the machine.
      config: [
        ['user.name', 'maintainer'],
        ['user.email', 'maintainer@example.test'],
        ['http.extraHeader', `Authorization: Basic ${secret}`],
      ],
    });
    await git.text(['init', '--quiet', '--initial-branch=main']);
    await git.text(['add', '--all']);
    await git.text(['commit', '--quiet', '--allow-empty', '--message', message]);
    await git.text(['push', '--quiet', remote, 'HEAD:refs/heads/main']);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}
