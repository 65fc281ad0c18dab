// What the tests of the driver `local` share: a scratch folder with a key, the real playbooks, ssh with a pinned host
// key, and a look at all that a builder leaves on a machine.
import {
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { execa, execaSync } from 'execa';
import { expect } from 'vitest';

const ansible = join(import.meta.dirname, '../../../ansible');
export const localBuilder = join(ansible, 'drivers/local/files/local-builder');
export const scratch = mkdtempSync(join(tmpdir(), 'driver-contract-'));
export const stateDir = join(scratch, 'builders');
export const home = join(scratch, 'home');
const key = join(scratch, 'key');
export const arch = { x64: 'x86_64', arm64: 'aarch64' }[process.arch as string] ?? process.arch;

export interface Spawned {
  instance: string;
  host: string;
  port: number;
  user: string;
  hostKey: string;
  arch: string;
}
interface Listed extends Spawned {
  alive: boolean;
  isolation: string;
  createdAt: string;
  expiresAt: string | null;
}

export const readJson = <T>(path: string): T => JSON.parse(readFileSync(path, 'utf8'));

export function playbook(path: string, vars: Record<string, unknown>, inventory: string[] = []) {
  const file = join(mkdtempSync(join(scratch, 'vars-')), 'vars.json');
  writeFileSync(file, JSON.stringify({ coppice_state_dir: stateDir, ...vars }));
  return execa('ansible-playbook', [...inventory, join(ansible, path), '-e', `@${file}`], {
    env: { ANSIBLE_CONFIG: join(ansible, 'ansible.cfg') },
    stdin: 'ignore',
    reject: false,
    all: true,
  });
}

export async function spawnBuilder(name: string): Promise<Spawned> {
  const resultFile = join(scratch, `${name}.json`);
  const vars = {
    coppice_name: name,
    coppice_arch: arch,
    coppice_chroot: `sapling-12-${arch}`,
    coppice_public_key: publicKey(),
    coppice_result_file: resultFile,
    coppice_home: home,
    coppice_lifetime_seconds: 3600,
    coppice_options: { disk_mib: 64, memory_mib: 768, processes: 300 },
  };
  const done = await playbook('drivers/local/spawn.yml', vars);
  expect(done.exitCode, done.all).toBe(0);
  return readJson(resultFile);
}

/** What builders can have on this machine; each null when they can have it, else why not. */
export const examineMachine = () =>
  JSON.parse(execaSync(localBuilder, ['examine'], { stdin: 'ignore' }).stdout) as {
    readonly users: string | null;
    readonly groups: string | null;
  };

/** The user, as the machine counts, of what runs on the builder with these words in its command line. */
export async function hostUserOf(words: string): Promise<number> {
  const { stdout } = await execa('ps', ['-eo', 'uid=,args='], { stdin: 'ignore' });
  return Number(
    stdout
      .split('\n')
      .find((line) => line.endsWith(words) && !line.includes('ssh '))
      ?.trim()
      .split(' ')[0],
  );
}

export async function listBuilders(): Promise<Listed[]> {
  const resultFile = join(scratch, 'list.json');
  const done = await playbook('drivers/local/list.yml', { coppice_result_file: resultFile });
  expect(done.exitCode, done.all).toBe(0);
  return readJson(resultFile);
}

/** The options that reach `builder` and trust `hostKey` alone. */
function sshOptions(builder: Spawned, hostKey = builder.hostKey): string[] {
  const knownHosts = join(mkdtempSync(join(scratch, 'known-')), 'hosts');
  const host = builder.port === 22 ? builder.host : `[${builder.host}]:${builder.port}`;
  writeFileSync(knownHosts, `${host} ${hostKey}\n`);
  const options = [`UserKnownHostsFile=${knownHosts}`, 'GlobalKnownHostsFile=/dev/null', 'StrictHostKeyChecking=yes'];
  return [...options, 'IdentitiesOnly=yes', 'BatchMode=yes', 'ConnectTimeout=10'].flatMap((option) => ['-o', option]);
}

export function ssh(
  builder: Spawned,
  command: string,
  { user = builder.user, hostKey = builder.hostKey, extra = [] as string[] } = {},
) {
  const args = [...sshOptions(builder, hostKey), '-F', 'none', '-i', key, '-p', String(builder.port), ...extra];
  return execa('ssh', [...args, `${user}@${builder.host}`, command], { stdin: 'ignore', reject: false });
}

export async function provision(builder: Spawned, hostKey = builder.hostKey) {
  const inventory = join(mkdtempSync(join(scratch, 'inventory-')), 'hosts.json');
  const host = {
    ansible_host: builder.host,
    ansible_port: builder.port,
    ansible_user: builder.user,
    ansible_ssh_private_key_file: key,
    ansible_ssh_common_args: sshOptions(builder, hostKey).join(' '),
  };
  writeFileSync(inventory, JSON.stringify({ all: { hosts: { [builder.instance]: host } } }));
  const vars = {
    coppice_public_key: publicKey(),
    coppice_chroot: `sapling-12-${arch}`,
    coppice_arch: arch,
  };
  const made = await playbook('playbooks/builder.yml', vars, ['-i', inventory]);
  return { made, verify: () => playbook('playbooks/verify.yml', vars, ['-i', inventory]) };
}

/** See "/proc/net/tcp" in proc(5): local address (its last byte first) and port in hexadecimal, state 0A is LISTEN. */
const isListening = (host: string, port: number) => {
  const bytes = host.split('.').map((part) => Number(part).toString(16).toUpperCase().padStart(2, '0'));
  const place = `${bytes.reverse().join('')}:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return new RegExp(` ${place} [0-9A-F]+:0000 0A `).test(readFileSync('/proc/net/tcp', 'utf8'));
};

/** The files that loop devices are backed by, on this machine. */
const loopFiles = () =>
  globSync('/sys/block/loop*/loop/backing_file').map((file) =>
    existsSync(file) ? readFileSync(file, 'utf8').trim() : '',
  );

/** Everything of a builder that the machine knows of, to be compared with nothing at all after its end. */
export function traces(instance: string) {
  const record = readJson<{ processes: { pid: number }[]; host: string; port: number; groups: string[] }>(
    join(stateDir, instance, 'record.json'),
  );
  const linkOf = (pid: number | string) => {
    try {
      return readlinkSync(`/proc/${pid}/ns/uts`);
    } catch {
      return '';
    }
  };
  const first = record.processes[0]?.pid ?? -1;
  const namespace = linkOf(first);
  // The kernel gives the number of a namespace that is gone to the next one, be it somebody else's: this one is held
  // until the tests end.
  if (namespace !== '') openSync(`/proc/${first}/ns/uts`, 'r');
  return () => ({
    processes: readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && namespace !== '' && linkOf(pid) === namespace),
    listening: isListening(record.host, record.port),
    mounts: readFileSync('/proc/mounts', 'utf8')
      .split('\n')
      .filter((line) => line.includes(scratch)),
    loops: loopFiles().filter((file) => file.includes(join(stateDir, instance))),
    groups: record.groups.filter((folder) => existsSync(folder)),
    folder: existsSync(join(stateDir, instance)),
  });
}
export const nothing = { processes: [], listening: false, mounts: [], loops: [], groups: [], folder: false };

export async function terminate(instance: string) {
  const done = await playbook('drivers/local/terminate.yml', { coppice_name: instance });
  expect(done.exitCode, done.all).toBe(0);
}

export async function until(condition: () => boolean, what: string) {
  for (const end = Date.now() + 60_000; !condition(); ) {
    if (Date.now() > end) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** Where an operator may keep what the settings name: in the machine's own folder, for root alone. */
export const operatorsKey = `/etc/${basename(scratch)}/app.pem`;

export async function prepare() {
  mkdirSync(dirname(operatorsKey), { mode: 0o755 });
  writeFileSync(operatorsKey, 'PRIVATE KEY of the app', { mode: 0o600 });
  mkdirSync(home);
  writeFileSync(join(home, 'signing-key'), 'secret');
  await execa('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'builder', '-f', key]);
}

export async function cleanUp() {
  for (const name of existsSync(stateDir) ? readdirSync(stateDir) : []) await terminate(name);
  rmSync(scratch, { recursive: true, force: true });
  rmSync(dirname(operatorsKey), { recursive: true, force: true });
}

export const publicKey = () => readFileSync(`${key}.pub`, 'utf8').trim();
