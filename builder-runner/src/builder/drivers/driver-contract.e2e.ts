// The contract between runner and drivers, the same for each: spawn, SSH with the pinned key, list, terminate. What
// stands behind a driver on a test machine is in driver-contract-cases.ts.
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { settingsSchema } from '@coppice/config';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { chroot, driverCases, foreignChroot } from '../../../testing/drivers/driver-contract-cases.ts';
import type { OpenCase } from '../../../testing/drivers/open-case.ts';
import { needRoot } from '../../../testing/need-root.ts';
import { driverFolder, thisMachine } from '../driver-facts.ts';
import { runPlaybook } from '../playbook.ts';
import { sshOptions } from '../provision.ts';
import { type Builder, builderPrefix, type Driver, listBuilders, spawnBuilder, terminateBuilder } from '../spawn.ts';

needRoot();
function ssh(builder: Builder, command: string) {
  const { host, port, user } = builder.instance;
  const options = [...sshOptions(builder), '-i', builder.keyFile, '-p', String(port), '-l', user];
  return execa('ssh', [...options, '--', host, command], { stdin: 'ignore', reject: false });
}

interface Listed {
  readonly instance: string;
  readonly expiresAt?: string | null;
}

/** All that the list playbook says, not only the names. */
async function listInFull(driver: Driver, scratch: string): Promise<Listed[]> {
  const source = driver.source ?? { driver: '', options: {} };
  const file = join(scratch, 'list.json');
  await runPlaybook({
    code: 'list',
    playbook: join(driverFolder(source.driver), 'list.yml'),
    variables: {
      coppice_options: source.options,
      coppice_state_dir: join(driver.home, 'state/drivers', source.driver),
      coppice_prefix: builderPrefix(driver.home),
      coppice_result_file: file,
    },
    folder: scratch,
    seconds: 60,
  });
  return JSON.parse(readFileSync(file, 'utf8'));
}

describe.each(driverCases)('driver $name', ({ name, missing, open }) => {
  const canRun = missing === undefined;
  if (!canRun) test('needs the programs that it drives', ({ skip }) => skip(missing));

  describe.runIf(canRun)('keeps the contract', () => {
    let scratch: string;
    let home: string;
    const environment = { ...process.env };
    const named = (word: string) => `${builderPrefix(home)}${word}`;
    const never = new AbortController().signal;
    let opened: OpenCase;
    let driver: Driver;
    let one: Builder;
    let two: Builder;

    beforeAll(async () => {
      scratch = mkdtempSync(join(tmpdir(), 'driver-contract-'));
      home = join(scratch, 'home');
      mkdirSync(home);
      opened = await open(scratch, home);
      Object.assign(process.env, opened.environment);
      driver = { settings: settingsSchema.parse({}), home, source: opened.source };
      [one, two] = await Promise.all([
        spawnBuilder(driver, named('1'), chroot, never),
        spawnBuilder(driver, named('2'), chroot, never),
      ]);
    });
    afterAll(async () => {
      for (const name of await listBuilders(driver)) await terminateBuilder(driver, name);
      await opened.close();
      for (const key of Object.keys(opened.environment ?? {})) {
        if (environment[key] === undefined) delete process.env[key];
        else process.env[key] = environment[key];
      }
      rmSync(scratch, { recursive: true, force: true });
    });

    test('two that are spawned at once are two machines with host keys of their own', async () => {
      expect([one.instance.instance, two.instance.instance]).toEqual([named('1'), named('2')]);
      expect(`${one.instance.host}:${one.instance.port}`).not.toBe(`${two.instance.host}:${two.instance.port}`);
      expect(one.instance.hostKey).not.toBe(two.instance.hostKey);
    });

    test('the key of its spawning, and the host key that spawn told, open it', async () => {
      const said = await ssh(one, 'uname -m');
      expect(said.stdout, said.stderr).toBe(thisMachine());
      expect((await ssh({ ...one, keyFile: two.keyFile }, 'true')).stderr).toContain('Permission denied');
    });

    test('another host key than the pinned one is refused', async () => {
      const knownHostsFile = join(scratch, 'wrong-hosts');
      const { host, port } = one.instance;
      writeFileSync(knownHostsFile, `[${host}]:${port} ${two.instance.hostKey}\n${host} ${two.instance.hostKey}\n`);
      const refused = await ssh({ ...one, knownHostsFile }, 'true');
      expect(refused.exitCode).toBe(255);
      expect(refused.stderr).toContain('Host key verification failed');
    });

    test('list shows both, and when they end', async () => {
      expect([...(await listBuilders(driver))].sort()).toEqual([named('1'), named('2')]);
      if (opened.refusal === undefined) return; // an old driver knows neither architectures nor ends
      const ends = (await listInFull(driver, scratch)).map(({ expiresAt }) => Date.parse(expiresAt ?? ''));
      const hoursLeft = ends.map((end) => (end - Date.now()) / 3_600_000);
      for (const hours of hoursLeft) {
        expect(hours).toBeGreaterThan(5.9);
        expect(hours).toBeLessThanOrEqual(6);
      }
    });

    test('an architecture that is not offered is refused with what is, and nothing is made', async () => {
      const { refusal } = opened;
      if (refusal === undefined) return;
      await expect(spawnBuilder(driver, named('3'), foreignChroot, never)).rejects.toThrow(refusal);
      await terminateBuilder(driver, named('3'));
      expect((await listBuilders(driver)).length).toBe(2);
    });

    test('terminate ends that one alone, may come twice, and knows of no error for a name that never was', async () => {
      // Its files end with it: only with copies of them can be seen whether it still lets in.
      const kept = { ...one, keyFile: join(scratch, 'kept-key'), knownHostsFile: join(scratch, 'kept-hosts') };
      for (const file of ['keyFile', 'knownHostsFile'] as const) copyFileSync(one[file], kept[file]);
      const before = await ssh(kept, 'true');
      expect(before.exitCode, before.stderr).toBe(0);
      await terminateBuilder(driver, named('1'));
      expect(await listBuilders(driver)).toEqual([named('2')]);
      expect((await ssh(kept, 'true')).exitCode, `${name} still lets in`).not.toBe(0);
      await Promise.all([named('1'), named('never-was')].map((name) => terminateBuilder(driver, name)));
      // A builder that does not answer at once is called again, as the runner does; one that was ended with the other
      // would never answer.
      const reach = async () => {
        const other = await ssh(two, 'true');
        if (other.exitCode !== 0) console.log(`${two.name} did not answer: ${other.stderr}`);
        expect(other.exitCode, other.stderr).toBe(0);
      };
      await vi.waitFor(reach, { timeout: 60_000, interval: 1000 });
    });

    test('after the last is ended nothing is left', async () => {
      await terminateBuilder(driver, named('2'));
      expect(await listBuilders(driver)).toEqual([]);
      expect(await opened.leftovers()).toEqual([]);
    });
  });
});
