import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GitError, openGit } from '@coppice/builder-runner/remote';
import { parseConfigRepo, settingsSchema } from '@coppice/config';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createHeadJudge } from './judge-head.ts';

const chroots = 'chroots: [sapling-12-x86_64]\n';
const policy = `admins: [ada]\n${chroots}`;
const project = (packages: string) => `maintainers: [mia]\n${chroots}packages:\n${packages}`;
const spec = (at: number) => [`packages/acme/tools/p${at}/p${at}.spec`, `Name: p${at}\n`] as const;
const stated = (at: number) => `  p${at}: { source: { type: dir } }\n`;
const numbers = (length: number) => Array.from({ length }, (_, at) => at);

let folder = '';
let base = '';
const logged: string[] = [];
const judge = (seconds?: number) =>
  createHeadJudge({
    folder,
    log: (_level, message) => logged.push(message),
    ...(seconds === undefined ? {} : { seconds }),
  });

/** A commit with these files, on top of `base`. */
async function commit(files: Readonly<Record<string, string>>, on = base): Promise<string> {
  const git = openGit({ repository: folder, timeoutSeconds: 60 });
  const one = ([path, text]: [string, string]) => `M 100644 inline ${path}\ndata ${Buffer.byteLength(text)}\n${text}\n`;
  const parent = on === '' ? '' : `from ${on}\n`;
  const head = `commit refs/heads/x\ncommitter a <a@example.test> 1700000000 +0000\ndata 0\n${parent}`;
  await git.text(['fast-import', '--quiet', '--force'], `${head}${Object.entries(files).map(one).join('')}\ndone\n`);
  return await git.text(['rev-parse', 'refs/heads/x']);
}
const place = (head: string) => ({ head, tip: base, inForce: base });
const background = {
  ...{ leaving: [], builds: new Map([['acme/tools', 3]]) },
  ...{ deleteAt: '2026-01-31T15:00:00Z', now: '2026-01-31T14:00:00Z' },
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coppice-judge-'));
  await openGit({ timeoutSeconds: 60 }).text(['init', '--quiet', '--bare', folder]);
  base = await commit({
    'coppice.yaml': policy,
    'projects/acme/tools.yaml': project(stated(0)),
    [spec(0)[0]]: 'Name: p0\n',
  });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test('a head that takes too long is given up with a sentence, and the next one is judged', async () => {
  const slow = judge(0.5);
  const tangle = { 'projects/acme/tangle.yaml': project(`  p0: ${'['.repeat(200_000)}\n`) };
  const tangled = place(await commit(tangle));
  await expect(slow.examine(tangled, background)).rejects.toThrow('It could not be judged within 0.5 s.');
  await expect(slow.examine(tangled, background)).rejects.toThrow('Make it smaller');
  await slow.stop();
  const heads = judge();
  const head = await commit({ [spec(0)[0]]: 'Name: p0\nVersion: 2\n' });
  expect(await heads.examine(place(head), background)).toMatchObject({
    problems: [],
    packages: new Map([['acme/tools', { all: ['p0'], changed: ['p0'] }]]),
  });
  await expect(heads.examine(place('f'.repeat(40)), background)).rejects.toThrow(GitError);
  await heads.stop();
  // Stopped, it begins again when it is asked.
  expect((await heads.examine(place(head), background)).changes.projects).toEqual(['acme/tools']);
  await heads.stop();
});

test.each<[string, Readonly<Record<string, string>>, RegExp]>([
  [
    'more YAML than anybody reviews',
    Object.fromEntries(numbers(20).map((at) => [`projects/acme/p${at}.yaml`, `# ${'x'.repeat(250_000)}\n`])),
    /^It changes 20 project files with 4\.8 MiB in all; 2000 files with 4 MiB are read .* Split it\.$/,
  ],
  [
    'more projects',
    Object.fromEntries(numbers(2001).map((at) => [`packages/acme/p${at}/x/x.spec`, ''])),
    /^It touches 2001 projects; 2000 are judged/,
  ],
])('%s is refused by number and size', async (_what, files, expected) => {
  const heads = judge();
  await expect(heads.examine(place(await commit(files)), background)).rejects.toThrow(expected);
  await heads.stop();
});

test('what becomes of projects is told, and one that is leaving is neither new nor of other people when it is back', async () => {
  const heads = judge();
  const deleted = await heads.examine(place(await commit({ 'coppice.yaml': policy }, '')), background);
  expect(deleted).toMatchObject({
    demands: { touched: ['acme/tools'], adminReasons: [] },
    fates: [{ kind: 'deletes', project: 'acme/tools', packages: 1, builds: 3, at: background.deleteAt, before: false }],
  });
  const gone = { 'projects/acme/gone.yaml': `maintainers: ['@acme/core']\n${chroots}` };
  const texts = new Map(Object.entries({ 'coppice.yaml': policy, ...gone }));
  const parsed = parseConfigRepo({ texts, oversize: new Map(), paths: new Set(texts.keys()) });
  const stated = parsed.ok ? parsed.value.projects[0] : undefined;
  if (stated === undefined) throw new Error(JSON.stringify(parsed));
  const left = { project: 'acme/gone', statedAt: base, leftAt: base, by: 'mia', deleteAt: background.deleteAt, stated };
  const head = place(await commit(gone));
  expect(await heads.examine(head, { ...background, leaving: [left] })).toMatchObject({
    demands: { touched: ['acme/gone'], adminReasons: [], notes: [] },
    teams: ['@acme/core'],
    fates: [{ kind: 'keeps', project: 'acme/gone' }],
  });
  expect((await heads.examine(head, background)).demands.adminReasons).toEqual(['`acme/gone` is a new project']);
  await heads.stop();
});

test('a policy that lets what left before go at once is told, and one of the default branch alone is none of its doing', async () => {
  const heads = judge();
  const gone = { project: 'acme/tools', package: 'rock', leftAt: base, by: 'mia', since: '2026-01-30T14:00:00.000Z' };
  const known = { ...background, departed: [gone] };
  const changed = `${policy}retention: { removed: remove }\n`;
  const head = await commit({ 'coppice.yaml': changed });
  const fates = [
    {
      ...{ kind: 'retimes', project: 'acme/tools', packages: ['rock'], before: '2026-02-13T14:00:00.000Z' },
      ...{ at: gone.since, due: true },
    },
    { kind: 'policy', changes: [{ key: 'retention.removed', from: '14 days', to: 'not at all' }] },
  ];
  expect((await heads.examine(place(head), known)).fates).toEqual(fates);
  const other = await commit({ 'projects/acme/tools.yaml': `description: Other words\n${project(stated(0))}` });
  expect((await heads.examine({ head: other, tip: head, inForce: head }, known)).fates).toEqual([]);
  const own = await commit({ 'projects/acme/tools.yaml': `retention: { removed: 1h }\n${project(stated(0))}` });
  expect((await heads.examine(place(own), known)).fates).toEqual([{ ...fates[0], at: '2026-01-30T15:00:00.000Z' }]);
  await heads.stop();
});

test('a head that is being judged when the service ends is not called one that cannot be judged', async () => {
  const heads = judge();
  const tangled = place(await commit({ 'projects/acme/tangle.yaml': project(`  p0: ${'['.repeat(200_000)}\n`) }));
  logged.splice(0);
  const asked = [heads.examine(tangled, background), heads.examine(tangled, background)];
  const ended = Promise.allSettled(asked);
  await heads.stop();
  for (const one of await ended)
    expect(one).toMatchObject({ reason: { message: expect.stringMatching(/service ends$/) } });
  expect(logged).toEqual([]);
});

test('what came to the default branch since a head left it is none of its doing', async () => {
  const heads = judge();
  const head = await commit({ 'projects/acme/tools.yaml': `description: Other words\n${project(stated(0))}` });
  const later = `maintainers: [mia, eve]\n${chroots}packages:\n${stated(0)}${stated(1)}`;
  const tip = await commit({ 'projects/acme/tools.yaml': later, [spec(1)[0]]: 'Name: p1\n' });
  expect(await heads.examine({ head, tip, inForce: tip }, background)).toMatchObject({
    demands: { touched: ['acme/tools'], notes: [] },
    fates: [],
  });
  const own = await commit({ 'projects/acme/tools.yaml': `maintainers: [mia, bob]\n${chroots}packages: {}\n` });
  expect(await heads.examine({ head: own, tip, inForce: tip }, background)).toMatchObject({
    demands: { notes: [expect.stringContaining('changes who may change or build `acme/tools`')] },
    fates: [expect.objectContaining({ kind: 'drops', project: 'acme/tools' })],
  });
  await heads.stop();
});

test('what a merge queue would merge is judged and planned under its own policy, as a whole, also before any is in force', async () => {
  const heads = judge();
  const fedora = 'chroots: [fedora-42-x86_64]\n';
  const files = {
    'coppice.yaml': `admins: [ada]\nchroots: [sapling-12-x86_64, fedora-42-x86_64]\n`,
    'projects/acme/other.yaml': `maintainers: [mia]\n${fedora}packages:\n  q: { source: { type: dir } }\n`,
    'packages/acme/other/q/q.spec': 'Name: q\n',
  };
  const head = await commit(files);
  const { git, sources } = settingsSchema.parse({});
  const wish = {
    ...{ selections: [], force: false, lookUp: false, rules: { git, sources }, built: new Map() },
    ...{ expectedSeconds: new Map(), asker: { login: '', request: '', batch: '' } },
  };
  const names = async (where: Parameters<typeof heads.plan>[0]) => {
    expect(await heads.examine(where, background)).toMatchObject({ problems: [], blocked: [], fates: [] });
    return (await heads.plan(where, wish)).plan.builds.map((one) => `${one.project}/${one.package}`).sort();
  };
  const merged = { ...place(head), merged: true } as const;
  expect(await names(merged)).toEqual(['other/q', 'tools/p0']);
  expect(await names({ ...merged, inForce: undefined })).toEqual(['other/q', 'tools/p0']);
  expect((await heads.examine(place(head), background)).blocked).not.toEqual([]);
  await heads.stop();
});

test('a plan of more builds than a pull request may ask for is refused', async () => {
  const many = numbers(400);
  const chroot = (at: number) => `fedora-${at + 1}-x86_64`;
  const all = numbers(64).map(chroot).join(', ');
  const packages = many.map((at) => `  p${at}: { source: { type: dir } }\n`).join('');
  const files = {
    'coppice.yaml': `admins: [ada]\nchroots: [${all}]\n`,
    'projects/acme/tools.yaml': `maintainers: [mia]\nchroots: [${all}]\npackages:\n${packages}`,
    ...Object.fromEntries(many.map(spec)),
  };
  const head = await commit(files);
  const heads = judge();
  const where = { head, tip: base, inForce: head };
  const facts = await heads.examine(where, background);
  const { all: names = [] } = facts.packages?.get('acme/tools') ?? {};
  expect(names).toHaveLength(400);
  const { git, sources } = settingsSchema.parse({});
  const wish = {
    ...{ force: false, lookUp: false, rules: { git, sources }, built: new Map(), expectedSeconds: new Map() },
    asker: { login: 'mia', request: '', batch: 'b' },
  };
  const select = (packages: readonly string[]) => [{ project: 'acme/tools', packages, chroots: [] }];
  await expect(heads.plan(where, { ...wish, selections: select(names) })).rejects.toThrow(
    /^It comes to 25600 builds .*; 20000 are planned of a pull request at most/,
  );
  const { plan, requests } = await heads.plan(where, { ...wish, selections: select(names.slice(0, 1)) });
  expect([plan.builds.length, requests.length, requests[0]?.chroots.length]).toEqual([1, 1, 64]);
  await heads.stop();
});
