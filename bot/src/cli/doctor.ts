// `coppice doctor`: what is missing or broken on this machine, and how to mend it.
import { access, constants, mkdir, readFile, statfs } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { type Environment, type Home, readHome, readSettings } from '../service/home.ts';
import { describe } from '../service/log.ts';
import { findService } from './ask-service.ts';
import { type Terminal, table } from './terminal.ts';

/** One thing that was looked at; `fix` is empty when it is good. */
export interface Finding {
  readonly what: string;
  readonly good: boolean;
  readonly detail: string;
  readonly fix: string;
}

/** Programs that the service runs, with the Debian and the Fedora package that hold them. */
const programs = [
  ['ansible-playbook', 'ansible-core', 'ansible-core'],
  ['bwrap', 'bubblewrap', 'bubblewrap'],
  ['createrepo_c', 'createrepo-c', 'createrepo_c'],
  ['git', 'git', 'git-core'],
  ['gpg', 'gnupg', 'gnupg2'],
  ['rpm', 'rpm', 'rpm'],
  ['rpmbuild', 'rpm', 'rpm-build'],
  ['rpmsign', 'rpm', 'rpm-sign'],
  ['rsync', 'rsync', 'rsync'],
  ['ssh', 'openssh-client', 'openssh-clients'],
  ['sshd', 'openssh-server', 'openssh-server'],
] as const;

/** Below this the service cannot be expected to finish builds. */
const leastFreeBytes = 2 * 1024 ** 3;
const leastNodeMajor = 24;

/** Prints the findings. Returns the exit code: 1 when something is broken. */
export async function doctor(
  terminal: Terminal,
  environment: Environment,
  searchPath: string,
  json: boolean,
): Promise<number> {
  const findings = await examine(environment, searchPath);
  if (json) terminal.print(JSON.stringify({ findings }, null, 2));
  else terminal.print(renderFindings(findings));
  return findings.every(({ good }) => good) ? 0 : 1;
}

/** Pure: a row for each finding, then what to do. */
export function renderFindings(findings: readonly Finding[]): string {
  const rows = findings.map(({ what, good, detail }) => [good ? 'ok' : 'BROKEN', what, detail]);
  const fixes = findings.filter(({ good }) => !good).map(({ what, fix }) => `  ${what}: ${fix}`);
  const verdict = fixes.length === 0 ? 'Nothing is broken.' : `What to do:\n${fixes.join('\n')}`;
  return `${table(['', 'what', 'found'], rows)}\n\n${verdict}`;
}

/** Looks at Node, the programs, the settings, the disk and the service. `searchPath` is the PATH to look for programs in. */
export async function examine(environment: Environment, searchPath: string): Promise<readonly Finding[]> {
  const home = readHome(environment);
  const major = Number(process.versions.node.split('.')[0]);
  const node: Finding = {
    what: 'Node.js',
    good: major >= leastNodeMajor,
    detail: process.version,
    fix: major >= leastNodeMajor ? '' : 'run Coppice by `npm start` or `npx coppice`, which bring Node 24 with them',
  };
  const folders = [...searchPath.split(delimiter), '/usr/sbin', '/sbin'].filter((folder) => folder !== '');
  const debian = /^ID(?:_LIKE)?=.*debian/m.test(await readFile('/etc/os-release', 'utf8').catch(() => ''));
  const found = await Promise.all(
    programs.map(async ([program, onDebian, onFedora]): Promise<Finding> => {
      const place = await findProgram(program, folders);
      const install = debian ? `apt-get install --no-install-recommends ${onDebian}` : `dnf install ${onFedora}`;
      return {
        what: program,
        good: place !== undefined,
        detail: place ?? 'not found',
        fix: place === undefined ? `run: ${install}` : '',
      };
    }),
  );
  return [
    node,
    ...found,
    await settingsFinding(environment),
    await diskFinding(home),
    await serviceFinding(environment),
  ];
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

async function settingsFinding(environment: Environment): Promise<Finding> {
  try {
    const settings = await readSettings(environment);
    return {
      what: 'settings',
      good: true,
      detail: `${environment.COPPICE_SETTINGS ?? 'defaults'} (${settings.github.mode})`,
      fix: '',
    };
  } catch (error) {
    return { what: 'settings', good: false, detail: describe(error), fix: 'mend the file that COPPICE_SETTINGS names' };
  }
}

async function diskFinding(home: Home): Promise<Finding> {
  try {
    await mkdir(home.folder, { recursive: true });
    await access(home.folder, constants.W_OK);
    const { bavail, bsize } = await statfs(home.folder);
    const free = bavail * bsize;
    return {
      what: 'disk',
      good: free >= leastFreeBytes,
      detail: `${(free / 1024 ** 3).toFixed(1)} GiB free in ${home.folder}`,
      fix: free >= leastFreeBytes ? '' : 'free some space: builds need at least 2 GiB',
    };
  } catch (error) {
    return {
      what: 'disk',
      good: false,
      detail: describe(error),
      fix: `make ${home.folder} writable, or name another folder in COPPICE_HOME`,
    };
  }
}

async function serviceFinding(environment: Environment): Promise<Finding> {
  try {
    const { url } = await findService(environment);
    const answer = await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(5000) });
    const health = (await answer.json()) as { ready?: unknown };
    const ready = answer.ok && health.ready === true;
    return {
      what: 'service',
      good: ready,
      detail: `${url} ${ready ? 'is ready' : 'is not ready'}`,
      fix: ready ? '' : 'wait for its set-up to end, or read its log',
    };
  } catch (error) {
    return { what: 'service', good: false, detail: describe(error), fix: 'start it with: npm start' };
  }
}
