// What people and machines get wrong, pushed to a whole service: one clear message where the person looks, and the
// service goes on.
import { mkdir, readFile, rm, statfs, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { BuildSummary } from '@coppice/config';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mustAsRoot } from '../../testing/as-root.ts';
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

beforeAll(async () => {
  home = await makeHome();
  // The queue on a small disk of its own, so that it can be filled for real.
  queueFolder = join(home.folder, 'state/queue');
  await mkdir(queueFolder, { recursive: true });
  await mustAsRoot(
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
  await mustAsRoot('umount', queueFolder);
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
  /** What readers know of projects and builds. */
  const known = async () => ({
    projects: (await (await fetch(`${service.endpoint.url}/api/v1/projects.json`)).json()) as { configCommit: string },
    builds: (await service.builds()).map(({ id }) => id),
  });
  // Each is pushed over the one before; the last test pushes the good file again.
  test.each<readonly [string, string, readonly (readonly [line: number, first: RegExp])[]]>([
    [
      'broken YAML',
      'description: [unclosed\nmaintainers: maintainer\n',
      [[2, /^this is not YAML: Flow sequence .*must .* end with a \]$/]],
    ],
    [
      '10 MB of YAML',
      `description: ${'x'.repeat(10 * 1024 * 1024)}\n`,
      [[1, /^the file has 10485774 bytes; at most 262144 are read$/]],
    ],
    ['aliases that explode', bomb(), [[1, /^the file has more than 50000 values once its aliases are expanded$/]]],
    [
      'a name that climbs',
      'maintainers: [maintainer]\nchroots: [sapling-12-x86_64]\npackages:\n  ../../etc:\n    source: { type: dir }\n',
      [[4, /^`\.\.\/\.\.\/etc` cannot name a package$/]],
    ],
    [
      'unknown keys, wrong types and bad chroots at once',
      'descripton: x\nmaintainers: me\nchroots: [fedora]\n',
      [
        [1, /^unknown key `descripton`\ndid you mean `description`\?$/],
        [2, /^`maintainers` must be a list of logins, not a text$/],
        [3, /^`fedora` is no chroot name$/],
      ],
    ],
  ])('%s: each fault annotated on its line, and nothing changes', async (_what, text, faults) => {
    const before = await known();
    const commit = await push('A mistake', { [project]: text });
    const check = await configCheck(commit);
    expect(check.conclusion).toBe('failure');
    const annotations = await service.github<Annotation[]>('maintainer', 'GET', `check-runs/${check.id}/annotations`);
    // The first line is the fault, what follows says what to do about it.
    expect(annotations).toEqual(
      faults.map(([line, first]) =>
        expect.objectContaining({
          path: project,
          start_line: line,
          message: expect.stringMatching(new RegExp(first.source, 'm')),
        }),
      ),
    );
    expect(await known()).toEqual(before);
  });

  test('the good file pushed again counts again', async () => {
    const before = await known();
    const commit = await push('Mend it', { [project]: original });
    expect((await configCheck(commit)).conclusion).toBe('success');
    // What the bad ones stated would be seen by now: each push is worked off after the one before.
    const after = await waitFor('the commit to be the one in force', 60, async () => {
      const now = await known();
      return now.projects.configCommit === commit && now;
    });
    expect(after).toEqual({ ...before, projects: { ...before.projects, configCommit: commit } });
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

/**
 * Text of a comment or a check as GitHub shows it: without the marks that keep it from being read as Markdown or as an
 * address.
 */
function unmarked(markdown: string): string {
  return markdown.replaceAll('\u200b', '').replace(/\\([^\w\s])/g, '$1');
}

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
    await mustAsRoot(
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

  const whileMade = `failed while its source package was made on ${chroot}`;
  test.each([
    [
      'badspec',
      'source',
      whileMade,
      'No source package could be made of badspec.spec: line 3: Unknown tag: Release 1.',
    ],
    ['missing', 'source', whileMade, 'https://github.com/acme/motd/releases/none-1-1.src.rpm answers 404 Not Found.'],
    [
      'webpage',
      'source',
      whileMade,
      'https://github.com/acme/packages/issues/1 is not a source package but text/html.',
    ],
    [
      'sleeper',
      'timeout',
      `ran out of time on ${chroot}`,
      'The build took longer than its time limit of 20 s. It was in %build.',
    ],
    [
      'filler',
      'compile',
      `failed in %build on ${chroot}`,
      'No space left: the build wrote more than its disk quota allows.',
    ],
  ])('%s fails with one clear sentence on the check and on its page', async (name, reason, how, sentence) => {
    const build = ended.get(name);
    expect(build).toMatchObject({ state: 'failed', reason });
    const check = await waitFor(`the check of ${name}`, 60, async () =>
      (await checksOf(commit)).find((one) => one.name.includes(`${name} (`) && one.status === 'completed'),
    );
    expect(check.conclusion).toBe(reason === 'timeout' ? 'timed_out' : 'failure');
    expect(check.output.title).toBe(`Build ${build?.id} failed (${reason})`);
    expect(unmarked(check.output.summary).split('\n')[0]).toBe(sentence);
    const page = await (await fetch(build?.url ?? '')).text();
    // Words of the page around it, its name or its markup would match almost anything.
    expect(/<div class="verdict [\s\S]*?<p>([^<]*)<\/p>/.exec(page)?.[1]).toBe(`${name} ${how}: ${sentence}`);
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
    const before = await service.builds();
    expect(before.filter(({ endedAt }) => endedAt === null)).toEqual([]);
    const refused = await service.coppice(['comment', everything]);
    const told = 'The disk of the service is full, so nothing was queued. Once its admins have made room, ask again.';
    expect([refused.exitCode, refused.stdout.split('\n')]).toEqual([1, expect.arrayContaining([told])]);
    expect(await service.builds()).toEqual(before);
    expect(await (await fetch(`${service.endpoint.url}/healthz`)).json()).toEqual({ status: 'ok', ready: true });
    await rm(ballast);
    const accepted = await service.coppice(['comment', '/build motd']);
    expect(accepted.exitCode, accepted.stdout).toBe(0);
  });
});
