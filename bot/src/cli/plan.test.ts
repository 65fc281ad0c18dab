import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildId, chrootOf, type Plan, plainBuildroot, published, type Result } from '@coppice/config';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { plan, renderPlan } from './plan.ts';

const chroot = chrootOf('sapling-12-x86_64').name;
const source = { type: 'dir', commit: 'c', path: 'p', tree: 't' } as const;
const build = (name: string, after: readonly number[]): Plan['builds'][number] => ({
  owner: 'acme',
  project: 'tools',
  package: name,
  source,
  chroots: [{ chroot, inputDigest: 'd', cause: 'new', buildroot: plainBuildroot, expectedSeconds: null }],
  after,
  afterBuilds: [],
  timeoutSeconds: 3600,
  memoryBytes: null,
  background: false,
  builderLabels: [],
});
const nothing: Plan = { builds: [], skipped: [], unknown: [], cycles: [], expectedSeconds: null };

test('a plan names its builds in order, what each waits for, and what is left out and why', () => {
  const skipped = [{ owner: 'acme', project: 'tools', package: 'motd', chroot, why: 'unchanged since build 3' }];
  const text = renderPlan({ ...nothing, builds: [build('libgreet', []), build('hello', [0])], skipped }, []);
  expect(text.split('\n').map((line) => line.split(/ {2,}/))).toEqual([
    ['order', 'project', 'package', 'chroot', 'because', 'expected', 'after'],
    ['1', 'acme/tools', 'libgreet', chroot, 'new', '?'],
    ['2', 'acme/tools', 'hello', chroot, 'new', '?', 'libgreet'],
    [''],
    ['Not built:'],
    ['project', 'package', 'chroot', 'why'],
    ['acme/tools', 'motd', chroot, 'unchanged since build 3'],
  ]);
});

test('an empty plan says so', () => {
  expect(renderPlan(nothing, [])).toBe('Nothing to build.');
});

test('a plan with history says how long it takes, and one whose specs go in a circle names all of it', () => {
  const known = build('hello', []);
  const timed = { ...known, chroots: known.chroots.map((one) => ({ ...one, expectedSeconds: 125 })) };
  const cycles = [{ owner: 'acme', project: 'tools', packages: ['a', 'b'] }];
  const lines = renderPlan({ ...nothing, builds: [timed], cycles, expectedSeconds: 125 }, []).split('\n');
  expect(lines[1]?.split(/ {2,}/)).toEqual(['1', 'acme/tools', 'hello', chroot, 'new', '2 min']);
  expect(lines).toContain('Expected to take at least 2 min, as before.');
  expect(lines).toContain('Packages of acme/tools require each other, so no order fits: a → b → a');
});

test('a plan names first what goes and what moves', () => {
  const deletes = { kind: 'deletes', project: 'acme/tools', packages: 2, builds: 1, before: false } as const;
  const changes = [
    { ...deletes, at: null },
    { kind: 'renames', from: 'acme/a', to: 'other/a', chroots: [] },
    { ...deletes, project: 'acme/b', before: true, at: '2026-01-31T15:04:05.000Z' },
  ] as const;
  expect(renderPlan(nothing, changes).split('\n')).toEqual([
    'deletes acme/tools (2 packages, 1 build)',
    'renames acme/a to other/a: its users must add the repository again',
    'acme/b (2 packages, 1 build) has left already and is deleted at 2026-01-31 15:05 UTC',
    '',
    'Nothing to build.',
  ]);
});

test('a plan warns of what the check of a push would warn of', () => {
  const place = { path: 'projects/acme/tools.yaml', line: 4, column: 12 };
  const warnings = [{ ...place, message: 'hello 1 is lower than 2-1, which is published.' }];
  const lines = renderPlan({ ...nothing, builds: [build('hello', [])] }, [], warnings).split('\n');
  expect(lines.slice(2)).toEqual(['', 'projects/acme/tools.yaml:4:12: hello 1 is lower than 2-1, which is published.']);
});

test('a folder that is none is told in a sentence', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'coppice-plan-'));
  const terminal = { print: () => undefined, say: () => undefined };
  const file = join(folder, 'file');
  try {
    await expect(plan(terminal, {}, folder, false)).rejects.toThrow(`${folder} is empty. Name a checkout of`);
    await writeFile(file, '');
    await expect(plan(terminal, {}, file, false)).rejects.toThrow(`${file} is no folder. Name a checkout of`);
    await expect(plan(terminal, {}, folder, false)).rejects.toThrow(
      `${folder} has no coppice.yaml. Name a checkout of`,
    );
    const gone = join(folder, 'gone');
    await expect(plan(terminal, {}, gone, false)).rejects.toThrow(`${gone} is not there. Name a checkout of`);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('what somebody canceled stays unbuilt, as with a push', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'coppice-plan-'));
  const put = async (path: string, text: string) => {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  };
  const planned = async () => {
    const lines: string[] = [];
    const terminal = { print: (line: string) => void lines.push(line), say: () => undefined };
    await plan(terminal, { COPPICE_HOME: join(folder, 'home') }, join(folder, 'config'), true);
    return JSON.parse(lines.join('\n')) as Plan;
  };
  try {
    await put('config/coppice.yaml', `admins: [ada]\nchroots: [${chroot}]\n`);
    await put(
      'config/projects/acme/tools.yaml',
      `maintainers: [mia]\nchroots: [${chroot}]\npackages: { hello: { source: { type: dir } } }\n`,
    );
    await put('config/packages/acme/tools/hello/hello.spec', 'Name: hello\n');
    const [first] = (await planned()).builds;
    const place = { id: 3 as BuildId, owner: 'acme', project: 'tools', package: 'hello' };
    const at = '2026-01-02T03:04:05.000Z';
    const result: Result = {
      ...{ schemaVersion: 1, ...place, chroot, state: 'canceled', reason: null, message: 'Canceled by mia.' },
      ...{ excerpt: [], where: null, requestedBy: 'mia', request: 'r', requestedAt: at, batch: 'b', configCommit: 'c' },
      ...{ source, inputDigest: first?.chroots[0]?.inputDigest ?? '', attempts: 1, builder: null, engine: null },
      ...{ phases: [], artifacts: [], startedAt: at, endedAt: at },
    };
    await put(join('home/published', published.chrootBuild(place, chroot), 'result.json'), JSON.stringify(result));
    const { builds, skipped } = await planned();
    expect(builds).toEqual([]);
    expect(skipped).toMatchObject([
      { why: expect.stringMatching(/^canceled in build 3 by mia, with the same inputs;/) },
    ]);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('another user than the service is told what cannot be seen, and has the plan', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'coppice-plan-'));
  await chmod(folder, 0o755);
  const put = async (path: string, text: string) => {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  };
  const state = join(folder, 'home/state');
  try {
    await put('config/coppice.yaml', `admins: [ada]\nchroots: [${chroot}]\n`);
    const project = `maintainers: [mia]\nchroots: [${chroot}]\npackages: { hello: { source: { type: dir } } }\n`;
    await put('config/projects/acme/tools.yaml', project);
    await put('config/packages/acme/tools/hello/hello.spec', 'Name: hello\n');
    await put('home/state/removals/x.json', '{}');
    await put('home/state/withheld/results/acme/cold/x', '');
    await chmod(state, 0o000);
    const drop = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];
    const program = fileURLToPath(new URL('../coppice.ts', import.meta.url));
    const [name = '', ...args] = [
      ...(process.getuid?.() === 0 ? drop : []),
      ...[process.execPath, program, 'plan', join(folder, 'config')],
    ];
    const env = { COPPICE_HOME: join(folder, 'home'), PATH: process.env.PATH ?? '' };
    const ended = await execa(name, args, { cwd: folder, env, extendEnv: false, reject: false });
    expect(ended.stdout).toMatch(/^1 +acme\/tools +hello/m);
    expect(ended.stderr.replaceAll(state, 'STATE')).toBe(
      'STATE/withheld/results and STATE/removals may not be read by the user who runs this: builds of frozen projects are not counted, builds that were deleted minutes ago are, and what becomes of projects is told by their names. Run it as the user of the service to see all.',
    );
    expect(ended.exitCode).toBe(0);
  } finally {
    await chmod(state, 0o700);
    await rm(folder, { recursive: true });
  }
});
