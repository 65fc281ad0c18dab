import { type ChrootName, parseConfigRepo, type QueuedBuild } from '@coppice/config';
import { expect, test } from 'vitest';
import type { PullContext } from '../pull-requests/handle-pull.ts';
import type { BuildRef } from '../vocabulary/build-view.ts';
import type { CheckWish } from '../vocabulary/job.ts';
import { handleCheckEvent } from './handle-button.ts';

const commit = 'a'.repeat(40);
const other = 'b'.repeat(40);
const chroot = 'sapling-12-x86_64' as ChrootName;
const policy = `admins: [ada]\nchroots: [${chroot}]\n`;
const filesOf = (project: string) => {
  const texts = new Map([
    ['coppice.yaml', policy],
    ['projects/acme/tools.yaml', project],
  ]);
  const tree = { texts, oversize: new Map<string, number>(), paths: new Set(texts.keys()), links: new Map() };
  return { tree, packageTrees: new Map(), chrootConfigDigests: new Map(), specs: new Map() };
};
const good = filesOf(`maintainers: [mia]\nchroots: [${chroot}]\n`);
const parsed = parseConfigRepo(good.tree);
if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));

const build: BuildRef & { readonly batch: string } = {
  ...{ id: 42 as BuildRef['id'], owner: 'acme', project: 'tools', package: 'hello', chroots: [chroot], batch: '' },
};
const live = { ...build, chroots: [{ chroot, state: 'running' }] } as unknown as QueuedBuild;
const pull = {
  ...{ number: 4, author: 'mia', head: commit, base: 'main', intoDefault: true, open: true, draft: false },
  url: 'https://github.test/acme/packages/pull/4',
};
const known = { ...pull, headSeenAt: '', touched: ['acme/tools'], needsAdmin: false, approvals: [], closedAt: null };

interface World {
  readonly pull?: Partial<typeof pull>;
  readonly inForce?: string;
  readonly onBranch?: boolean;
  readonly files?: typeof good;
  readonly live?: QueuedBuild;
  readonly built?: BuildRef;
}

/** Only what the rooms ask for; whatever else they did would throw. */
const contextOf = (world: World) => {
  const context = {
    config: () => ({ ...good, commit: world.inForce ?? other, config: parsed.value }),
    github: {
      pull: async () => ({ ...pull, ...world.pull }),
      head: async () => ({ branch: 'main', commit: other, author: '' }),
      listChecks: async () => [],
    },
    mirror: {
      fetch: async () => other,
      isContained: async () => world.onBranch ?? true,
      read: async () => world.files ?? good,
    },
    queue: { build: () => world.live, builds: () => [] },
    built: { find: () => world.built },
    pulls: () => [{ ...known, closedAt: world.pull?.open === false ? 'then' : null }],
    now: () => new Date(),
    log: () => undefined,
  };
  return context as unknown as PullContext;
};
const press = async (wish: CheckWish, world: World, actor = 'outsider') => {
  const job = { kind: 'check', commit, actor, actorId: 7, url: 'https://github.test/run', wish } as const;
  return (await handleCheckEvent(job, 'delivery', contextOf(world))).checks;
};
const rerun = (externalId: string): CheckWish => ({ kind: 'rerun', checkRunId: 7, externalId });
const button = (name: string): CheckWish => ({
  ...{ kind: 'button', checkRunId: 7, externalId: `build/42/${chroot}`, button: name },
});

test.each<[string, string, World, object]>([
  [
    'the config, of a commit that a later one replaced',
    `config/${commit}`,
    {},
    { conclusion: 'neutral', title: 'Replaced by a later push', summary: expect.stringContaining(other) },
  ],
  [
    'the config, of a commit with problems',
    `config/${commit}`,
    { files: filesOf('maintainers: mia\n') },
    { good: false, title: expect.stringContaining('problem'), summary: expect.stringContaining(other) },
  ],
  [
    'the config, of a commit that was pushed over',
    `config/${commit}`,
    { onBranch: false },
    { conclusion: 'neutral', title: 'Not on the default branch any more' },
  ],
  [
    'the config in force, by somebody who may build nothing',
    `config/${commit}`,
    { inForce: commit },
    { good: true, title: 'Valid; nothing was queued', summary: expect.stringContaining('`outsider`') },
  ],
  [
    'a pull request that is closed',
    `pull/4/${commit}`,
    { pull: { open: false } },
    { conclusion: 'neutral', title: 'The pull request is closed' },
  ],
  [
    'a pull request that goes elsewhere now',
    `pull/4/${commit}`,
    { pull: { intoDefault: false } },
    { conclusion: 'neutral', title: 'Goes into another branch now' },
  ],
  [
    'a head that is not the head any more',
    `pull/4/${commit}`,
    { pull: { head: other, intoDefault: false } },
    { conclusion: 'neutral' },
  ],
  [
    'a build that was deleted',
    `build/42/${chroot}`,
    {},
    { conclusion: 'neutral', title: 'Its build was deleted', key: `build/42/${chroot}` },
  ],
  [
    'a build, by somebody who may not',
    `build/42/${chroot}`,
    { built: build },
    { kind: 'build', note: '`outsider` may not build `acme/tools`. These may: `mia`, `ada`.' },
  ],
  [
    'a build of a package that is not stated any more',
    `build/42/${chroot}`,
    { built: { ...build, owner: 'gone' } },
    { kind: 'build', note: expect.stringContaining('does not exist any more') },
  ],
  [
    'a build of a pull request that is closed',
    `build/42/${chroot}`,
    { built: { ...build, project: 'tools:pr:4' }, pull: { open: false } },
    { kind: 'build', note: expect.stringContaining('4 is closed') },
  ],
  ['what nobody knows', 'made-elsewhere', {}, { conclusion: 'neutral', title: 'Not known any more' }],
])('a run that is begun anew ends in that run: %s', async (_what, externalId, world, wanted) => {
  const checks = await press(rerun(externalId), world);
  const [check, ...others] = checks.filter((one) => one.commit === commit);
  expect(others).toEqual([]);
  expect(check).toMatchObject({ checkRunId: 7, ...wanted });
});

test('the suite of a commit without checks of ours ends with one', async () => {
  const checks = await press({ kind: 'all' }, { pull: { open: false } });
  expect(checks).toEqual([expect.objectContaining({ checkRunId: null, title: 'The pull request is closed' })]);
});

test.each<[string, string, World, string]>([
  ['Cancel, by somebody who may not', 'cancel', { live }, 'may not cancel builds of `acme/tools`'],
  ['Cancel, of what has ended', 'cancel', { built: build }, 'build 42 had ended before'],
  ['Rebuild, by somebody who may not', 'rebuild', { built: build }, 'may not build `acme/tools`. These may: `mia`'],
])('a button that does nothing says so on its check: %s', async (_what, name, world, words) => {
  const [check, ...others] = await press(button(name), world);
  expect(others).toEqual([]);
  expect(check).toMatchObject({ kind: 'build', checkRunId: 7, note: expect.stringContaining(words) });
});
