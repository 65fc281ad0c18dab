import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type BuildId,
  type MergedSandbox,
  type Policy,
  published,
  type QueuedBuild,
  type Result,
} from '@coppice/config';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { emptyPlan, plannedForTests } from '../../testing/plan-for-tests.ts';
import { chrootForTests as chroot, projectForTests } from '../../testing/project-for-tests.ts';
import type { ConfigAtCommit } from '../config-repo/config-in-force.ts';
import type { KnownPull } from '../vocabulary/known-pull.ts';
import { openBuiltIndex } from './built.ts';
import { createSandboxFinder } from './merged-sandboxes.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coppice-merged-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const at = '2026-01-02T03:04:05.000Z';
const wanted = plannedForTests('hello', {}, null);
/** Of `hello`, with the digest `d`, as what the plan for tests plans has. */
const plan = { ...emptyPlan, builds: [wanted] };
const project = projectForTests({ maintainers: ['mia'] });

/** Build `id` of the sandbox of a pull request; in `installed_pkgs.log` stands what was installed. */
async function built(id: number, name: string, sandbox: string, result: Partial<Result> = {}, log?: string) {
  const place = { id: id as BuildId, owner: 'acme', project: sandbox, package: name };
  const source = { type: 'dir', commit: 'c', path: 'p', tree: 't' } as const;
  const record: Result = {
    ...{
      schemaVersion: 1,
      ...place,
      chroot,
      state: 'succeeded',
      reason: null,
      message: null,
      excerpt: [],
      where: null,
    },
    ...{ requestedBy: 'eve', request: 'r', requestedAt: at, batch: 'b', configCommit: 'c', inputDigest: 'd', source },
    ...{ attempts: 1, builder: 'one', engine: null, phases: [], startedAt: at, endedAt: at },
    artifacts: [{ file: 'x.rpm', nevra: `${name}-1:1-${id}.noarch`, bytes: 1, sha256: 'a'.repeat(64) }],
    ...result,
  };
  const path = join(folder, published.chrootBuild(place, chroot));
  await mkdir(path, { recursive: true });
  await writeFile(join(path, 'result.json'), JSON.stringify(record));
  if (log !== undefined) await writeFile(join(path, 'installed_pkgs.log'), log);
}

const pull = (number: number, author: string, touched: readonly string[] = ['acme/tools']): KnownPull => ({
  ...{ number, author, touched, head: 'h', headSeenAt: at, needsAdmin: false, approvals: [], closedAt: null },
});

/** What is found, and of which pull requests GitHub was asked. */
async function find(
  pulls: readonly KnownPull[],
  how: {
    readonly merged?: readonly number[];
    readonly live?: readonly QueuedBuild[];
    readonly of?: typeof project;
  } = {},
): Promise<{ readonly found: readonly MergedSandbox[]; readonly asked: readonly number[] }> {
  const asked: number[] = [];
  const index = await openBuiltIndex(folder);
  const policy = { admins: ['ada'] } as unknown as Policy;
  const finder = createSandboxFinder({
    ...{ built: index, publishedFolder: folder, pulls: () => pulls, log: () => undefined },
    queue: { builds: () => how.live ?? [] },
    config: () => ({ config: { policy, projects: [project] } }) as unknown as ConfigAtCommit,
    isMerged: async (number) => {
      asked.push(number);
      if (number === 13) throw new Error('GitHub does not answer');
      return (how.merged ?? [number]).includes(number);
    },
  });
  return { found: await finder(how.of ?? project, plan), asked };
}

test('sandboxes of merged pull requests with a good build of the same inputs, the newest first', async () => {
  await built(1, 'hello', 'tools:pr:7');
  await built(2, 'hello', 'tools:pr:8');
  await built(3, 'hello', 'tools:pr:9', { inputDigest: 'other' });
  await built(4, 'hello', 'tools:pr:10', { state: 'failed', reason: 'compile' });
  await built(5, 'hello', 'tools:pr:11');
  await built(6, 'hello', 'tools:pr:12');
  await built(7, 'hello', 'tools:pr:13');
  const touching = [7, 8, 9, 10, 11, 13].map((number) => pull(number, 'mia'));
  const { found, asked } = await find([...touching, pull(12, 'mia', ['acme/other'])], { merged: [7, 8, 9, 10] });
  expect(found.map(({ name }) => name)).toEqual(['tools:pr:8', 'tools:pr:7']);
  // Nobody is asked about what could not be promoted anyway.
  expect(asked).toEqual([13, 11, 8, 7]);
});

test('one is trusted when its author may build the project, by the rights before the push', async () => {
  await built(1, 'hello', 'tools:pr:7');
  const trusted = async (author: string) => (await find([pull(7, author)])).found.map((one) => one.trusted);
  expect([await trusted('Mia'), await trusted('ada'), await trusted('eve')]).toEqual([[true], [true], [false]]);
});

test('a project that was renamed has what was tested under its former name', async () => {
  await built(1, 'hello', 'tools:pr:7');
  const of = projectForTests({ name: 'instruments', renamedFrom: 'acme/tools' });
  expect((await find([pull(7, 'mia')], { of })).found).toMatchObject([{ name: 'tools:pr:7', trusted: true }]);
});

test('it tells of all builds, also live ones, what they made and what was installed', async () => {
  await built(1, 'lib', 'tools:pr:7', { state: 'canceled', artifacts: [], startedAt: null });
  await built(2, 'hello', 'tools:pr:7', {}, 'gcc-14-1.x86_64 1 2 installed\nlib-3:1-2.noarch 1 2 installed\n');
  const running = { chroot, inputDigest: 'x', state: 'running', startedAt: at, endedAt: null };
  const live = { id: 3, owner: 'acme', project: 'tools:pr:7', package: 'hello', chroots: [running] };
  const { found } = await find([pull(7, 'mia')], { live: [live as unknown as QueuedBuild] });
  expect(found[0]?.builds).toMatchObject([
    { id: 3, package: 'hello', state: 'running', made: [], buildroot: null },
    { id: 1, package: 'lib', state: 'canceled', startedAt: null, made: [], buildroot: null },
    { id: 2, made: ['hello-1-2.noarch'], buildroot: new Set(['gcc-14-1.x86_64', 'lib-1-2.noarch']) },
  ]);
});

test('one with a record that cannot be read gives nothing', async () => {
  await built(1, 'lib', 'tools:pr:7');
  await built(2, 'hello', 'tools:pr:7');
  await writeFile(join(folder, `results/acme/tools:pr:7/${chroot}/00000001-lib/result.json`), '{');
  expect((await find([pull(7, 'mia')])).found).toEqual([]);
});
