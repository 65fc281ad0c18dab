// What people and machines get wrong, pushed to a whole service: one clear message where the person looks, and the service goes on.
import { mkdir, readFile, rm, statfs, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { BuildSummary } from '@coppice/config';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { leftovers } from '../../testing/service-leftovers.ts';
import { makeHome, type ServiceUnderTest, sourceFolder, startService } from '../../testing/service-under-test.ts';
import { waitFor } from '../../testing/wait-for.ts';

const chroot = 'sapling-12-x86_64';
const diskBytes = 256 * 1024 ** 2;

interface CheckRun {
  readonly id: number;
  readonly name: string;
  readonly status: string;
  readonly conclusion: string | null;
  readonly output: { readonly title: string; readonly summary: string };
}

let home: Awaited<ReturnType<typeof makeHome>>;
let service: ServiceUnderTest;
let queueFolder: string;

const asRoot = process.getuid?.() === 0 ? [] : ['sudo', '-n'];
const privileged = (...command: string[]) => {
  const [program = '', ...args] = [...asRoot, ...command];
  return execa(program, args, { stdin: 'ignore' });
};

beforeAll(async () => {
  home = await makeHome();
  // The queue on a small disk of its own, so that it can be filled for real.
  queueFolder = join(home.folder, 'state/queue');
  await mkdir(queueFolder, { recursive: true });
  await privileged(
    'mount',
    '-t',
    'tmpfs',
    '-o',
    `size=1m,uid=${process.getuid?.()},mode=0700`,
    'coppice-test-queue',
    queueFolder,
  );
  const settings = join(home.folder, 'settings.yaml');
  await writeFile(settings, 'workers: 3\n');
  service = await startService(home.folder, { COPPICE_SETTINGS: settings });
  await waitFor('the example to be built', 300, async () => service.output().includes('Coppice is running'));
});

afterAll(async () => {
  await service?.end('SIGTERM');
  await privileged('umount', queueFolder);
  expect(leftovers(home.folder)).toEqual([]);
  await home?.remove();
});

const write = async (folder: string, files: Readonly<Record<string, string>>) => {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
};

const push = (message: string, files: Readonly<Record<string, string>>) =>
  service.push('maintainer', message, (folder) => write(folder, files));

async function checksOf(commit: string): Promise<readonly CheckRun[]> {
  return (
    await service.github<{ check_runs: CheckRun[] }>('maintainer', 'GET', `commits/${commit}/check-runs?per_page=100`)
  ).check_runs;
}

/** The check about the config of a commit, once it is complete. */
const configCheck = (commit: string) =>
  waitFor(`the config check of ${commit}`, 60, async () =>
    (await checksOf(commit)).find(({ name, status }) => name === 'coppice / config' && status === 'completed'),
  );

interface Annotation {
  readonly path: string;
  readonly start_line: number;
  readonly message: string;
}

describe('a config repo that nobody can mean', () => {
  const project = 'projects/acme/tools.yaml';
  let original: string;
  beforeAll(async () => {
    original = await readFile(join(sourceFolder, 'config/example', project), 'utf8');
  });
  // Each is pushed over the one before; the last test pushes the good file again.
  test.each([
    ['broken YAML', { [project]: 'description: [unclosed\nmaintainers: maintainer\n' }, project, /./],
    [
      '10 MB of YAML',
      { [project]: `description: ${'x'.repeat(10 * 1024 * 1024)}\n` },
      project,
      /10 ?\d* ?MiB|bytes|large|long/i,
    ],
    ['aliases that explode', { [project]: bomb() }, project, /alias/i],
    [
      'a name that climbs',
      {
        [project]:
          'maintainers: [maintainer]\nchroots: [sapling-12-x86_64]\npackages:\n  ../../etc:\n    source: { type: dir }\n',
      },
      project,
      /name/i,
    ],
    [
      'unknown keys, wrong types and bad chroots at once',
      { [project]: 'descripton: x\nmaintainers: me\nchroots: [fedora]\n' },
      project,
      /did you mean `description`|descripton/i,
    ],
  ])('%s: annotated on its line, and nothing changes', async (_what, files, path, message) => {
    const before = await (await fetch(`${service.endpoint.url}/api/v1/projects.json`)).text();
    const commit = await push('A mistake', files as Record<string, string>);
    const check = await configCheck(commit);
    expect(check.conclusion).toBe('failure');
    const annotations = await service.github<Annotation[]>('maintainer', 'GET', `check-runs/${check.id}/annotations`);
    expect(annotations.length).toBeGreaterThan(0);
    expect(annotations.every((one) => one.path === path && one.start_line >= 1)).toBe(true);
    expect(annotations.map((one) => one.message).join('\n')).toMatch(message);
    expect(await (await fetch(`${service.endpoint.url}/api/v1/projects.json`)).text()).toBe(before);
  });

  test('the good file pushed again counts again', async () => {
    const commit = await push('Mend it', { [project]: original });
    expect((await configCheck(commit)).conclusion).toBe('success');
  });
});

/** `a` through `i`, each nine of the one before: a billion nodes in 200 bytes. */
function bomb(): string {
  const names = [...'abcdefghi'];
  const lines = names.map(
    (name, index) =>
      `${name}: &${name} [${Array(9)
        .fill(index === 0 ? 'lol' : `*${names[index - 1]}`)
        .join(', ')}]`,
  );
  return `${lines.join('\n')}\n`;
}

const spec = (name: string, build: string) => `Name: ${name}
Version: 1
Release: 1%{?dist}
Summary: A package of the tests
License: Apache-2.0
BuildArch: noarch

%description
A package of the tests.

%prep

%build
${build}

%install
mkdir -p %{buildroot}%{_datadir}
echo ${name} > %{buildroot}%{_datadir}/${name}.txt

%files
%{_datadir}/${name}.txt
`;

const names = ['badspec', 'missing', 'webpage', 'sleeper', 'filler', 'survivor'] as const;

describe('packages that cannot be built', () => {
  const noHash = '0'.repeat(64);
  let commit: string;
  let killed: string | undefined;
  const ended = new Map<string, BuildSummary>();

  beforeAll(async () => {
    const folder = (name: string) => `packages/acme/trouble/${name}/${name}.spec`;
    const policy = await readFile(join(sourceFolder, 'config/example/coppice.yaml'), 'utf8');
    commit = await push('Trouble', {
      'coppice.yaml': `${policy}\nlimits:\n  disk: ${diskBytes / 1024 ** 2} MiB\n`,
      'projects/acme/trouble.yaml': `maintainers: [maintainer]
chroots: [${chroot}]
packages:
  badspec: { source: { type: dir } }
  missing: { source: { type: srpm, url: "https://github.com/acme/motd/releases/none-1-1.src.rpm", sha256: "${noHash}" } }
  webpage: { source: { type: srpm, url: "https://github.com/acme/packages/issues/1", sha256: "${noHash}" } }
  sleeper: { source: { type: dir }, timeout: 20s }
  filler: { source: { type: dir } }
  survivor: { source: { type: dir } }
`,
      [folder('badspec')]: 'Name: badspec\nVersion: 1\nRelease 1\n%if\n%description\n',
      [folder('sleeper')]: spec('sleeper', 'sleep 1h'),
      [folder('filler')]: spec('filler', 'dd if=/dev/zero of=big bs=1M count=2000'),
      [folder('survivor')]: spec('survivor', 'sleep 15'),
    });
    // The builder of `survivor` dies in mid-build.
    killed = await waitFor('survivor to be built', 240, async () => {
      const live = (await (await fetch(`${service.endpoint.url}/api/v1/queue.json`)).json()) as {
        builds: { package: string; chroots: { phase: string; builder: string | null }[] }[];
      };
      const one = live.builds.find((build) => build.package === 'survivor')?.chroots[0];
      return one?.phase === 'build' && one.builder !== null ? one.builder : undefined;
    });
    await privileged(
      join(sourceFolder, 'ansible/drivers/local/files/local-builder'),
      'terminate',
      `--name=${killed}`,
      `--state-dir=${join(home.folder, 'state/drivers/local')}`,
    );
    await waitFor('all of them to end', 300, async () => {
      for (const build of await service.builds())
        if (build.project === 'trouble' && build.endedAt !== null) ended.set(build.package, build);
      return ended.size === names.length;
    });
  });

  test.each([
    ['badspec', 'source', /spec/i],
    ['missing', 'source', /404/],
    ['webpage', 'source', /HTML|web page|not an? (source )?(rpm|package|SRPM)/i],
    ['sleeper', 'timeout', /20 ?s|time/i],
    ['filler', null, /space|disk/i],
  ])('%s fails with one clear sentence on the check and on its page', async (name, reason, sentence) => {
    const build = ended.get(name);
    expect(build?.state).toBe('failed');
    if (reason !== null) expect(build?.reason).toBe(reason);
    expect(build?.reason).not.toBe('infrastructure');
    const check = await waitFor(`the check of ${name}`, 60, async () =>
      (await checksOf(commit)).find((one) => one.name.includes(`${name} (`) && one.status === 'completed'),
    );
    expect(check.conclusion).toBe(reason === 'timeout' ? 'timed_out' : 'failure');
    expect(`${check.output.title}\n${check.output.summary}`).toMatch(sentence);
    const page = await (await fetch(build?.url ?? '')).text();
    expect(page).toMatch(sentence);
  });

  test('a builder that died is not the fault of the package: it is built again elsewhere', async () => {
    const survivor = ended.get('survivor');
    expect(survivor?.state).toBe('succeeded');
    const folder = `${String(survivor?.id).padStart(8, '0')}-survivor`;
    const result = JSON.parse(
      await readFile(join(home.folder, `published/results/acme/trouble/${chroot}/${folder}/result.json`), 'utf8'),
    ) as { attempts: number; builder: string };
    expect(result.attempts).toBe(2);
    expect(result.builder).not.toBe(killed);
  });
});

describe('a full disk', () => {
  test('is said to the person who asked, and builds go on when there is room again', async () => {
    const { bavail, bsize } = await statfs(queueFolder);
    const ballast = join(queueFolder, 'ballast');
    await writeFile(ballast, Buffer.alloc(bavail * bsize));
    // More builds than the rest of the journal's last page could hold.
    const everything = `/build ${names.join(' ')}`;
    const refused = await service.coppice(['comment', everything]);
    expect([refused.exitCode, refused.stdout]).toEqual([1, expect.stringMatching(/disk|full|space/i)]);
    expect((await service.builds()).every(({ endedAt }) => endedAt !== null)).toBe(true);
    expect(await (await fetch(`${service.endpoint.url}/healthz`)).json()).toEqual({ status: 'ok', ready: true });
    await rm(ballast);
    const accepted = await service.coppice(['comment', '/build motd']);
    expect(accepted.exitCode, accepted.stdout).toBe(0);
  });
});
