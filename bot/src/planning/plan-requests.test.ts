// The way of a package's words from the config repo to the queue.
import { type ChrootName, parseConfigRepo, planBuilds, settingsSchema } from '@coppice/config';
import { expect, test } from 'vitest';
import type { ConfigAtCommit } from '../config-repo/config-in-force.ts';
import { makePlan, requestsOf } from './plan-requests.ts';

const sapling = 'sapling-12-x86_64' as ChrootName;

/** A config with a project `acme/tools` with these lines, whose folders have specs. */
function configWith(lines: string): ConfigAtCommit {
  const texts = new Map([
    ['coppice.yaml', `admins: [a]\nchroots: [${sapling}]\n`],
    ['projects/acme/tools.yaml', `maintainers: [a]\nchroots: [${sapling}]\n${lines}`],
  ]);
  const specs = ['hello', 'motd'].map((name) => `packages/acme/tools/${name}/${name}.spec`);
  const parsed = parseConfigRepo({ texts, oversize: new Map(), paths: new Set([...texts.keys(), ...specs]) });
  if (!parsed.ok) throw new Error(parsed.problems[0]?.message);
  return { commit: 'c', config: parsed.value, packageTrees: new Map(), chrootConfigDigests: new Map() };
}

/** The requests of everything in a project `acme/tools` with these lines, whose sources are folders. */
function requestsFor(lines: string) {
  const at = configWith(lines);
  const packages = at.config.projects.flatMap((project) => project.packages);
  const pinned = new Map(
    packages.map(({ name }) => {
      const path = `packages/acme/tools/${name}`;
      return [`acme/tools/${name}`, { type: 'dir', commit: 'c', path, tree: `tree of ${name}` }] as const;
    }),
  );
  const nothing = { unpinned: new Map(), chrootConfigDigests: new Map(), built: [], force: false };
  const plan = planBuilds({ config: at.config, pinned, ...nothing, selection: { packages: [], chroots: [] } });
  return requestsOf(plan, at, { login: 'octocat', request: 'https://example.org/', batch: 'b' });
}

test('labels of builders go with the request: those of the package, else those of the project', () => {
  const requests = requestsFor(`builderLabels: [big]
packages:
  hello: { source: { type: dir }, builderLabels: [gpu, fast] }
  motd: { source: { type: dir } }
`);
  expect(requests.map(({ package: name, builderLabels }) => [name, builderLabels])).toEqual([
    ['hello', ['gpu', 'fast']],
    ['motd', ['big']],
  ]);
});

test('a source that could not be pinned is told apart from one that is looked up later', async () => {
  const at = configWith('packages: { hello: { source: { type: git, url: "https://127.0.0.1:1/a", ref: main } } }\n');
  const planWith = (lookUp: boolean) =>
    makePlan({
      ...{ at, selections: [], force: false, lookUp, built: async () => [], queued: () => [] },
      rules: { git: { protocols: [], mirrors: {} }, sources: settingsSchema.parse({}).sources },
    });
  expect((await planWith(false)).unpinned).toEqual([]);
  const { skipped, unpinned } = await planWith(true);
  expect(unpinned).toEqual(skipped);
  expect(unpinned).toMatchObject([{ package: 'hello', chroot: null, why: expect.stringContaining('127.0.0.1:1') }]);
});
