// A reader of repositories: real dnf that installs into an empty root of its own.
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mustAsRoot, runAsRoot } from './as-root.ts';

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

/** An empty root whose only repository is the Sapling distribution that the service at `url` publishes. */
export async function makeDnfClient(url: string): Promise<DnfClient> {
  const root = await mkdtemp(join(tmpdir(), 'coppice-client-'));
  const repositories = join(root, 'etc/yum.repos.d');
  // All in it is root's, as in any root: a program in a user namespace may not write into folders of others.
  await mustAsRoot('mkdir', '-p', repositories);
  await mustAsRoot('chown', '-R', '0:0', root);
  await mustAsRoot('chmod', '0755', root);

  const client: DnfClient = {
    root,
    dnf: (...args) =>
      runAsRoot([
        'dnf',
        '-y',
        `--installroot=${root}`,
        '--releasever=12',
        // Debian's `local` plugin serves every RPM it ever saw as a repository that wins, unsigned.
        '--disableplugin=local',
        `--setopt=reposdir=${repositories}`,
        '--setopt=install_weak_deps=False',
        ...args,
      ]),
    run: (...command) =>
      runAsRoot(['bwrap', '--bind', root, '/', '--proc', '/proc', '--dev', '/dev', '--unshare-all', ...command]),
    async addRepository(id, lines) {
      const text = Object.entries(lines).map(([key, value]) => `${key}=${value}\n`);
      await client.addRepositories(id, `[${id}]\n${text.join('')}`);
    },
    async addRepositories(name, text) {
      const written = await runAsRoot(['tee', join(repositories, `${name}.repo`)], { input: text });
      if (written.exitCode !== 0) throw new Error(`${name}.repo could not be written: ${written.output}`);
    },
    remove: () => mustAsRoot('rm', '-rf', '--', root),
  };
  await client.addRepository('sapling', {
    name: 'Sapling 12',
    baseurl: `${url}/distributions/sapling-12-x86_64/`,
    gpgcheck: '0',
  });
  return client;
}
