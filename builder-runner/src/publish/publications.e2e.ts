// What readers see of a project that publishes in batches or by hand, and of one that takes a publication back: on real
// RPMs, gpg, createrepo_c and dnf.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BuildId, type PublishMode, published, type QueuedBuild, shownJsonSchema } from '@coppice/config';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { buildOf, publishTiny, showPackages, testChroot } from '../../testing/publish-builds.ts';
import { requestForTests } from '../../testing/queue/request-for-tests.ts';
import type { RunnerContext } from '../context/runner-context.ts';
import { openQueue } from '../queue/queue.ts';
import { numberSeen, readGeneration } from '../repodata/generations.ts';
import { perform } from '../run/perform.ts';
import { closeAllSigning } from '../signing/sign.ts';
import { deleteBuild } from './project-life.ts';
import {
  findWaiting,
  publishAllEnded,
  publishEnded,
  publishWaiting,
  rollBack,
  type SwitchOutcome,
} from './publications.ts';
import type { Publisher } from './publisher.ts';

let home: string;
let mode: PublishMode | undefined;
let publisher: Publisher;
let lines: string[];
const tools = { owner: 'acme', project: 'tools' };

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'coppice-publications-'));
  mode = 'each';
  lines = [];
  publisher = {
    home,
    url: 'https://build.example.org',
    publishMode: () => mode,
    log: (_level, line) => lines.push(line),
  };
});
afterEach(async () => {
  await closeAllSigning(home);
  await rm(home, { recursive: true, force: true });
});

const repository = () => join(home, 'published', published.repository('acme', 'tools', testChroot));
const key = () => join(home, 'published', published.publicKey('acme', 'tools'));

/** What dnf sees of binary packages, with its check of the signature. */
async function seen(): Promise<string> {
  const packages = await showPackages(home, repository(), key());
  return packages.flatMap((name) => /^(.+)\.noarch$/.exec(name)?.[1] ?? []).join(' ');
}

/** What builds see, by the generations' own word. */
async function seenByBuilds(): Promise<string> {
  const number = (await numberSeen(repository(), 'newest')) ?? 0;
  const current = await numberSeen(repository(), 'current');
  await rm(join(home, 'as-builds'), { recursive: true, force: true });
  await mkdir(join(home, 'as-builds'));
  await cp(join(repository(), 'repodata'), join(home, 'as-builds/repodata'), {
    recursive: true,
    verbatimSymlinks: true,
  });
  for (const build of readdirSync(repository()).filter((name) => /^\d/.test(name)))
    await symlink(join(repository(), build), join(home, 'as-builds', build));
  await mkdir(join(home, 'as-builds/generations'));
  await symlink(join(repository(), 'generations', String(number)), join(home, 'as-builds/generations/current'));
  const packages = await showPackages(home, join(home, 'as-builds'), key());
  const names = packages.flatMap((name) => /^(.+)\.noarch$/.exec(name)?.[1] ?? []).join(' ');
  return number === current ? `${names} (as readers)` : names;
}

let commands = 0;
const asked = () => ({ login: 'octocat', request: 'https://github.com/c/1', batch: `comment-${++commands}/0` });
const back = (to?: number, batch = asked()) => rollBack(publisher, tools, { chroots: [], to, asked: batch });
const publish = (batch = asked()) => publishWaiting(publisher, tools, { chroots: [], asked: batch });

/** What is told that users get, where that is not the newest good build. */
function others(): readonly string[] {
  const path = join(repository(), 'shown.json');
  if (!existsSync(path)) return [];
  const { packages } = shownJsonSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
  return packages.map(({ package: name, version, why }) => `${name} ${version} ${why}`);
}

/** `1 → 2: one 1.0-1 → 2.0-1`, or why not. */
function told(outcome: SwitchOutcome): string {
  if (outcome.kind === 'frozen') return 'frozen';
  if (outcome.kind === 'refused') return outcome.why.map(({ chroot: _, ...why }) => JSON.stringify(why)).join(' ');
  const each = outcome.repositories.map(({ from, to, returnsTo, changes }) => {
    const changed = changes.map(({ package: name, before, after }) => `${name} ${before} > ${after}`);
    return `${from} > ${to}${returnsTo === null ? '' : ` = ${returnsTo}`}: ${changed.join(', ')}`;
  });
  return [...each, ...outcome.left.map(() => 'left')].join('; ');
}

describe('a publication that is taken back', () => {
  test('shows readers what they saw before; what is built then is published on top of that', async () => {
    await publishTiny(publisher, 1, 'hello', '1.0');
    const first = readFileSync(join(repository(), 'repodata/repomd.xml'), 'utf8');
    await publishTiny(publisher, 2, 'hello', '2.0');
    expect(await seen()).toBe('hello-2.0');
    const command = asked();
    expect(told(await back(undefined, command))).toBe('2 > 3 = 1: hello 2.0-1 > 1.0-1');
    expect(await seen()).toBe('hello-1.0');
    expect(others()).toEqual(['hello 1.0-1 taken-back']);
    expect(readFileSync(join(repository(), 'repodata/repomd.xml'), 'utf8')).toBe(first);
    expect(await readGeneration(repository(), 3)).toMatchObject({ returnsTo: 1, replaces: 2, asked: command });
    // Whoever was cut off after the switch and does it again does nothing, and says the same.
    expect(told(await back(undefined, command))).toBe('2 > 3 = 1: hello 2.0-1 > 1.0-1');
    await publishTiny(publisher, 3, 'other', '1.0');
    expect(await seen()).toBe('hello-1.0 other-1.0');
    expect(await seenByBuilds()).toBe('hello-1.0 other-1.0 (as readers)');
    // The bad one may go: nothing comes of it.
    await deleteBuild(publisher, 'acme', 'tools', 2 as BuildId);
    expect(await seen()).toBe('hello-1.0 other-1.0');
    expect(told(await back(2))).toBe('{"kind":"gone","to":2,"builds":["00000002-hello"],"kept":[3,1]}');
    expect(others()).toEqual(['hello 1.0-1 taken-back']);
    await publishTiny(publisher, 4, 'hello', '2.1');
    expect(await seen()).toBe('hello-2.1 other-1.0');
    expect(others()).toEqual([]);
  }, 120_000);

  test('comes back when it is asked for twice, and by number', async () => {
    expect(told(await back())).toBe('');
    await publishTiny(publisher, 1, 'hello', '1.0');
    expect(told(await back())).toBe('{"kind":"nothing-before"}');
    await publishTiny(publisher, 2, 'hello', '2.0');
    await publishTiny(publisher, 3, 'other', '1.0');
    expect(told(await back(1))).toBe('3 > 4 = 1: hello 2.0-1 > 1.0-1, other 1.0-1 > null');
    expect(told(await back())).toBe('4 > 5 = 3: hello 1.0-1 > 2.0-1, other null > 1.0-1');
    expect(told(await back(3))).toBe('{"kind":"shown-now","to":3}');
    expect(told(await back(9))).toBe('{"kind":"not-kept","to":9,"kept":[4,2,1]}');
    await rm(join(repository(), 'generations/4/generation.json'));
    expect(told(await back())).toBe('{"kind":"not-kept","to":4,"kept":[2,1]}');
  }, 120_000);
});

describe('a project that publishes by hand', () => {
  beforeEach(() => {
    mode = 'manual';
  });

  test('has an empty, signed repository until somebody publishes; builds see all of it', async () => {
    await publishTiny(publisher, 1, 'hello', '1.0');
    await publishTiny(publisher, 2, 'other', '1.0');
    await publishAllEnded(publisher, () => []);
    expect(await seen()).toBe('');
    const waits = (name: string) => ({ package: name, before: null, after: '1.0-1' });
    expect(await findWaiting(publisher, tools)).toEqual([
      { chroot: testChroot, changes: [waits('hello'), waits('other')], changed: 2 },
    ]);
    expect(await seenByBuilds()).toBe('hello-1.0 other-1.0');
    expect(told(await publish())).toBe('1 > 4: hello null > 1.0-1, other null > 1.0-1');
    expect(await seen()).toBe('hello-1.0 other-1.0');
    expect(await seenByBuilds()).toBe('hello-1.0 other-1.0 (as readers)');
    expect(told(await publish())).toBe('left');
    expect(await findWaiting(publisher, tools)).toEqual([]);
  }, 60_000);

  test('takes a publication back without what waits, which builds go on to see, and publishes that alone', async () => {
    await publishTiny(publisher, 1, 'hello', '1.0');
    await publish();
    await publishTiny(publisher, 2, 'hello', '2.0');
    await publish();
    await publishTiny(publisher, 3, 'other', '1.0');
    await back();
    expect(await seen()).toBe('hello-1.0');
    expect(await seenByBuilds()).toBe('hello-1.0 other-1.0');
    await publishTiny(publisher, 4, 'more', '1.0');
    expect(await seen()).toBe('hello-1.0');
    const command = asked();
    const said = told(await publish(command));
    expect(said).toMatch(/: more null > 1.0-1, other null > 1.0-1$/);
    expect(told(await publish(command))).toBe(said);
    expect(await seen()).toBe('hello-1.0 more-1.0 other-1.0');
  }, 120_000);

  test('takes a deleted build from readers, and shows them nothing else with that', async () => {
    await publishTiny(publisher, 1, 'hello', '1.0');
    await publishTiny(publisher, 2, 'hello', '2.0');
    await publish();
    await publishTiny(publisher, 3, 'hello', '3.0');
    await publishTiny(publisher, 4, 'other', '1.0');
    await deleteBuild(publisher, 'acme', 'tools', 2 as BuildId);
    expect(await seen()).toBe('hello-1.0');
    expect(await seenByBuilds()).toBe('hello-3.0 other-1.0');
    await deleteBuild(publisher, 'acme', 'tools', 4 as BuildId);
    expect([await seen(), await seenByBuilds()]).toEqual(['hello-1.0', 'hello-3.0']);
  }, 120_000);

  test('publishes what waits once it says so no more', async () => {
    await publishTiny(publisher, 1, 'hello', '1.0');
    mode = undefined; // the config is not read yet
    await publishTiny(publisher, 2, 'other', '1.0');
    await publishAllEnded(publisher, () => []);
    expect(await seen()).toBe('');
    mode = 'each';
    await publishAllEnded(publisher, () => []);
    expect(await seen()).toBe('hello-1.0 other-1.0');
  }, 60_000);
});

describe('a project that publishes in batches', () => {
  beforeEach(() => {
    mode = 'batch';
  });
  const waits = (id: number, batch = 'b'): QueuedBuild => ({ ...buildOf(id, 'late'), batch });

  test('shows the good builds of a batch together, when its last has ended', async () => {
    await publishTiny(publisher, 1, 'hello', '1.0');
    await publishEnded(publisher, tools, () => [waits(2)]);
    expect(await seen()).toBe('');
    await publishTiny(publisher, 3, 'other', '1.0');
    expect(existsSync(join(repository(), 'generations/newest'))).toBe(true);
    // Builds of another batch that has nothing to show yet hold nothing back.
    await publishEnded(publisher, tools, () => [waits(9, 'another')]);
    expect(await seen()).toBe('hello-1.0 other-1.0');
    expect(existsSync(join(repository(), 'generations/newest'))).toBe(false);
    expect(lines.at(-1)).toMatch(/^acme\/tools sapling-12-x86_64: readers see generation 4 after 1$/);
  }, 60_000);

  test('does it with the end of the last one, however that ends', async () => {
    const now = () => new Date();
    const queue = await openQueue({ folder: join(home, 'state/queue'), now });
    const context = { ...publisher, queue, now, log: () => undefined } as Partial<RunnerContext> as RunnerContext;
    const [late] = await queue.enqueue([requestForTests({ package: 'late', batch: 'b' })]);
    await publishTiny(publisher, 2, 'hello', '1.0');
    await publishAllEnded(publisher, () => queue.builds());
    expect(await seen()).toBe('');
    await queue.cancel(late?.id as BuildId, 'somebody');
    for (let task = await queue.claim('w'); task !== undefined; task = await queue.claim('w'))
      await perform({ context, ending: new AbortController().signal }, task);
    expect(await seen()).toBe('hello-1.0');
    await queue.close();
  }, 60_000);

  test('does it at the next start when the service was killed before the switch, or in it', async () => {
    await publishTiny(publisher, 1, 'hello', '1.0');
    await publishAllEnded(publisher, () => []);
    expect(await seen()).toBe('hello-1.0');
    // Killed when readers saw it already and builds still had a link of their own.
    await symlink('2', join(repository(), 'generations/newest'));
    await publishAllEnded(publisher, () => []);
    expect(await numberSeen(repository(), 'current')).toBe(3);
    expect(existsSync(join(repository(), 'generations/newest'))).toBe(false);
    expect(await seen()).toBe('hello-1.0');
  }, 60_000);
});
