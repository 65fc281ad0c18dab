// Phases that hang: each is ended after its time, tried on another builder, told as infrastructure, and nothing of it
// is left.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { scripted } from '../../testing/packages.ts';
import { startTestService, type TestService } from '../../testing/start-test-service.ts';
import { ansibleFolder } from './playbook.ts';

/** What hangs calls itself so: `sleep` with one of these words as its name. */
const words = { spawn: 'coppice-hung-spawn', provision: 'coppice-hung-role', collect: 'coppice-hung-results' } as const;
const mark = (word: string) => `${word}-${process.pid}`;
const hang = (word: string) => `exec bash -c 'exec -a ${mark(word)} sleep 36000'`;
const local = join(ansibleFolder, 'drivers', 'local');

const folders: string[] = [];
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))));

/** The driver `local` with another spawn playbook, of these plays. */
async function driverWith(plays: readonly object[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'coppice-driver-'));
  folders.push(folder);
  for (const name of ['driver.yml', 'terminate.yml', 'list.yml', 'keep-roots.yml', 'files']) {
    await symlink(join(local, name), join(folder, name));
  }
  await writeFile(join(folder, 'spawn.yml'), JSON.stringify(plays));
  return folder;
}

/**
 * Makes a builder as `local` does, then puts a program there in place of another: on the first one `first`, on later
 * ones `then`.
 */
async function driverThatPuts(path: string, first: string, then = first): Promise<string> {
  const instance = "(lookup('file', coppice_result_file) | from_json)";
  const ssh = [
    'ssh -F none -o BatchMode=yes -o IdentitiesOnly=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null',
    `-i {{ coppice_result_file | dirname }}/key -p {{ ${instance}.port }} {{ ${instance}.user }}@{{ ${instance}.host }}`,
  ].join(' ');
  const put = `rm -f ${path} && cat > ${path} && chmod 755 ${path}`;
  const driver = await driverWith([
    { import_playbook: join(local, 'spawn.yml') },
    {
      ...{ hosts: 'localhost', connection: 'local', gather_facts: false },
      tasks: [
        {
          'ansible.builtin.shell': {
            cmd: `if mkdir used; then mv first program; else cp then program; fi\n${ssh} '${put}' < program`,
            chdir: '{{ playbook_dir }}',
          },
        },
      ],
    },
  ]);
  await writeFile(join(driver, 'first'), first);
  await writeFile(join(driver, 'then'), then);
  return driver;
}

/** One build: its source package is made where nothing is wrong, its chroot by `driver`, and after that by `others`. */
async function buildWith(
  driver: string,
  timeouts: object,
  use: (context: TestService) => Promise<void>,
  others = false,
) {
  const sound = { driver: 'local', max: 1 };
  const pools = [
    { ...sound, name: 'sources', trust: ['source'] },
    { driver, name: 'hung', trust: ['build'], max: 2 },
    ...(others ? [{ ...sound, name: 'others', trust: ['build'] }] : []),
  ];
  const builders = { pools, attempts: 2, breaker: { failures: 100 } };
  const context = await startTestService({ plain: scripted('plain', 'true') }, { workers: 1, builders, timeouts });
  try {
    await use(context);
  } finally {
    await context.stop();
  }
}

async function resultOf(context: TestService) {
  const [build] = await context.enqueue([{ package: 'plain' }]);
  if (build === undefined) throw new Error('nothing was queued');
  await context.gone(build.id);
  return await context.result(build);
}

/** While the service goes on: the builders of the pool that hangs, and what hung on them, go by themselves. */
async function expectNothingLeft(context: TestService, word: string): Promise<void> {
  const record = (name: string) => join(context.home, 'state/builders', name, 'builder.json');
  const left = () =>
    readdirSync(join(context.home, 'state/builders')).filter(
      (name) => !existsSync(record(name)) || JSON.parse(readFileSync(record(name), 'utf8')).pool === 'hung',
    );
  await vi.waitFor(() => expect([left(), processesOf(mark(word))]).toEqual([[], []]), { timeout: 120_000 });
}

function processesOf(word: string): readonly string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')[0] === word;
    } catch {
      return false; // it has ended
    }
  });
}

let spawnHangs: string;
beforeAll(async () => {
  const tasks = [{ 'ansible.builtin.shell': { cmd: `setsid --wait sh -c "${hang(words.spawn)}"` } }];
  spawnHangs = await driverWith([{ hosts: 'localhost', connection: 'local', gather_facts: false, tasks }]);
});

test.concurrent('spawn: tried again, then the build fails as infrastructure', async () => {
  await buildWith(spawnHangs, { spawnSeconds: 30 }, async (context) => {
    const result = await resultOf(context);
    expect(result).toMatchObject({ state: 'failed', reason: 'infrastructure', builder: expect.any(String) });
    expect(result.message).toMatch(/^Not the package's fault: no builder .* 2 tries.*\(spawn\) took longer than 30 s/);
    await expectNothingLeft(context, words.spawn);
  });
});

test.concurrent('spawn: another pool makes the builder', async () => {
  const check = async (context: TestService) => {
    expect(await resultOf(context)).toMatchObject({ state: 'succeeded', reason: null });
    expect(context.lines.filter((line) => /pool hung could not be made.*\(spawn\) took longer/.test(line))).not.toEqual(
      [],
    );
  };
  await buildWith(spawnHangs, { spawnSeconds: 30 }, check, true);
});

test.concurrent('provision: the builder is ended, another one is tried, then the build fails as infrastructure', async () => {
  const driver = await driverThatPuts('/usr/bin/python3', `#!/bin/sh\n${hang(words.provision)}\n`);
  await buildWith(driver, { provisionSeconds: 30 }, async (context) => {
    const result = await resultOf(context);
    expect(result).toMatchObject({ state: 'failed', reason: 'infrastructure' });
    expect(result.message).toMatch(/no builder .* 2 tries.*\(provision\) took longer than 30 s/);
    await expectNothingLeft(context, words.provision);
  });
});

test.concurrent('collect: results that never end are left there, another builder is tried, then the build fails as infrastructure', async () => {
  // The first builder says nothing at all, the others name files without end, one in a while.
  const unless = `#!/bin/bash\ncase "$*" in *-printf*) ;; *) exec /usr/bin/find "$@" ;; esac\n`;
  const trickle = `while sleep 1; do n=$((n + 1)); printf '1 1 f file-%s\\0' "$n"; done\n`;
  const driver = await driverThatPuts('/usr/local/bin/find', unless + hang(words.collect), unless + trickle);
  await buildWith(driver, { collectSeconds: 10 }, async (context) => {
    const result = await resultOf(context);
    expect(result).toMatchObject({ state: 'failed', reason: 'infrastructure', attempts: 2 });
    expect(result.message).toMatch(/^Not the package's fault: fetching the results \(collect\) took longer than 10 s/);
    expect(result.phases.filter(({ name }) => name === 'collect')).toHaveLength(2);
    await expectNothingLeft(context, words.collect);
  });
});
