// The whole service as its users run it, in a process and a home of its own, for end-to-end tests and measurements.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildSummary, buildsJsonSchema } from '@coppice/config';
import { execa } from 'execa';
import { type Endpoint, readEndpoint } from '../src/service/endpoint.ts';
import { readHome } from '../src/service/home.ts';
import { type AskRepository, askRepository } from './ask-github.ts';
import { scratchOf } from './service-leftovers.ts';
import { waitFor } from './wait-for.ts';

const commandFile = fileURLToPath(new URL('../src/coppice.ts', import.meta.url));
const startFile = fileURLToPath(new URL('../serve.sh', import.meta.url));
const repositoryRoot = fileURLToPath(new URL('../../', import.meta.url));
/** Made once by the test runner before any test. */
const sapling = process.env.COPPICE_SAPLING ?? join(repositoryRoot, 'var/test/distributions/sapling-12-x86_64');

export interface ServiceUnderTest {
  readonly home: string;
  readonly process: ChildProcess;
  readonly endpoint: Endpoint;
  /** Everything it has printed so far. */
  output(): string;
  /** Ends it with `signal` and gives its exit code (null after a signal that it cannot handle). */
  end(signal: NodeJS.Signals): Promise<number | null>;
  builds(): Promise<readonly BuildSummary[]>;
  /** Runs the command `coppice` against it. */
  coppice(
    args: readonly string[],
    environment?: Record<string, string>,
  ): Promise<{ exitCode: number; stdout: string; stderr: string }>;
  /** The local GitHub's REST API as `login`. */
  readonly github: AskRepository;
  /**
   * Clones acme/packages, lets `change` edit the checkout, pushes as `login` to `branch` (default: main), there or in
   * the fork `to`; gives the new commit.
   */
  push(
    login: string,
    message: string,
    change: (folder: string) => Promise<void>,
    branch?: string,
    to?: string,
  ): Promise<string>;
}

/**
 * A home of its own that knows the Sapling distribution already, and shares its base roots with other tests: they are
 * kept under what they are made of. `remove` deletes it.
 */
export async function makeHome(): Promise<{ folder: string; remove(): Promise<void> }> {
  if (!existsSync(sapling))
    throw new Error(`There is no distribution in ${sapling}: \`npm test\` makes it before the tests.`);
  const folder = await mkdtemp(join(tmpdir(), 'coppice-service-'));
  await mkdir(join(folder, 'published/distributions'), { recursive: true });
  await symlink(sapling, join(folder, 'published/distributions/sapling-12-x86_64'));
  const roots = join(repositoryRoot, 'var/test/roots');
  await mkdir(roots, { recursive: true });
  await mkdir(join(folder, 'cache'));
  await symlink(roots, join(folder, 'cache/roots'));
  const scratch = scratchOf(folder);
  await mkdir(scratch);
  const remove = async () => {
    for (const each of [folder, scratch]) await rm(each, { recursive: true, force: true });
  };
  return { folder, remove };
}

/** Starts the embedded default on free ports and waits until it takes builds. */
export async function startService(home: string, environment: Record<string, string> = {}): Promise<ServiceUnderTest> {
  const ports = { COPPICE_PORT: '0', COPPICE_GITHUB_PORT: '0' };
  const variables = { COPPICE_HOME: home, TMPDIR: scratchOf(home), ...ports, ...environment };
  await rm(join(home, 'state/endpoint.json'), { force: true });
  // As `npm start` does, by the Node that runs the tests.
  const path = `${dirname(process.execPath)}:${process.env.PATH}`;
  const child = spawn(startFile, [], {
    env: { ...process.env, PATH: path, ...variables },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let printed = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (printed += text));
  const endpoint = await waitFor('the service to be ready', 120, async () => {
    if (child.exitCode !== null) throw new Error(`The service ended with ${child.exitCode}:\n${printed}`);
    return await readEndpoint(readHome(variables));
  }).catch((error: unknown) => {
    child.kill('SIGKILL');
    throw new Error(`${String(error)}\n${printed}`, { cause: error });
  });
  const { github } = endpoint;

  const coppice: ServiceUnderTest['coppice'] = async (args, extra = {}) => {
    const ended = await execa(process.execPath, [commandFile, ...args], {
      env: { ...variables, ...extra },
      reject: false,
      stdin: 'ignore',
    });
    return { exitCode: ended.exitCode ?? -1, stdout: ended.stdout, stderr: ended.stderr };
  };

  return {
    home,
    process: child,
    endpoint,
    output: () => printed,
    async end(signal) {
      if (child.exitCode === null && child.signalCode === null) {
        const exited = once(child, 'exit');
        child.kill(signal);
        await exited;
      }
      return child.exitCode;
    },
    async builds() {
      const response = await fetch(`${endpoint.url}/api/v1/builds.json`);
      return buildsJsonSchema.parse(await response.json()).builds;
    },
    coppice,
    github: askRepository(github.apiUrl, github.repository),
    async push(login, message, change, branch = 'main', to = github.repository) {
      const folder = await mkdtemp(join(tmpdir(), 'coppice-checkout-'));
      try {
        const remote = (name: string) => `${github.webUrl.replace('://', `://${login}:token-${login}@`)}/${name}.git`;
        const git = (...args: string[]) =>
          execa('git', ['-c', `user.name=${login}`, '-c', `user.email=${login}@example.test`, ...args], {
            cwd: folder,
            stdin: 'ignore',
          });
        await git('clone', '--quiet', remote(github.repository), '.');
        await change(folder);
        await git('add', '--all');
        await git('commit', '--quiet', '--message', message);
        await git('push', '--quiet', remote(to), `HEAD:refs/heads/${branch}`);
        return (await git('rev-parse', 'HEAD')).stdout;
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
  };
}

/** Folder of the checkout that the tests run in. */
export const sourceFolder = dirname(dirname(dirname(commandFile)));
