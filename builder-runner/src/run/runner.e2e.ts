// The runner on the real thing: Ansible, builders of this machine behind SSH, mock-lite, the Sapling distribution, gpg,
// createrepo_c, dnf.
import { existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BuildId, published, type QueuedBuild, type Result, settingsSchema } from '@coppice/config';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { hello, libgreet, type PackageFiles, scripted } from '../../testing/packages.ts';
import { sapling, startTestService, type TestService } from '../../testing/start-test-service.ts';
import { builderPrefix, listBuilders, spawnBuilder } from '../builder/spawn.ts';

const callBuilder = `cat > call.py <<'END'
import socket
ports = [int(line.split()[1].split(':')[1], 16) for line in open('/proc/net/tcp').readlines()[1:] if line.split()[3] == '0A']
[socket.create_connection(('127.0.0.1', port), 5) for port in ports]
assert ports, 'CUT OFF'
END
python3 call.py`;

const packages = {
  libgreet,
  hello,
  sleeper: scripted('sleeper', 'sleep 3600'),
  drowsy: scripted('drowsy', 'true\n%post\nsleep 3598'),
  waiter: scripted('waiter', 'true', 'BuildRequires: drowsy\n'),
  canceled: scripted('canceled', 'echo it began; sleep 3600; echo it went on'),
  greedy: scripted('greedy', 'dd if=/dev/zero of=zeros bs=1M count=300'),
  fragile: scripted('fragile', 'sleep 4'),
  needy: scripted('needy', 'true', 'BuildRequires: no-such-package\n'),
  // A listener of the builder is the forwarded port of the control host; a namespace of the build's own has none.
  confined: scripted('confined', `${callBuilder} && exit 1\npython3 -c 'held = bytearray(600 << 20)'`),
  optioned: scripted(
    'optioned',
    `test '%{colour}' = 'dark {{ green }}'\ntest -e %{_libdir}/libgreet.so\n${callBuilder}`,
  ),
  iced: scripted('iced', 'true'),
  killer: scripted('killer', 'kill -9 -1'),
  // What is to be taken is looked for elsewhere.
  spoilt: scripted('spoilt', 'rm -rf /builddir/build/SRPMS && ln -s /tmp /builddir/build/SRPMS'),
  unsteady: unsteady(),
  longname: longName(),
  broken: { 'broken.spec': 'Name: broken\nBogus: yes\n' },
};

/** Each time the spec is read, it has another release. */
function unsteady(): PackageFiles {
  const files = scripted('unsteady', 'true');
  const changes = ([name, text]: [string, string]) => [name, text.replace('Release: 1', 'Release: %(date +%%s%%N)')];
  return Object.fromEntries(Object.entries(files).map(changes));
}

/** Its file system takes the name of its file, and rpm cannot unpack it. */
function longName(): PackageFiles {
  const name = 'n'.repeat(255);
  const files = Object.entries(scripted('longname', 'true'));
  return Object.fromEntries(files.map(([file, text]) => [file, text.replaceAll('%{_datadir}/longname', `/${name}`)]));
}

let context: TestService;
const builds = new Map<string, QueuedBuild>();
const ends = new Map<string, Promise<Result>>();
let killed: string | undefined;

/**
 * All that is made for a while, the sockets of gpg-agents too: other services on this machine have theirs elsewhere.
 */
const temporary = mkdtempSync(join(tmpdir(), 'coppice-t-'));

beforeAll(async () => {
  process.env.TMPDIR = temporary;
  context = await startTestService(packages);
  const queued = await context.enqueue([
    // In the wrong order: hello needs libgreet, and nobody said so.
    { package: 'hello', batch: 'chain' },
    { package: 'libgreet', batch: 'chain' },
    { package: 'canceled' },
    { package: 'broken' },
    { package: 'sleeper', timeoutSeconds: 5 },
    { package: 'fragile' },
    { package: 'greedy', diskBytes: 100 * 1024 ** 2 },
    { package: 'needy' },
    { package: 'confined', memoryBytes: 300 * 1024 ** 2 },
    {
      package: 'optioned',
      project: 'more',
      after: [1],
      buildroot: {
        repos: ['coppice://acme/tools'],
        packages: ['libgreet-devel'],
        macros: { colour: 'dark {{ green }}' },
        network: true,
      },
    },
    { package: 'iced', project: 'iced' },
    { package: 'drowsy' },
    { package: 'waiter', after: [11], timeoutSeconds: 5 },
    { package: 'killer' },
    { package: 'spoilt' },
    { package: 'unsteady' },
    { package: 'longname' },
  ]);
  for (const build of queued) {
    builds.set(build.package, build);
    ends.set(
      build.package,
      context.gone(build.id).then(() => context.result(build)),
    );
  }
  void disturb(idOf('canceled'), idOf('fragile'));
});

afterAll(async () => {
  await context.stop();
  await rm(temporary, { recursive: true, force: true });
});

/** Cancels one build and kills the builder of another, each in the middle of its %build. */
async function disturb(toCancel: BuildId, toKill: BuildId): Promise<void> {
  const inBuild = (build: QueuedBuild) => build.chroots.some(({ phase }) => phase === 'build');
  void context.until(toCancel, inBuild).then(async () => {
    const log = join(folderOf('canceled'), 'build.log');
    await vi.waitFor(() => expect(readFileSync(log, 'utf8')).toContain('it began'), { timeout: 60_000 });
    await context.queue.cancel(toCancel, 'somebody');
  });
  const build = await context.until(toKill, inBuild);
  killed = build.chroots[0]?.builder ?? '';
  const record = join(context.home, 'state', 'drivers', 'local', killed, 'record.json');
  const { processes } = JSON.parse(await readFile(record, 'utf8')) as { processes: { pid: number }[] };
  for (const { pid } of processes) process.kill(pid, 'SIGKILL');
}

function idOf(name: string): BuildId {
  return (builds.get(name) as QueuedBuild).id;
}

function endOf(name: string): Promise<Result> {
  return ends.get(name) as Promise<Result>;
}

function folderOf(name: string): string {
  return join(context.home, 'published', published.chrootBuild(builds.get(name) as QueuedBuild, sapling));
}

describe('packages that are good', () => {
  test('a library and the program that needs it are built, although asked for in the wrong order', async () => {
    const [library, program] = [await endOf('libgreet'), await endOf('hello')];
    expect([library.state, program.state, program.message]).toEqual(['succeeded', 'succeeded', null]);
    expect(program.startedAt && program.startedAt >= library.endedAt).toBe(true);
    expect(program.phases.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['root', 'collect', 'sign', 'publish']),
    );
    // Each of the two may have a builder that was there already.
    const all = await Promise.all([...ends.values()]);
    expect(all.flatMap(({ phases }) => phases.map(({ name }) => name))).toEqual(
      expect.arrayContaining(['spawn', 'provision']),
    );
    const source = join(
      context.home,
      'published',
      published.srpmBuild(builds.get('hello') as QueuedBuild),
      'hello-1.0-1.sap12.src.rpm',
    );
    const { stdout } = await execa('sha256sum', [source]);
    expect(program.srpm).toEqual({ file: 'hello-1.0-1.sap12.src.rpm', sha256: stdout.split(' ')[0] });
    expect(program.artifacts.map(({ file }) => file)).toEqual([
      'hello-1.0-1.sap12.src.rpm',
      'hello-1.0-1.sap12.x86_64.rpm',
    ]);
    expect(program.engine).toMatchObject({ name: expect.stringMatching(/^mock/) });
  });

  test('logs, marker and packages are published', async () => {
    await endOf('hello');
    const files = readdirSync(folderOf('hello'));
    expect(files).toEqual(
      expect.arrayContaining(['build.log', 'root.log', 'state.log', 'success', 'result.json', 'packages.json']),
    );
    expect(readFileSync(join(folderOf('hello'), 'build.log'), 'utf8')).toContain('Executing(%check)');
  });

  test('rpm verifies the signature, and refuses a package that was changed', async () => {
    await endOf('hello');
    const folder = await mkdtemp(join(tmpdir(), 'coppice-verify-'));
    try {
      const rpmkeys = (...args: string[]) =>
        execa('rpmkeys', ['--dbpath', join(folder, 'db'), ...args], { reject: false });
      await rpmkeys('--import', join(context.home, 'published', published.publicKey('acme', 'tools')));
      const file = join(folderOf('hello'), 'hello-1.0-1.sap12.x86_64.rpm');
      expect((await rpmkeys('--checksig', file)).stdout).toMatch(/digests signatures OK$/);
      const bytes = await readFile(file);
      bytes[bytes.length - 20] = (bytes[bytes.length - 20] ?? 0) ^ 1;
      await writeFile(join(folder, 'changed.rpm'), bytes);
      expect((await rpmkeys('--checksig', join(folder, 'changed.rpm'))).exitCode).not.toBe(0);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  test('dnf reads the repository with its signature checked, and refuses a changed one', async () => {
    await endOf('hello');
    const folder = await mkdtemp(join(tmpdir(), 'coppice-dnf-'));
    try {
      const repo = await (await fetch(`${context.url}/${published.dnfRepo('acme', 'tools', sapling)}`)).text();
      expect(repo).toMatch(/^\[copr:127\.0\.0\.1:acme:tools\]\n/);
      const copy = join(folder, 'copy');
      await cp(join(context.home, 'published', published.repository('acme', 'tools', sapling)), copy, {
        recursive: true,
      });
      const good = await query(join(folder, 'good'), repo.replace('skip_if_unavailable=True\n', ''));
      expect(good.stdout.split('\n').sort()).toEqual(['hello', 'libgreet', 'libgreet-devel']);
      await writeFile(
        join(copy, 'repodata', 'repomd.xml'),
        `${await readFile(join(copy, 'repodata', 'repomd.xml'))}<!-- -->`,
      );
      const changed = repo.replace(/baseurl=.*/, `baseurl=file://${copy}`).replace('skip_if_unavailable=True\n', '');
      const refused = await query(join(folder, 'bad'), changed);
      expect(refused.exitCode).not.toBe(0);
      expect(refused.stderr).toMatch(/repomd\.xml GPG signature verification error/);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

async function query(folder: string, repo: string) {
  await mkdir(join(folder, 'repos'), { recursive: true });
  await writeFile(join(folder, 'repos', 'copr.repo'), repo);
  const options = [
    '-y',
    '-q',
    '--disableplugin=local',
    '--releasever=12',
    `--installroot=${folder}/root`,
    '--forcearch=x86_64',
  ];
  const dirs = [
    `--setopt=reposdir=${folder}/repos`,
    `--setopt=cachedir=${folder}/cache`,
    '--setopt=skip_if_unavailable=0',
  ];
  return execa('dnf', [...options, ...dirs, 'repoquery', '--arch=x86_64', '--qf', '%{name}'], { reject: false });
}

describe('builds that fail are data', () => {
  test("a spec that does not parse: reason source, in rpm's words", async () => {
    const result = await endOf('broken');
    expect(result).toMatchObject({ state: 'failed', reason: 'source', message: expect.stringMatching(/Bogus/) });
    expect(existsSync(join(folderOf('broken'), 'fail'))).toBe(true);
  });

  test('a build that never ends: reason timeout', async () => {
    expect(await endOf('sleeper')).toMatchObject({
      state: 'failed',
      reason: 'timeout',
      message: expect.stringMatching(/^The build took longer than its time limit of 5 s\./),
      attempts: 1,
    });
  });

  test('a dependency that never ends being installed: the time limit of the package that needs it', async () => {
    expect(await endOf('waiter')).toMatchObject({
      state: 'failed',
      reason: 'timeout',
      message: "Installing what the build needs took longer than the build's time limit of 5 s.",
      attempts: 1,
    });
  });

  test('a build that fills its disk: said so', async () => {
    expect(await endOf('greedy')).toMatchObject({
      state: 'failed',
      reason: 'compile',
      message: expect.stringMatching(/^No space left/),
      attempts: 1,
    });
  });

  test('a build that calls the network in vain, and then takes too much memory: said so', async () => {
    expect(await endOf('confined')).toMatchObject({
      state: 'failed',
      reason: 'compile',
      message: 'Out of memory: the build needed more than its limit of 300 MiB.',
    });
    const log = readFileSync(join(folderOf('confined'), 'build.log'), 'utf8');
    expect(log).toMatch(/AssertionError: CUT OFF[\s\S]*MemoryError/);
  });

  test.each([
    ['kills all that it may', 'killer', /^The build ended rpmbuild in %build/],
    ['replaces the folder of its results', 'spoilt', /^The build removed or replaced the folder SRPMS/],
    ['has another release each time', 'unsteady', /Version or Release changes each time/],
    ['has a file that rpm cannot unpack', 'longname', /^"longname-1.0-1.sap12.noarch.rpm" cannot be installed/],
  ])('a package that %s: reason unbuildable, one try', async (_, name, message) => {
    const end = { state: 'failed', reason: 'unbuildable', message: expect.stringMatching(message), attempts: 1 };
    expect(await endOf(name)).toMatchObject(end);
  });

  test('a requirement that nothing provides: reason dependencies, named', async () => {
    expect(await endOf('needy')).toMatchObject({
      state: 'failed',
      reason: 'dependencies',
      message: expect.stringMatching(/no-such-package/),
    });
  });
});

test("options reach the build: macros, packages from another project's repository, the network", async () => {
  const optioned = await endOf('optioned');
  expect(optioned).toMatchObject({ state: 'succeeded', project: 'more', message: null });
  // Its own project had nothing yet when it began.
  const inputs = [{ project: 'acme/tools', generation: expect.any(Number) }];
  expect(optioned.inputs).toEqual(inputs);
  const attestation = await readFile(join(folderOf('optioned'), optioned.attestation?.file ?? ''), 'utf8');
  const statement = Buffer.from(JSON.parse(attestation).payload, 'base64').toString();
  const { internalParameters } = JSON.parse(statement).predicate.buildDefinition;
  expect(internalParameters).toMatchObject({ inputs: optioned.inputs, builder: optioned.builder });
});

test('a frozen project builds nothing: reason policy', async () => {
  expect(await endOf('iced')).toMatchObject({ state: 'skipped', reason: 'policy', builder: null });
});

test('a canceled build ends in its middle and keeps its log', async () => {
  const result = await endOf('canceled');
  expect(result).toMatchObject({ state: 'canceled', message: 'Canceled by somebody.' });
  const log = readFileSync(join(folderOf('canceled'), 'build.log'), 'utf8');
  expect(log).toContain('it began');
  expect(log).not.toContain('it went on');
});

test('a builder that dies in mid-build is replaced by another one', async () => {
  const result = await endOf('fragile');
  expect(result).toMatchObject({ state: 'succeeded', attempts: 2 });
  expect(killed).toBeTruthy();
  expect(result.builder).not.toBe(killed);
});

describe('stopping and starting', () => {
  const left = (path: string) => (existsSync(join(context.home, path)) ? readdirSync(join(context.home, path)) : []);
  let build: QueuedBuild;

  test('a running build goes back to the queue, uncounted, and nothing is left behind', async () => {
    await Promise.all(ends.values());
    [build] = (await context.enqueue([{ package: 'canceled' }])) as [QueuedBuild];
    await context.until(build.id, ({ chroots }) => chroots.some(({ phase }) => phase === 'build'));
    await context.runner.stop({ drain: false });
    expect(context.queue.build(build.id)?.chroots).toMatchObject([{ state: 'pending', attempts: 0 }]);
    expect([left('state/drivers/local'), left('state/builders'), left('state/staging')]).toEqual([[], [], []]);
    expect(readFileSync('/proc/mounts', 'utf8')).not.toContain(context.home);
    await expect.poll(() => processesWith(temporary), { timeout: 60_000 }).toEqual([]);
  });

  test('the next start ends builders of nobody and finishes what has its record already', async () => {
    const record = { ...(await endOf('hello')), id: build.id, package: build.package };
    const folder = join(context.home, 'published', published.chrootBuild(build, sapling));
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'result.json'), JSON.stringify(record));
    const driver = { home: context.home, settings: settingsSchema.parse({}) };
    const orphan = `${builderPrefix(context.home)}99-0-orphan`;
    await spawnBuilder(driver, orphan, sapling, new AbortController().signal);
    expect(await listBuilders(driver)).toEqual([orphan]);
    const runner = await context.startAgain();
    try {
      expect(context.queue.build(build.id)).toBeUndefined();
      expect(await listBuilders(driver)).toEqual([]);
    } finally {
      await runner.stop({ drain: false });
    }
    expect([left('state/drivers/local'), left('state/builders')]).toEqual([[], []]);
  });
});

/** Command lines of other processes that mention this text. */
function processesWith(text: string): string[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  const lines = pids.map((pid) => {
    try {
      return readlinkSync(`/proc/${pid}/exe`) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
    } catch {
      return ''; // it ended meanwhile, or is the kernel's
    }
  });
  return lines.filter((line) => line.includes(text));
}
