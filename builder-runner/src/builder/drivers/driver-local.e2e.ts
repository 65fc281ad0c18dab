// What the driver `local` does beyond the contract of drivers (driver-contract.e2e.ts): isolation, limits,
// provisioning, life without root.
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  arch,
  cleanUp,
  examineMachine,
  home,
  hostUserOf,
  listBuilders,
  localBuilder,
  nothing,
  operatorsKey,
  playbook,
  prepare,
  provision,
  publicKey,
  readJson,
  type Spawned,
  scratch,
  spawnBuilder,
  ssh,
  stateDir,
  terminate,
  traces,
  until,
} from '../../../testing/drivers/driver-local-fixture.ts';
import { tryHoles } from '../../../testing/drivers/holes.ts';
import { needRoot } from '../../../testing/need-root.ts';

needRoot();
const machine = examineMachine();
beforeAll(prepare);
afterAll(cleanUp);

describe('driver local, with namespaces', () => {
  let one: Spawned;
  let two: Spawned;
  /** A program of this machine, with a file that only root may read. */
  const program = mkdtempSync('/usr/local/share/coppice-test-');
  afterAll(() => rmSync(program, { recursive: true }));
  beforeAll(async () => {
    chmodSync(program, 0o755);
    writeFileSync(join(program, 'key'), 'only root reads this');
    chmodSync(join(program, 'key'), 0o600);
    writeFileSync(join(program, 'readme'), 'all read this');
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
      `ls -A ${home} /root/.ssh /home; cat /etc/ssh/ssh_host_*_key ${operatorsKey}; cut -d: -f2 /etc/shadow | sort -u; ls -A ${stateDir}`,
    );
    expect(look.stdout).not.toContain('signing-key');
    expect(look.stdout).not.toContain('PRIVATE KEY');
    expect(look.stdout).not.toContain(two.instance);
    expect(look.stdout).not.toMatch(/\$[0-9a-z]+\$/); // a password hash, see crypt(5)
    expect(readFileSync(join(home, 'signing-key'), 'utf8')).toBe('secret');
    const asRoot = await ssh(one, `sudo -n id -u; sudo -n cat ${program}/readme ${program}/key`);
    expect(asRoot.stdout).toBe('0\nall read this');
    expect(readFileSync(join(program, 'key'), 'utf8')).toBe('only root reads this');
  });

  test.skipIf(machine.users !== null)(
    'its root becomes root of the control host by none of the known ways',
    async () => {
      const settings = () => readFileSync('/proc/sys/kernel/core_pattern', 'utf8');
      const before = settings();
      const tried = await ssh(one, tryHoles(home));
      expect(tried.stdout, tried.stderr).toBe('end');
      expect(tried.stderr).toContain('core_pattern: Permission denied');
      expect(settings()).toEqual(before);
    },
  );

  test.skipIf(machine.users !== null)(
    'two builders have no user in common, and none with the control host',
    async () => {
      const mark = (builder: Spawned) => `3600.${builder.port}`;
      const start = (builder: Spawned) => `setsid sleep ${mark(builder)} >/dev/null 2>&1 </dev/null &`;
      await Promise.all([one, two].map((builder) => ssh(builder, start(builder))));
      const [first = 0, second = 0] = await Promise.all(
        [one, two].map((builder) => hostUserOf(`sleep ${mark(builder)}`)),
      );
      expect(Math.min(first, second)).toBeGreaterThanOrEqual(2 ** 16);
      expect(Math.abs(first - second)).toBeGreaterThanOrEqual(2 ** 16);
    },
  );

  test.skipIf(machine.groups !== null)(
    'what fills its memory or starts processes without end is stopped, and it goes on',
    async () => {
      const many = await ssh(
        one,
        'for i in $(seq 400); do sleep 60 >/dev/null 2>&1 & done; echo "$(jobs -p | wc -l) started"',
        {
          user: 'mockbuild',
        },
      );
      expect(many.stdout + many.stderr).toMatch(/fork|Resource temporarily unavailable/i);
      await ssh(one, 'pkill -9 sleep');
      const places = ['/dev/shm', '/tmp', '/var/tmp'];
      const fill = `for at in ${places.join(' ')}; do head -c 500M /dev/zero >$at/full; done; du -cm ${places.map((at) => `${at}/full`).join(' ')}`;
      const filled = await ssh(one, fill, { user: 'mockbuild' });
      expect(filled.stdout + filled.stderr).not.toMatch(/^15\d\d\s+total$/m);
      const held = await ssh(one, `python3 -c 'held = b"x" * (1 << 30); print("held")'`, { user: 'mockbuild' });
      expect(held.stdout).toBe('');
      const again = await ssh(one, `rm -f ${places.map((at) => `${at}/full`).join(' ')}; echo here`);
      expect(again.stdout).toBe('here');
    },
  );

  test("a build can fill the builder's disk but not the machine's", async () => {
    const fill = 'dd if=/dev/zero of=builds/full bs=1M count=200; rm builds/full';
    const filled = await ssh(one, fill, { user: 'mockbuild' });
    expect(filled.stderr).toContain('No space left on device');
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
    expect(left()).toMatchObject({ listening: true, folder: true });
    await terminate(one.instance);
    expect(left()).toEqual(nothing);
    await terminate(one.instance);
    expect((await listBuilders()).map((listed) => listed.instance)).toEqual([two.instance]);
    expect((await ssh(two, 'true')).exitCode).toBe(0);
  });

  test('a builder whose spawning was killed half-way can be listed and terminated', async () => {
    const name = 'coppice-half';
    const args = ['spawn', `--state-dir=${stateDir}`, `--name=${name}`, `--arch=${arch}`];
    const spawning = execa(localBuilder, [...args, `--public-key=${publicKey()}`], {
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
    const line = publicKey();
    for (const [name, given] of [
      ['../outside', line],
      ['coppice-key', `command="id" ${line}`],
    ] as const) {
      const vars = { coppice_name: name, coppice_arch: arch, coppice_chroot: 'x', coppice_public_key: given };
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

describe('driver local, without root', () => {
  const uid = 61_234;
  const name = 'coppice-rootless';
  const folder = join(scratch, 'rootless');
  const driver = join(folder, 'driver/local-builder');

  /** As a user who exists only in the passwd file that this one process and its children see. */
  const asGuest = (...args: string[]) => {
    const script = 'mount --bind "$1" /etc/passwd && shift && exec "$@"';
    const drop = ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups', 'env', '-i', 'PATH=/usr/bin:/bin'];
    const command = ['--mount', 'sh', '-c', script, 'sh', join(folder, 'passwd'), ...drop, driver, ...args];
    return execa('unshare', command, { reject: false, all: true, stdin: 'ignore' });
  };

  test('a plain SSH server as the current user does; its detached processes end with it', async () => {
    chmodSync(scratch, 0o755);
    mkdirSync(join(folder, 'guest'), { recursive: true });
    chownSync(join(folder, 'guest'), uid, uid);
    cpSync(dirname(localBuilder), join(folder, 'driver'), { recursive: true });
    const guest = `guest:x:${uid}:${uid}::${join(folder, 'guest')}:/bin/sh\n`;
    writeFileSync(join(folder, 'passwd'), readFileSync('/etc/passwd', 'utf8') + guest);
    const state = `--state-dir=${join(folder, 'guest/builders')}`;

    const made = await asGuest('spawn', state, `--name=${name}`, `--arch=${arch}`, `--public-key=${publicKey()}`);
    expect(made.exitCode, made.all).toBe(0);
    const builder = JSON.parse(made.stdout) as Spawned;
    try {
      expect(builder).toMatchObject({ user: 'guest', instance: name });
      const login = await ssh(builder, 'setsid sleep 3600 >/dev/null 2>&1 </dev/null & id -u');
      expect(login.stdout, login.stderr).toBe(String(uid));
      const listed = JSON.parse((await asGuest('list', state)).stdout);
      expect(listed).toMatchObject([{ instance: name, isolation: 'none', alive: true }]);
    } finally {
      const ended = await asGuest('terminate', state, `--name=${name}`);
      expect(ended.exitCode, ended.all).toBe(0);
    }
    // A process that ended stays listed until its parent, which is not ours, has noticed.
    const running = await execa('ps', ['-o', 'stat=', '-u', String(uid)], { reject: false });
    expect(running.stdout.split('\n').filter((state) => state !== '' && !state.startsWith('Z'))).toEqual([]);
    expect(existsSync(join(folder, 'guest/builders', name))).toBe(false);
  });
});
