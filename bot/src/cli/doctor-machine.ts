// What the service needs of its machine: Node, programs, and the playbooks of its own installation.
import { access, constants, readFile } from 'node:fs/promises';
import { delimiter, isAbsolute, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Settings } from '@coppice/config';
import { broken, type Finding, good } from './doctor-finding.ts';

/** Programs that the service runs, with the Debian and the Fedora package that hold them. */
const programs = [
  ['ansible-playbook', 'ansible-core', 'ansible-core'],
  ['bwrap', 'bubblewrap', 'bubblewrap'],
  ['createrepo_c', 'createrepo-c', 'createrepo_c'],
  ['git', 'git', 'git-core'],
  ['gpg', 'gnupg', 'gnupg2'],
  ['rpm', 'rpm', 'rpm'],
  ['rpm2archive', 'rpm', 'rpm'],
  ['rpmbuild', 'rpm', 'rpm-build'],
  ['rpmsign', 'rpm', 'rpm-sign'],
  ['ssh', 'openssh-client', 'openssh-clients'],
  ['sshd', 'openssh-server', 'openssh-server'],
] as const;

const leastNodeMajor = 24;
const ansibleFolder = fileURLToPath(new URL('../../../ansible', import.meta.url));

export function nodeFinding(): Finding {
  const major = Number(process.versions.node.split('.')[0]);
  if (major >= leastNodeMajor) return good('Node.js', process.version);
  return broken(
    'Node.js',
    process.version,
    'run Coppice by `npm start` or `npx coppice`, which bring Node 24 with them',
  );
}

/** One finding for each program. `searchPath` is the PATH to look in. */
export async function programFindings(searchPath: string): Promise<readonly Finding[]> {
  const folders = [...searchPath.split(delimiter), '/usr/sbin', '/sbin'].filter((folder) => folder !== '');
  const debian = /^ID(?:_LIKE)?=.*debian/m.test(await readFile('/etc/os-release', 'utf8').catch(() => ''));
  return await Promise.all(
    programs.map(async ([program, onDebian, onFedora]): Promise<Finding> => {
      const place = await findProgram(program, folders);
      if (place !== undefined) return good(program, place);
      const install = debian ? `apt-get install --no-install-recommends ${onDebian}` : `dnf install ${onFedora}`;
      return broken(program, 'not found', `run: ${install}`);
    }),
  );
}

async function findProgram(name: string, folders: readonly string[]): Promise<string | undefined> {
  for (const folder of folders) {
    const path = join(folder, name);
    const runs = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (runs) return path;
  }
  return undefined;
}

/**
 * The playbooks that prepare a builder, and those of every driver that the settings name (see the contract "Spawn
 * playbook").
 */
export async function playbooksFinding(settings: Settings, folder = ansibleFolder): Promise<Finding> {
  const drivers = [...new Set(settings.builders.pools.map(({ driver }) => driver))];
  const own = await unreadable(folder, ['playbooks/builder.yml', 'localhost.ini', 'ansible.cfg']);
  const verbs = ['spawn', 'terminate', 'list'];
  const needed = drivers.flatMap((driver) =>
    verbs.map((verb) => (isAbsolute(driver) ? `${driver}/${verb}.yml` : `drivers/${driver}/${verb}.yml`)),
  );
  const missing = [...own, ...(await unreadable(folder, needed))];
  if (missing.length === 0) return good('playbooks', `${drivers.join(', ')} in ${folder}`);
  const fix =
    own.length > 0
      ? 'the installation is not complete: check it out again'
      : 'write them, or name another driver in builders.pools of the settings';
  return broken('playbooks', `${missing.join(', ')} cannot be read in ${folder}`, fix);
}

/** Those of the paths, relative to `folder` or absolute, that are not there to be read. */
async function unreadable(folder: string, paths: readonly string[]): Promise<readonly string[]> {
  const missing: string[] = [];
  for (const path of paths) await access(resolve(folder, path), constants.R_OK).catch(() => missing.push(path));
  return missing;
}
