import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Queue } from '@coppice/builder-runner/queue';
import { parseConfigRepo } from '@coppice/config';
import { afterAll, beforeEach, expect, test } from 'vitest';
import type { ConfigAtCommit } from '../config-repo/config-in-force.ts';
import { initialBotState } from '../vocabulary/bot-state.ts';
import type { Job } from '../vocabulary/job.ts';
import type { KnownPull } from '../vocabulary/known-pull.ts';
import type { LeavingProject } from '../vocabulary/leaving.ts';
import { createTending, type TendContext } from './tend-pulls.ts';

const chroots = 'chroots: [sapling-12-x86_64]\n';
const read = (commit: string, projects: Readonly<Record<string, string>>): ConfigAtCommit => {
  const texts = new Map([['coppice.yaml', `admins: [ada]\n${chroots}`]]);
  for (const [name, builders] of Object.entries(projects)) {
    texts.set(`projects/acme/${name}.yaml`, `maintainers: [mia]\nbuilders: [${builders}]\n${chroots}`);
  }
  const parsed = parseConfigRepo({ texts, oversize: new Map(), paths: new Set(texts.keys()) });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return { commit, config: parsed.value, packageTrees: new Map(), chrootConfigDigests: new Map() };
};
const withBea = read('a', { tools: 'bea' });
const withoutBea = read('b', { tools: 'mia' });
const [stated] = withBea.config.projects;
const leaving = { project: 'acme/tools', stated } as LeavingProject;

const pull: KnownPull = {
  ...{ number: 4, author: 'bea', head: 'h', headSeenAt: '2026-01-02T03:04:05Z', touched: ['acme/tools'] },
  ...{ needsAdmin: false, approvals: [], closedAt: null },
};

let inForce: ConfigAtCommit | undefined;
let accepted: Map<string, Job>;
let teamsAnswer: boolean;
let conflicting: readonly string[];
let removed: readonly string[];
const state = initialBotState();

beforeEach(() => {
  [inForce, accepted, teamsAnswer, conflicting, removed] = [withBea, new Map(), true, [], []];
  Object.assign(state, initialBotState(), { pulls: [pull] });
});

const publishedFolder = mkdtempSync(join(tmpdir(), 'coppice-tend-'));
afterAll(() => rm(publishedFolder, { recursive: true, force: true }));

const context = {
  ...{ queue: { builds: () => [] } as unknown as Queue, state: () => state, log: () => undefined },
  ...{ config: () => inForce, written: () => inForce, now: () => new Date('2026-01-02T03:04:05Z') },
  accept: async (key: string, job: Job) => !accepted.has(key) && Boolean(accepted.set(key, job)),
  people: { refresh: async () => teamsAnswer, counted: (at: ConfigAtCommit) => at },
  mirror: { conflicts: async (base: string) => (conflicting.includes(base) ? ['x'] : []) },
  forget: async () => [],
  commit: async () => undefined,
  ...{ projects: { remove: async () => undefined }, publishedFolder, published: () => undefined },
  settings: { github: { webUrl: 'https://github.example', repository: 'acme/packages' } },
  commitEdit: async ({ edit }: { edit: { project: string } }) => {
    removed = [...removed, edit.project];
    return { kind: 'nothing', markdown: '' };
  },
} as unknown as TendContext;

/** A bot that has just read the config in force again; gives how often pull requests were to be judged again. */
const tend = () => {
  const tending = createTending(context);
  tending.restored();
  return async (at: ConfigAtCommit | undefined) => {
    inForce = at;
    tending.look();
    await tending.settled();
    return accepted.size;
  };
};

test('a pull request whose project is leaving is judged again when it has left: until then its people keep their rights', async () => {
  const look = tend();
  expect(await look({ ...read('b', {}), leaving: [leaving] })).toBe(0);
  expect(await look(read('b', {}))).toBe(1);
});

test('what the first work after a restart changes is seen by the first look', async () => {
  expect(await tend()(withoutBea)).toBe(1);
});

test('each time that nobody lets it be built any more it is judged again, also under a commit that was in force before', async () => {
  const look = tend();
  const seen: number[] = [];
  for (const at of [withBea, withoutBea, withBea, withoutBea, withBea, withoutBea]) seen.push(await look(at));
  expect(seen).toEqual([0, 1, 1, 2, 2, 3]);
});

test('each time that the tip of the branch comes to conflict it is judged again, whether it is in force or not', async () => {
  const look = tend();
  conflicting = ['b'];
  const seen: number[] = [];
  for (const tip of ['a', 'b', 'a', 'b']) {
    Object.assign(state, { goodCommit: 'a', handledCommit: tip });
    seen.push(await look(withBea));
  }
  expect(seen).toEqual([0, 1, 1, 2]);
});

test('a team that GitHub cannot tell of takes nobody the rights, and holds up nothing else', async () => {
  const look = tend();
  teamsAnswer = false;
  const tools = { ...stated, deleteAfter: '2026-01-01' } as ConfigAtCommit['config']['projects'][number];
  const expired = { ...withoutBea, config: { ...withoutBea.config, projects: [tools] } };
  expect(await look({ ...expired, config: { ...expired.config, projects: [{ ...tools, builders: [] }] } })).toBe(0);
  expect(removed).toEqual(['acme/tools']);
});
