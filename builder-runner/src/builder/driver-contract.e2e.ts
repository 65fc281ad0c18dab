// The contract between runner and driver, on the driver `local` and with the real playbooks: spawn, provision, list, terminate.
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const ansible = join(import.meta.dirname, '../../../ansible');
const localBuilder = join(ansible, 'drivers/local/files/local-builder');
const scratch = mkdtempSync(join(tmpdir(), 'driver-contract-'));
const stateDir = join(scratch, 'builders');
const home = join(scratch, 'home');
const key = join(scratch, 'key');
const arch = { x64: 'x86_64', arm64: 'aarch64' }[process.arch as string] ?? process.arch;

interface Spawned {
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

const readJson = <T>(path: string): T => JSON.parse(readFileSync(path, 'utf8'));

function playbook(path: string, vars: Record<string, unknown>, inventory: string[] = []) {
  const file = join(mkdtempSync(join(scratch, 'vars-')), 'vars.json');
  writeFileSync(file, JSON.stringify({ coppice_state_dir: stateDir, ...vars }));
  return execa('ansible-playbook', [...inventory, join(ansible, path), '-e', `@${file}`], {
    env: { ANSIBLE_CONFIG: join(ansible, 'ansible.cfg') },
    stdin: 'ignore',
    reject: false,
    all: true,
  });
}

async function spawnBuilder(name: string): Promise<Spawned> {
  const resultFile = join(scratch, `${name}.json`);
  const vars = {
    coppice_name: name,
    coppice_arch: arch,
    coppice_chroot: `sapling-12-${arch}`,
    coppice_public_key: readFileSync(`${key}.pub`, 'utf8').trim(),
    coppice_result_file: resultFile,
    coppice_home: home,
    coppice_lifetime_seconds: 3600,
  };
  const done = await playbook('drivers/local/spawn.yml', vars);
  expect(done.exitCode, done.all).toBe(0);
  return readJson(resultFile);
}

async function listBuilders(): Promise<Listed[]> {
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

function ssh(
  builder: Spawned,
  command: string,
  { user = builder.user, hostKey = builder.hostKey, extra = [] as string[] } = {},
) {
  const args = [...sshOptions(builder, hostKey), '-F', 'none', '-i', key, '-p', String(builder.port), ...extra];
  return execa('ssh', [...args, `${user}@${builder.host}`, command], { stdin: 'ignore', reject: false });
}

async function provision(builder: Spawned, hostKey = builder.hostKey) {
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
    coppice_public_key: readFileSync(`${key}.pub`, 'utf8').trim(),
    coppice_chroot: `sapling-12-${arch}`,
    coppice_arch: arch,
  };
  const made = await playbook('playbooks/builder.yml', vars, ['-i', inventory]);
  return { made, verify: () => playbook('playbooks/verify.yml', vars, ['-i', inventory]) };
}

/** See "/proc/net/tcp" in proc(5): local address and port in hexadecimal, state 0A is LISTEN. */
const isListening = (port: number) =>
  new RegExp(`:${port.toString(16).toUpperCase().padStart(4, '0')} [0-9A-F]+:0000 0A `).test(
    readFileSync('/proc/net/tcp', 'utf8'),
  );

/** Everything of a builder that the machine knows of, to be compared with nothing at all after its end. */
function traces(instance: string) {
  const record = readJson<{ processes: { pid: number }[]; port: number }>(join(stateDir, instance, 'record.json'));
  const linkOf = (pid: number | string) => {
    try {
      return readlinkSync(`/proc/${pid}/ns/mnt`);
    } catch {
      return '';
    }
  };
  const namespace = linkOf(record.processes[0]?.pid ?? -1);
  return () => ({
    processes: readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && namespace !== '' && linkOf(pid) === namespace),
    listening: isListening(record.port),
    mounts: readFileSync('/proc/mounts', 'utf8')
      .split('\n')
      .filter((line) => line.includes(scratch)),
    folder: existsSync(join(stateDir, instance)),
  });
}
const nothing = { processes: [], listening: false, mounts: [], folder: false };

async function terminate(instance: string) {
  const done = await playbook('drivers/local/terminate.yml', { coppice_name: instance });
  expect(done.exitCode, done.all).toBe(0);
}

async function until(condition: () => boolean, what: string) {
  for (const end = Date.now() + 20_000; !condition(); ) {
    if (Date.now() > end) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

beforeAll(async () => {
  mkdirSync(home);
  writeFileSync(join(home, 'signing-key'), 'secret');
  await execa('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'builder', '-f', key]);
});
afterAll(async () => {
  for (const name of existsSync(stateDir) ? readdirSync(stateDir) : []) await terminate(name);
  rmSync(scratch, { recursive: true, force: true });
});

describe.runIf(process.getuid?.() === 0)('driver local, with namespaces', () => {
  let one: Spawned;
  let two: Spawned;
  beforeAll(async () => {
    [one, two] = await Promise.all([spawnBuilder('coppice-00000042-1-ab12'), spawnBuilder('coppice-00000042-2-ab12')]);
  });

  test('spawn answers with an instance that can be reached, and nothing else', () => {
    expect(Object.keys(one).sort()).toEqual(['arch', 'host', 'hostKey', 'instance', 'port', 'user']);
    expect(one).toMatchObject({ instance: 'coppice-00000042-1-ab12', user: 'root', arch });
    expect(one.hostKey).toMatch(/^ssh-ed25519 [A-Za-z0-9+/=]+$/);
  });

  test('two builders at once have addresses, host keys and names of their own', async () => {
    expect(two.host).not.toBe(one.host);
    expect(two.hostKey).not.toBe(one.hostKey);
    const names = await Promise.all([ssh(one, 'hostname'), ssh(two, 'hostname')]);
    expect(names.map((done) => done.stdout)).toEqual([one.instance, two.instance]);
  });

  test('list shows those that exist, with age and end', async () => {
    const listed = await listBuilders();
    expect(listed.map(({ instance, alive, isolation }) => ({ instance, alive, isolation }))).toEqual([
      { instance: one.instance, alive: true, isolation: 'namespaces' },
      { instance: two.instance, alive: true, isolation: 'namespaces' },
    ]);
    const [first] = listed;
    expect(Date.parse(first?.expiresAt ?? '') - Date.parse(first?.createdAt ?? '')).toBe(3_600_000);
  });

  test('a host key that is not the pinned one is refused, by ssh and by provisioning', async () => {
    const refused = await ssh(one, 'true', { hostKey: two.hostKey });
    expect(refused.exitCode).toBe(255);
    expect(refused.stderr).toContain('Host key verification failed');
    const { made } = await provision(one, two.hostKey);
    expect(made.exitCode, made.all).toBe(4);
  });

  test('provisioning gives a builder whose unprivileged user runs mock; doing it again changes nothing', async () => {
    const { made, verify } = await provision(one);
    expect(made.exitCode, made.all).toBe(0);
    const verified = await verify();
    expect(verified.exitCode, verified.all).toBe(0);
    const asBuildUser = await ssh(one, 'id -un && id -Gn && mock --version && rpm -E %_dbpath', { user: 'mockbuild' });
    expect(asBuildUser.exitCode, asBuildUser.stderr).toBe(0);
    expect(asBuildUser.stdout.split('\n')[0]).toBe('mockbuild');
    expect(asBuildUser.stdout).toMatch(/\bmock\b/);
    expect(asBuildUser.stdout.trim().split('\n').at(-1)).toMatch(/^(\/var|\/usr)\/lib\/(sysimage\/)?rpm$/);
    const again = await provision(one);
    expect(again.made.all).toContain('changed=0');
  });

  test("a builder sees none of the control host's secrets", async () => {
    const look = await ssh(
      one,
      `ls -A ${home} /root/.ssh /home; cat /etc/ssh/ssh_host_*_key; cut -d: -f2 /etc/shadow | sort -u; ls -A ${stateDir}`,
    );
    expect(look.stdout).not.toContain('signing-key');
    expect(look.stdout).not.toContain('PRIVATE KEY');
    expect(look.stdout).not.toContain(two.instance);
    expect(look.stdout).not.toMatch(/\$[0-9a-z]+\$/); // a password hash, see crypt(5)
    expect(readFileSync(join(home, 'signing-key'), 'utf8')).toBe('secret');
  });

  test('a builder reaches a server of the control host only through the forwarding that it is lent', async () => {
    const onLoopback = createServer((_, response) => response.end('lent')).listen(0, '127.0.0.1');
    const onAll = createServer((_, response) => response.end('open')).listen(0, '0.0.0.0');
    try {
      await until(() => onLoopback.listening && onAll.listening, 'the servers');
      const [loopback, all] = [onLoopback, onAll].map((server) => (server.address() as AddressInfo).port);
      const fetchFrom = (host: string, port: number | undefined) =>
        `timeout 2 python3 -c "import urllib.request as u; print(u.urlopen('http://${host}:${port}/').read())"`;
      const ownAddresses = Object.values(networkInterfaces()).flatMap((all) => all ?? []);
      const closed: [string, number | undefined][] = [
        ['127.0.0.1', loopback],
        [two.host, two.port],
      ];
      for (const { address } of ownAddresses.filter(({ family }) => family === 'IPv4')) closed.push([address, all]);
      for (const [host, port] of closed) {
        const tried = await ssh(one, fetchFrom(host, port));
        expect(tried.exitCode, `${host}:${port} answered ${tried.stdout}`).not.toBe(0);
      }
      const lent = await ssh(one, fetchFrom('127.0.0.1', 8400), {
        extra: ['-R', `127.0.0.1:8400:127.0.0.1:${loopback}`],
      });
      expect(lent.stdout).toContain('lent');
    } finally {
      onLoopback.close();
      onAll.close();
    }
  });

  test('terminate leaves nothing, not even of a detached process, and may come twice', async () => {
    const left = traces(one.instance);
    await ssh(one, 'setsid sleep 3600 >/dev/null 2>&1 </dev/null &');
    expect(left().processes.length).toBeGreaterThan(2);
    await terminate(one.instance);
    expect(left()).toEqual(nothing);
    await terminate(one.instance);
    expect((await listBuilders()).map((listed) => listed.instance)).toEqual([two.instance]);
    expect((await ssh(two, 'true')).exitCode).toBe(0);
  });

  test('a builder whose spawning was killed half-way can be listed and terminated', async () => {
    const name = 'coppice-half';
    const args = ['spawn', `--state-dir=${stateDir}`, `--name=${name}`, `--arch=${arch}`];
    const spawning = execa(localBuilder, [...args, `--public-key=${readFileSync(`${key}.pub`, 'utf8').trim()}`], {
      reject: false,
    });
    const record = join(stateDir, name, 'record.json');
    await until(
      () => existsSync(record) && readJson<{ processes: unknown[] }>(record).processes.length > 0,
      'the record',
    );
    spawning.kill('SIGKILL');
    await spawning;
    const left = traces(name);
    expect((await listBuilders()).map((listed) => listed.instance)).toContain(name);
    await terminate(name);
    expect(left()).toEqual(nothing);
  });

  test('a name that is a path, and a key that is more than a key, are refused before anything is made', async () => {
    const publicKey = readFileSync(`${key}.pub`, 'utf8').trim();
    for (const [name, line] of [
      ['../outside', publicKey],
      ['coppice-key', `command="id" ${publicKey}`],
    ] as const) {
      const vars = { coppice_name: name, coppice_arch: arch, coppice_chroot: 'x', coppice_public_key: line };
      const done = await playbook('drivers/local/spawn.yml', {
        ...vars,
        coppice_result_file: join(scratch, 'refused.json'),
      });
      expect(done.exitCode, done.all).toBe(2);
    }
    expect(existsSync(join(scratch, 'refused.json'))).toBe(false);
    await terminate(two.instance);
    expect(await listBuilders()).toEqual([]);
  });
});
