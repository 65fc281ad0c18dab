import type { Queue } from '@coppice/builder-runner/queue';
import { settingsSchema } from '@coppice/config';
import { beforeEach, describe, expect, test } from 'vitest';
import type { ConfigAtCommit } from '../config-repo/config-in-force.ts';
import type { ConfigRepoMirror } from '../config-repo/mirror.ts';
import type { BuiltIndex } from '../planning/built.ts';
import type { Check } from '../vocabulary/answer.ts';
import { applyToBotState, type BotState, initialBotState } from '../vocabulary/bot-state.ts';
import type { Job } from '../vocabulary/job.ts';
import { handlePush, type PushContext } from './handle-push.ts';

const policy = 'admins: [ada]\nchroots: [sapling-12-x86_64]\n';
const project = 'maintainers: [mia]\nchroots: [sapling-12-x86_64]\n';
const dir = '{ source: { type: git, url: https://a.example/a.git, ref: main } }';
const one = { 'coppice.yaml': policy, 'projects/acme/one.yaml': project };
const both = { ...one, 'projects/acme/two.yaml': project };
/** Commit → its files. */
let commits: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  full: { ...one, 'projects/acme/one.yaml': `${project}packages: { here: ${dir}, gone: ${dir} }\n` },
  ...{ both, one, back: { ...both, 'projects/acme/two.yaml': `${project}description: changed\n` } },
  team: { ...one, 'projects/acme/one.yaml': `${project}builders: ['@acme/nobody']\n` },
  broken: { ...one, 'projects/acme/two.yaml': 'maintainers: 7\n<<<' },
};

let state: BotState;
let inForce: ConfigAtCommit | undefined;
let head: string;
let steps: string[];
/** Packages of acme/one that have builds, and those whose builds were canceled. */
let built: string[];
let canceled: string[];
let contained: readonly string[];
/** Called when builds are put into the queue. */
let onEnqueue: () => void;
let time: number;

beforeEach(() => {
  [built, canceled] = [[], []];
  onEnqueue = () => undefined;
  [state, inForce, head, steps, contained, time] = [
    initialBotState(),
    undefined,
    '',
    [],
    [],
    Date.UTC(2026, 0, 31, 15),
  ];
});

const mirror = {
  fetch: async () => head,
  isContained: async (commit: string) => contained.includes(commit),
  message: async () => 'Change',
  read: async (commit: string) => {
    const texts = new Map(Object.entries(commits[commit] ?? {}));
    const tree = { texts, oversize: new Map(), paths: new Set(texts.keys()) };
    return { tree, packageTrees: new Map(), chrootConfigDigests: new Map(), specs: new Map() };
  },
} as unknown as ConfigRepoMirror;

const context: PushContext = {
  ...{ mirror, state: () => state, config: () => inForce, now: () => new Date(time), log: () => undefined },
  queue: { builds: () => [], enqueue: async () => [onEnqueue()].slice(1) } as unknown as Queue,
  built: {
    counts: () => new Map([['acme/two', 4]]),
    packages: () => new Map([['acme/one', new Set(built)]]),
    lastOf: async () => built.map((each) => ({ package: each })),
  } as unknown as BuiltIndex,
  settings: settingsSchema.parse({}),
  url: 'https://b.example',
  cancelWaiting: async (packages) => void canceled.push(...packages.map((one) => one.package)),
  unread: async ({ projects }) => projects.flatMap(({ builders }) => builders).map((team) => `There is no ${team}.`),
  applyChange: async (all) => void steps.push(...all.map((step) => `${step.kind} ${step.project.name}`)),
  sandboxes: async () => [],
  noteInForce: async (note) => applyToBotState(state, { kind: 'in-force', ...note }),
  adopt: (config) => {
    inForce = config;
  },
};

/** The branch comes to be at a commit, and that is worked off; gives what its check says. */
const push = async (
  commit: string,
  how: { readonly key?: string; readonly again?: true; readonly at?: string } = {},
) => {
  head = how.at ?? commit;
  const job: Job & { kind: 'push' } = { kind: 'push', commit, branch: 'main', pusher: 'mia' };
  const key = how.key ?? `push/${commit}`;
  const handled = await handlePush(how.again ? { ...job, again: true } : job, key, context);
  applyToBotState(state, { kind: 'handled', id: key, ...handled });
  const [check] = handled.checks as readonly (Check & { kind: 'config' })[];
  return check === undefined ? undefined : { key: check.key, title: check.title, summary: check.summary };
};
const departed = () =>
  [state.departed, inForce?.departed].map((all) => all?.map((one) => `${one.package} ${one.since}`));
const leaving = () => [state.leaving.map((note) => `${note.project} ${note.deleteAt}`), inForce?.leaving?.length];
const until4 = 'acme/two 2026-01-31T16:00:00.000Z';

describe('a push without the file of a project', () => {
  beforeEach(async () => {
    await push('both');
    // With the first config, all that is published is described anew.
    expect(steps.splice(0)).toEqual(['describe one', 'describe two']);
  });

  test('says so, and notes when it is deleted, to which later pushes hold', async () => {
    expect(await push('one')).toMatchObject({ title: 'Deletes acme/two (0 packages, 4 builds)' });
    expect(leaving()).toEqual([[until4], 1]);
    time += 1_000_000;
    await push('broken');
    await push('one', { key: 'push/one/2' });
    expect(leaving()).toEqual([[until4], 1]);
    expect(steps).toEqual([]);
  });

  test('followed by one that puts it back, changed, deletes nothing', async () => {
    await push('one');
    expect(await push('back')).toMatchObject({ title: 'Keeps acme/two' });
    expect(leaving()).toEqual([[], 0]);
    expect(steps).toEqual(['describe two']);
  });

  test('by a commit that somebody asked the bot for deletes at once, and only that commit does', async () => {
    applyToBotState(state, { kind: 'deletion-asked', project: 'acme/two', commit: 'asked' });
    applyToBotState(state, { kind: 'deletion-asked', project: 'acme/one', commit: 'never pushed' });
    contained = ['asked'];
    await push('one');
    expect([steps, leaving()]).toEqual([['remove two'], [[], 0]]);
    expect(state.askedDeletions).toEqual([{ project: 'acme/one', commit: 'never pushed' }]);
  });

  test('is not made of one with problems, which says that nothing is deleted while it is the newest', async () => {
    await push('one');
    contained = ['broken'];
    const passed = await push('broken', { key: 'push/broken/0', at: 'one' });
    expect(passed?.summary).toContain('two.yaml');
    expect(passed?.summary).not.toContain('Nothing is deleted');
    const { summary } = (await push('broken')) ?? {};
    expect(summary).toContain('Nothing is deleted before a commit without problems is pushed: `acme/two`');
    expect(state).toMatchObject({ goodCommit: 'one', handledCommit: 'broken' });
    expect(state.refused).toMatchObject({
      commit: 'broken',
      first: [expect.stringMatching(/^projects\/acme\/two.yaml:/)],
    });
    await push('back');
    expect(state.refused).toBeNull();
  });

  test('that is worked off after a restart without the config in force keeps what was noted', async () => {
    await push('one');
    inForce = undefined;
    await push('one', { key: 'push/one/again' });
    state.handledCommit = null;
    await push('one', { key: 'push/one/third' });
    expect(state.leaving.map((note) => note.project)).toEqual(['acme/two']);
    state.handledCommit = null;
    await push('back', { key: 'push/back/2' });
    expect(state.leaving).toEqual([]);
  });
});

describe('a push without a package of a project that stays', () => {
  const since = `gone ${new Date(Date.UTC(2026, 0, 31, 15)).toISOString()}`;

  beforeEach(async () => {
    built = ['gone', 'here'];
    commits = { ...commits, here: { ...one, 'projects/acme/one.yaml': `${project}packages: { here: ${dir} }\n` } };
  });

  test('notes since when, cancels what waits, and says what becomes of it', async () => {
    await push('full');
    expect([state.departed, canceled]).toEqual([[], []]);
    const { summary } = (await push('here')) ?? {};
    expect(summary).toContain('drops `gone` from `acme/one`: builds of it that wait are canceled, and what it has');
    expect(summary).toContain('stays for 14 days and goes then');
    expect([departed(), canceled]).toEqual([[[since], [since]], ['gone']]);
    time += 1_000_000;
    await push('one', { key: 'later' });
    expect(departed()[0]).toEqual([since, `here ${new Date(time).toISOString()}`]);
  });

  test('followed by one that puts it back forgets it', async () => {
    await push('here');
    expect(departed()[0]).toEqual([since]);
    expect((await push('full'))?.summary).toContain('puts `gone` back into `acme/one`: what is published stays.');
    expect(departed()).toEqual([[], []]);
  });

  test('that nobody told of is made up for by the next one, also after the loss of all that was noted', async () => {
    await push('full');
    state.departed = [];
    inForce = undefined;
    await push('here');
    expect(departed()[0]).toEqual([since]);
  });

  test('is not one when no build of it is left', async () => {
    built = ['here'];
    await push('full');
    await push('here');
    expect(departed()).toEqual([[], []]);
  });
});

test('a branch that goes back and forth counts each time, with a check of its own; what is not the head says nothing', async () => {
  await push('both');
  await push('one');
  expect(await push('both', { again: true, key: 'push/both/d2' })).toMatchObject({
    key: 'config/both/push/both/d2',
    title: 'Keeps acme/two',
  });
  contained = ['one'];
  state.handledCommit = null;
  expect(await push('one', { again: true, key: 'push/one/d3', at: 'both' })).toBeUndefined();
  expect(inForce?.commit).toBe('both');
});

test('a team that cannot be found is told on the check', async () => {
  await push('one');
  expect((await push('team'))?.summary).toMatch(/^There is no @acme\/nobody\.\n\n/);
});

describe('before its builds can be taken from the queue, a config', () => {
  let seen: unknown[];
  beforeEach(async () => {
    seen = [];
    await push('both');
    onEnqueue = () => void seen.push([inForce?.commit, state.goodCommit, leaving()[0]]);
  });

  test('is in force, and that is remembered with what is leaving', async () => {
    await push('one');
    await push('back');
    expect(seen).toEqual([
      ['one', 'one', [until4]],
      ['back', 'back', []],
    ]);
  });

  test('is what a service goes on with that was killed then: nothing is done twice, and its builds are planned', async () => {
    const full: string[] = [];
    onEnqueue = () => {
      throw new Error('killed');
    };
    steps = [];
    await expect(push('back')).rejects.toThrow('killed');
    expect(steps.splice(0)).toEqual(['describe two']);
    expect([state.goodCommit, state.handledCommit]).toEqual(['back', 'both']);
    onEnqueue = () => void full.push('queued');
    await push('back');
    expect([steps, full, state.handledCommit]).toEqual([[], ['queued'], 'back']);
  });
});
