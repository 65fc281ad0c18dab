import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type PruneOptions, prune } from '@coppice/builder-runner/runner';
import { createConfigParser, sandboxOf } from '@coppice/config';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ConfigAtCommit } from '../config-repo/config-in-force.ts';
import type { KnownPull } from '../vocabulary/known-pull.ts';
import { createRetention, type RetentionContext } from './retention.ts';

let home: string;
let logged: string[];
const now = new Date('2026-06-01T12:00:00Z');
const sandbox = sandboxOf('tools', 7);

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'coppice-retention-'));
  logged = [];
});
afterEach(() => rm(home, { recursive: true, force: true }));

const chroot = 'fedora-42-x86_64';
async function failed(project: string, id: number, of = chroot): Promise<string> {
  const path = join(home, 'published/results/acme', project, of, `0000000${id}-one`);
  await mkdir(path, { recursive: true });
  const record = { state: 'failed', reason: 'compile', endedAt: '2026-05-01T00:00:00.000Z' };
  await writeFile(join(path, 'result.json'), JSON.stringify(record));
  return path;
}

function configOf(files: Readonly<Record<string, string>>) {
  const texts = new Map(Object.entries(files));
  const parsed = createConfigParser()({ texts, paths: new Set(texts.keys()), oversize: new Map() });
  if (!parsed.ok) throw new TypeError(JSON.stringify(parsed.problems));
  return parsed.value;
}

function contextOf(changes: Partial<RetentionContext> = {}): RetentionContext & { readonly touched: string[] } {
  const touched: string[] = [];
  const config = configOf({
    'coppice.yaml': `admins: [a]
chroots: { ${chroot}: , fedora-41-x86_64: { state: eol, keepUntil: 2026-06-01 } }
retention: { failed: 20d }
`,
    'projects/acme/tools.yaml': `maintainers: [a]\nchroots: [${chroot}]\n`,
    'projects/acme/old.yaml': `maintainers: [a]\nchroots: [${chroot}]\ndeleteAfter: 2026-06-01\n`,
  });
  const at = { commit: 'a'.repeat(40), config } as unknown as ConfigAtCommit;
  const pull = { number: 7, closedAt: '2026-01-01T00:00:00Z' } as KnownPull;
  const folders = { publishedFolder: join(home, 'published'), withheldFolder: join(home, 'state/withheld') };
  return {
    ...{ ...folders, now: () => now, live: () => [], config: () => at, touched },
    prune: (options: PruneOptions) => prune({ home, url: 'https://build.example.org' }, options),
    sandboxes: {
      ...{ pulls: () => [pull], live: () => [], ...folders, now: () => now },
      isFrozen: () => false,
      retentionSeconds: () => 14 * 86_400,
      remove: (owner, project) => rm(join(folders.publishedFolder, 'results', owner, project), { recursive: true }),
      forget: async () => undefined,
    },
    changed: async (projects) => void touched.push(...projects),
    log: (level, text) => void logged.push(`${level} ${text}`),
    ...changes,
  };
}

test('names builds, sandboxes and projects with a last day, and takes the first two away', async () => {
  const [old, last] = [await failed('tools', 1), await failed('tools', 2)];
  const promised = await failed('tools', 3, 'fedora-41-x86_64');
  await failed('tools', 4, 'fedora-41-x86_64');
  const closed = await failed(sandbox, 5);
  await failed(sandbox, 6);
  const context = contextOf();
  const retention = createRetention(context);
  const said = await retention.prune({ dryRun: true });
  expect(said).toMatchObject({
    builds: [{ project: 'acme/tools', id: 1, why: 'failed', endedAt: '2026-05-01T00:00:00.000Z' }],
    sandboxes: [{ project: `acme/${sandbox}`, pull: 7 }],
    projects: [{ project: 'acme/old', deleteAfter: '2026-06-01' }],
    problems: [],
  });
  expect([existsSync(old), existsSync(closed), context.touched, logged]).toEqual([true, true, [], []]);
  expect(await retention.prune({ dryRun: false })).toEqual({ ...said, dryRun: false });
  expect([old, last, promised, closed].map((path) => existsSync(path))).toEqual([false, true, true, false]);
  expect(context.touched.sort()).toEqual([`acme/${sandbox}`, 'acme/tools'].sort());
  expect(logged).toEqual([
    `info Retention: 1 builds, 0 source packages, 0 generations, 1 sandboxes removed, ${said?.bytes} bytes`,
  ]);
});

test('makes a pass at the start by itself, says nothing when nothing goes, and takes up no project after its end', async () => {
  const old = await failed('tools', 1);
  await failed('tools', 2);
  const context = contextOf();
  const retention = createRetention(context);
  retention.start();
  await retention.prune({ dryRun: true });
  expect([existsSync(old), logged.length]).toEqual([false, 1]);
  await retention.prune({ dryRun: false });
  expect(logged).toHaveLength(1);
  await retention.stop();
  expect(await retention.prune({ dryRun: false })).toBeUndefined();
});

test('waits for a config, and tells what cannot be looked at', async () => {
  expect(await createRetention(contextOf({ config: () => undefined })).prune({ dryRun: false })).toBeUndefined();
  await failed('tools', 1);
  await failed('tools', 2);
  await mkdir(join(home, 'published/results/acme/tools', chroot, 'generations/1'), { recursive: true });
  const report = await createRetention(contextOf()).prune({ dryRun: false });
  expect(report?.problems).toEqual([expect.stringMatching(/^acme\/tools is left as it is: .*has no record/)]);
  expect(logged).toEqual([expect.stringMatching(/^warn acme\/tools is left as it is/)]);
});
