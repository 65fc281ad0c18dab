// A reader of repositories: real dnf that installs into an empty root of its own.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';

export interface DnfClient {
  readonly root: string;
  /** Runs dnf in the root, as an administrator would with `-y`. */
  dnf(...args: string[]): Promise<{ exitCode: number; output: string }>;
  /** Runs a program of the root. */
  run(...command: string[]): Promise<{ exitCode: number; output: string }>;
  addRepository(id: string, lines: Readonly<Record<string, string>>): Promise<void>;
  /** Adds what the text of a `.repo` file states. */
  addRepositories(name: string, text: string): Promise<void>;
  remove(): Promise<void>;
}

/** Only root may make a root; a user with sudo asks for it. */
const asRoot = process.getuid?.() === 0 ? [] : ['sudo', '-n'];

/** An empty root whose only repository is the Sapling distribution that the service at `url` publishes. */
export async function makeDnfClient(url: string): Promise<DnfClient> {
  const root = await mkdtemp(join(tmpdir(), 'coppice-client-'));
  const repositories = join(root, 'etc/yum.repos.d');
  await mkdir(repositories, { recursive: true });

  const run = async (...command: readonly string[]) => {
    const [program = '', ...args] = [...asRoot, ...command];
    const ended = await execa(program, args, {
      reject: false,
      all: true,
      stdin: 'ignore',
      timeout: 300_000,
      env: { LC_ALL: 'C.UTF-8' },
    });
    return { exitCode: ended.exitCode ?? -1, output: ended.all ?? '' };
  };
  const client: DnfClient = {
    root,
    dnf: (...args) =>
      run(
        'dnf',
        '-y',
        `--installroot=${root}`,
        '--releasever=12',
        // Debian's `local` plugin serves every RPM it ever saw as a repository that wins, unsigned.
        '--disableplugin=local',
        `--setopt=reposdir=${repositories}`,
        '--setopt=install_weak_deps=False',
        ...args,
      ),
    run: (...command) =>
      run('bwrap', '--bind', root, '/', '--proc', '/proc', '--dev', '/dev', '--unshare-all', ...command),
    async addRepository(id, lines) {
      const text = Object.entries(lines).map(([key, value]) => `${key}=${value}\n`);
      await client.addRepositories(id, `[${id}]\n${text.join('')}`);
    },
    addRepositories: (name, text) => writeFile(join(repositories, `${name}.repo`), text),
    async remove() {
      if (asRoot.length > 0) await run('chown', '-R', String(process.getuid?.()), root);
      await rm(root, { recursive: true, force: true });
    },
  };
  await client.addRepository('sapling', {
    name: 'Sapling 12',
    baseurl: `${url}/distributions/sapling-12-x86_64/`,
    gpgcheck: '0',
  });
  return client;
}
