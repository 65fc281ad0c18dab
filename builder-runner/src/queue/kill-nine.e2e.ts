import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { QueuedBuild } from '@coppice/config';
import { expect, test } from 'vitest';
import { startChild } from '../../testing/queue/child-for-tests.ts';
import { folderForTest } from '../../testing/queue/folder-for-tests.ts';
import { openQueue } from './queue.ts';

const kills = 50;

interface Said {
  readonly enqueueing?: string;
  readonly enqueued?: string;
  readonly id?: number;
  readonly claimed?: number;
  readonly kind?: string;
  readonly ending?: number;
  readonly srpmDone?: number;
  readonly finishing?: number;
  readonly finished?: number;
  readonly released?: number;
}

test(`killed at ${kills} random moments, the queue loses nothing acknowledged and doubles nothing`, async () => {
  const folder = await folderForTest();
  const firstSeed = Number(process.env.COPPICE_TEST_SEED ?? Date.now() % 1_000_000);
  console.log(`COPPICE_TEST_SEED=${firstSeed}`);
  let before: readonly QueuedBuild[] = [];
  let highest = 0;
  let acknowledged = 0;
  for (let seed = firstSeed; seed < firstSeed + kills; seed++) {
    const said = await runAndKill(folder, seed);
    const queue = await openQueue({ folder, now: () => new Date() });
    const after = queue.builds();
    await queue.close();
    const where = `seed ${seed}`;
    expectNothingLost(said, before, after, where);
    expectNothingDoubled(said, before, after, highest, where);
    acknowledged += said.filter((each) => each.enqueued ?? each.srpmDone ?? each.finished ?? each.released).length;
    highest = Math.max(highest, ...after.map(({ id }) => id), ...said.map(({ id }) => id ?? 0));
    before = after;
  }
  console.log(`${acknowledged} acknowledged changes survived ${kills} kills`);
  expect(acknowledged).toBeGreaterThan(kills);
}, 120_000);

async function runAndKill(folder: string, seed: number): Promise<readonly Said[]> {
  const program = join(import.meta.dirname, '../../testing/queue/kill-nine.child.ts');
  const child = startChild(process.execPath, [program, folder, String(seed)]);
  try {
    await child.firstLine;
    // The random moment; nothing is waited for here.
    await sleep((Math.imul(seed, 2_654_435_761) >>> 0) % 80);
  } finally {
    child.process.kill('SIGKILL');
  }
  expect(await child.ended).toBeNull();
  return child.lines.map((line) => JSON.parse(line) as Said);
}

/** What was acknowledged stands; it may only have moved on by what was begun afterwards. */
function expectNothingLost(
  said: readonly Said[],
  before: readonly QueuedBuild[],
  after: readonly QueuedBuild[],
  where: string,
) {
  const live = new Map<number, QueuedBuild>(after.map((build) => [build.id, build]));
  const finishing = new Set(said.map((each) => each.finishing));
  const there = [...before.map(({ id }) => id), ...said.flatMap(({ id }) => id ?? [])];
  for (const id of there.filter((each) => !finishing.has(each)))
    expect(live.has(id), `${where}: build ${id}`).toBe(true);
  for (const { enqueued, id } of said) {
    const build = id === undefined ? undefined : live.get(id);
    if (build !== undefined) expect(build.package, where).toBe(enqueued);
  }
  for (const { srpmDone, finished } of said) {
    if (finished !== undefined) expect(live.has(finished), `${where}: ${finished} finished`).toBe(false);
    const build = srpmDone === undefined ? undefined : live.get(srpmDone);
    if (build !== undefined) expect(build.srpm, where).toBe(`${srpmDone}.src.rpm`);
  }
  for (const [id, last] of lastWords(said)) {
    const state = live.get(id)?.chroots[0]?.state;
    if (last.kind === 'srpm') expect(live.get(id)?.srpmState, `${where}: SRPM of ${id} claimed`).toBe('running');
    if (last.kind === 'chroot') expect(state, `${where}: ${id} claimed`).toBe('starting');
  }
}

/** The last thing said of each build. */
function lastWords(said: readonly Said[]): ReadonlyMap<number, Said> {
  const last = new Map<number, Said>();
  for (const each of said) {
    const id = each.claimed ?? each.ending ?? each.srpmDone ?? each.finishing ?? each.finished ?? each.released;
    if (id !== undefined) last.set(id, each);
  }
  return last;
}

/** Each build was asked for, stands once, and has a number that nothing had before. */
function expectNothingDoubled(
  said: readonly Said[],
  before: readonly QueuedBuild[],
  after: readonly QueuedBuild[],
  highest: number,
  where: string,
) {
  const known = new Set<number>(before.map(({ id }) => id));
  const asked = new Set(said.map(({ enqueueing }) => enqueueing));
  const packages = after.map((build) => build.package);
  expect(new Set(packages).size, where).toBe(packages.length);
  for (const build of after.filter(({ id }) => !known.has(id))) {
    expect(asked.has(build.package), `${where}: ${build.package}`).toBe(true);
    expect(build.id, where).toBeGreaterThan(highest);
  }
}
