import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openQueue, type Queue } from '@coppice/builder-runner/queue';
import { type ChrootName, parseConfigRepo, settingsSchema } from '@coppice/config';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ConfigAtCommit } from '../config-repo/config-in-force.ts';
import { type BuiltIndex, openBuiltIndex } from './built.ts';
import { type PlanContext, planNow, planOnce, queuedBefore } from './planner.ts';

const sapling = 'sapling-12-x86_64' as ChrootName;
const path = 'packages/acme/tools/hello';
const texts = new Map([
  ['coppice.yaml', `admins: [a]\nchroots: [${sapling}]\n`],
  [
    'projects/acme/tools.yaml',
    `maintainers: [a]
chroots: [${sapling}]
packages:
  hello: { source: { type: dir } }
  motd: { source: { type: git, url: "https://127.0.0.1:1/motd", ref: main } }
`,
  ],
]);
const parsed = parseConfigRepo({
  texts,
  oversize: new Map(),
  paths: new Set([...texts.keys(), `${path}/hello.spec`]),
});
if (!parsed.ok) throw new Error(parsed.problems[0]?.message);
const at: ConfigAtCommit = {
  commit: 'c'.repeat(40),
  config: parsed.value,
  packageTrees: new Map([[path, 't'.repeat(40)]]),
  chrootConfigDigests: new Map(),
};
const mirror = {
  read: async () => ({
    tree: { texts, oversize: new Map(), paths: new Set(texts.keys()) },
    packageTrees: at.packageTrees,
    chrootConfigDigests: new Map(),
    specs: new Map(),
  }),
};

let folder: string;
let queue: Queue;
let built: BuiltIndex;
let context: PlanContext & { readonly mirror: typeof mirror };
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coppice-planner-'));
  queue = await openQueue({ folder: join(folder, 'queue'), now: () => new Date() });
  built = await openBuiltIndex(join(folder, 'published'), queue);
  context = { queue, built, settings: settingsSchema.parse({}), mirror };
});
afterEach(async () => {
  built.close();
  await queue.close();
  await rm(folder, { recursive: true, force: true });
});

const wish = { at, selections: [], force: false };
const asker = (batch: string) => ({ login: 'a', request: 'https://example.test/', batch });

test('a batch is queued once, however often its work is begun, and another one is not taken for it', async () => {
  const first = await planOnce(wish, asker('push/1'), context);
  expect(first.builds.map((one) => one.package)).toEqual(['hello']);
  expect(first.summary.title).toBe('1 build queued');
  expect(first.annotations).toMatchObject([{ path: 'projects/acme/tools.yaml', line: 5 }]);
  const force = { ...wish, force: true };
  const again = await planOnce(force, asker('push/1'), context);
  expect(again.builds.map(({ id }) => id)).toEqual(first.builds.map(({ id }) => id));
  expect(queue.builds()).toHaveLength(1);
  expect(queuedBefore('push/1', context)?.map(({ id }) => id)).toEqual(first.builds.map(({ id }) => id));
  expect(queuedBefore('push', context)).toBeUndefined();
});

test('what is being built is planned again only where another view of what was built is given', async () => {
  await planOnce(wish, asker('push/1'), context);
  expect((await planNow(wish, context)).builds).toEqual([]);
  const elsewhere = await planNow({ ...wish, seen: async () => [] }, context);
  expect(elsewhere.builds.map((one) => one.package)).toEqual(['hello']);
});
