// What the driver `static` does beyond the contract of drivers: hosts are cleaned before they are given back, and
// nothing of who has which is forgotten.
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { settingsSchema } from '@coppice/config';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chroot } from '../../../testing/drivers/driver-contract-cases.ts';
import { needRoot } from '../../../testing/need-root.ts';
import { sshOptions } from '../provision.ts';
import { type Builder, builderPrefix, type Driver, listBuilders, spawnBuilder, terminateBuilder } from '../spawn.ts';

needRoot();
function ssh(builder: Builder, command: string) {
  const { host, port, user } = builder.instance;
  const options = [...sshOptions(builder), '-i', builder.keyFile, '-p', String(port), '-l', user];
  return execa('ssh', [...options, '--', host, command], { stdin: 'ignore', reject: false });
}

describe('driver static', () => {
  const scratch = mkdtempSync(join(tmpdir(), 'driver-static-'));
  const home = join(scratch, 'home');
  const settings = settingsSchema.parse({});
  const operator: Driver = { settings, home: join(scratch, 'operator'), source: { driver: 'local', options: {} } };
  const never = new AbortController().signal;
  const named = (word: string) => `${builderPrefix(home)}${word}`;
  let host: Builder;
  let driver: Driver;
  const withHost = (changes: object, labels: string[] = []): Driver => {
    const { host: address, port, user, hostKey } = host.instance;
    const hosts = [{ address, port, user, hostKey, privateKeyFile: host.keyFile, ...changes }];
    return { settings, home, source: { driver: 'static', options: { hosts }, labels } };
  };

  beforeAll(async () => {
    mkdirSync(home);
    host = await spawnBuilder(operator, 'host-1', chroot, never);
    driver = withHost({ labels: ['fast'] });
  });
  afterAll(async () => {
    await terminateBuilder(operator, 'host-1');
    rmSync(scratch, { recursive: true, force: true });
  });

  test('a host is given to one builder, and after it, clean, to the next', async () => {
    const first = await spawnBuilder(driver, named('1'), chroot, never);
    await expect(spawnBuilder(driver, named('2'), chroot, never)).rejects.toThrow(
      /none of 1 hosts can be had: .* is taken/,
    );

    const kept = { ...first, keyFile: join(scratch, 'kept-key'), knownHostsFile: join(scratch, 'kept-hosts') };
    for (const file of ['keyFile', 'knownHostsFile'] as const) copyFileSync(first[file], kept[file]);
    const leave = [
      'useradd --create-home mockbuild',
      'mkdir -p /var/lib/mock/root && cp /bin/sleep /var/lib/mock/root/',
      "su mockbuild -c 'touch /tmp/mine ~/secret; setsid sleep 3600 >/dev/null 2>&1 </dev/null &'",
      // Root's part of a build: a child of nobody, known by where it works.
      'cd /var/lib/mock/root; setsid ./sleep 3601 >/dev/null 2>&1 </dev/null & cd /',
      'touch /tmp/not-of-a-build; setsid sleep 3602 >/dev/null 2>&1 </dev/null &',
    ];
    const left = await ssh(first, leave.join('\n'));
    expect(left.exitCode, left.stderr).toBe(0);
    const look =
      'ps -eo args= | grep -o "sleep 360[012]$" | sort -u; ls -A /var/lib/mock /home/mockbuild; ls /tmp; grep -c coppice: .ssh/authorized_keys';
    const before = (await ssh(host, look)).stdout;
    for (const word of ['sleep 3600', 'sleep 3601', 'sleep 3602', 'secret', 'mine']) expect(before).toContain(word);

    await terminateBuilder(driver, named('1'));
    const after = (await ssh(host, look)).stdout;
    for (const word of ['sleep 3600', 'sleep 3601', 'secret', 'mine']) expect(after).not.toContain(word);
    expect(after).toContain('sleep 3602'); // the host's own affairs go on
    expect(after).toContain('not-of-a-build');
    expect((await ssh(kept, 'true')).stderr).toContain('Permission denied');

    const next = await spawnBuilder(driver, named('2'), chroot, never);
    expect((await ssh(next, 'true')).exitCode).toBe(0);
    await terminateBuilder(driver, named('2'));
  });

  test('a host that shows another key, or lacks a label, is not taken', async () => {
    const other = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBcaVaOqnjSKZhBGAyWYmN4HQ9uqNCAMxM2ZlqLSGgdJ';
    const lying = withHost({ hostKey: other });
    await expect(spawnBuilder(lying, named('3'), chroot, never)).rejects.toThrow(/Host key verification failed/);
    await expect(spawnBuilder(withHost({}, ['fast']), named('3'), chroot, never)).rejects.toThrow(
      /with the labels fast/,
    );
    const told = await spawnBuilder(withHost({ labels: ['fast'] }, ['fast']), named('3'), chroot, never);
    expect(told.instance.instance).toBe(named('3'));
    await terminateBuilder(driver, named('3'));
    expect(readdirSync(join(home, 'state/drivers/static'))).toEqual([]);
  });

  test('what is wrong with the options is said for every host at once', async () => {
    const wrong = withHost({ hostKey: 'AAAA', user: 'mockbuild', port: 0 });
    await expect(spawnBuilder(wrong, named('4'), chroot, never)).rejects.toThrow(
      /hosts\[0\]: hostKey 'AAAA' is not good; hosts\[0\]: port 0.*user mockbuild is whom builds run as/,
    );
  });

  test('a host that cannot be reached when its builder ends stays taken', async () => {
    await spawnBuilder(driver, named('5'), chroot, never);
    await terminateBuilder(operator, 'host-1');
    await expect(terminateBuilder(driver, named('5'))).rejects.toThrow(/The host stays taken until it can be cleaned/);
    expect(await listBuilders(driver)).toEqual([named('5')]);
  });
});
