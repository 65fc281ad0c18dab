import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { BuildState, FailureReason } from './build.ts';
import { chrootOf } from './chroot.ts';
import { parseConfigRepo } from './parse-config-repo.ts';
import { parsePolicy } from './parse-policy.ts';
import { parseYaml } from './parse-yaml.ts';
import type { BuiltChroot, Plan, PlanInput, SpecRequires } from './plan.ts';
import { planBuilds } from './plan-builds.ts';
import { formatProblem } from './problem.ts';
import type { ConfigRepo, Package } from './project.ts';
import type { YamlFile } from './read-nodes.ts';
import type { PinnedSource, Source } from './source.ts';

const testdata = fileURLToPath(new URL('../testdata', import.meta.url));

/** A golden case: one project `acme/tools`, what was built (with the same or other inputs), and what was asked. */
interface Golden {
  readonly 'coppice.yaml': string;
  readonly project: string;
  readonly unpinned?: Record<string, string>;
  readonly built?: readonly {
    id: number;
    package: string;
    chroot: string;
    state: BuildState;
    reason?: FailureReason;
    inputs: 'same' | 'other';
  }[];
  readonly selection?: PlanInput['selection'];
  readonly force?: boolean;
  /** What the specs of packages say. */
  readonly specs?: Record<string, SpecRequires>;
  /** How long packages took to build. */
  readonly seconds?: Record<string, number>;
}

/** A source as the service would pin it, with made up commits. */
function pin(name: string, source: Source): PinnedSource {
  if (source.type === 'dir') {
    return { ...source, commit: 'c0ffee', path: `packages/acme/tools/${name}`, tree: `tree-of-${name}` };
  }
  if (source.type === 'git') return { ...source, commit: `commit-of-${name}` };
  if (source.type === 'srpm') return source;
  throw new Error(`no golden case has a source of type ${source.type}`);
}

function configOf(golden: Golden): ConfigRepo {
  const texts = new Map([
    ['coppice.yaml', golden['coppice.yaml']],
    ['projects/acme/tools.yaml', golden.project],
  ]);
  const names = Object.keys((parse(golden.project) as { packages: object }).packages);
  const paths = new Set([...texts.keys(), ...names.map((name) => `packages/acme/tools/${name}/${name}.spec`)]);
  const parsed = parseConfigRepo({ texts, oversize: new Map(), paths });
  if (!parsed.ok) throw new Error(parsed.problems.map(formatProblem).join('\n'));
  return parsed.value;
}

function planOf(golden: Golden): Plan {
  const config = configOf(golden);
  const packages = config.projects.flatMap((project) => project.packages);
  const unpinned = new Map(Object.entries(golden.unpinned ?? {}).map(([name, why]) => [`acme/tools/${name}`, why]));
  const pinned = new Map(
    packages
      .map((each) => [`acme/tools/${each.name}`, pin(each.name, each.source)] as const)
      .filter(([key]) => !unpinned.has(key)),
  );
  const input: PlanInput = {
    config,
    pinned,
    unpinned,
    chrootConfigDigests: new Map(),
    built: [],
    selection: golden.selection ?? { packages: [], chroots: [] },
    force: golden.force ?? false,
    specRequires: new Map(Object.entries(golden.specs ?? {}).map(([name, spec]) => [`acme/tools/${name}`, spec])),
    expectedSeconds: (_owner, _project, name) => golden.seconds?.[name] ?? null,
  };
  const digests = digestsOf(input);
  const built = (golden.built ?? []).map((each): BuiltChroot => {
    const chroot = chrootOf(each.chroot).name;
    const digest = each.inputs === 'same' ? (digests.get(`${each.package} ${chroot}`) ?? 'none') : 'other';
    return {
      owner: 'acme',
      project: 'tools',
      package: each.package,
      chroot,
      inputDigest: digest,
      state: each.state,
      reason: each.reason ?? null,
      id: each.id,
    };
  });
  return planBuilds({ ...input, built });
}

/** `package chroot` → the digest that each would be built with now, once all before it were. */
function digestsOf(input: PlanInput): ReadonlyMap<string, string> {
  const { builds } = planBuilds({ ...input, built: [], selection: { packages: [], chroots: [] } });
  return new Map(
    builds.flatMap((each) => each.chroots.map((one) => [`${each.package} ${one.chroot}`, one.inputDigest])),
  );
}

describe('golden plans (config/testdata)', () => {
  const names = readdirSync(testdata).filter((name) => name.endsWith('.yml'));

  test.each(names)('%s', async (name) => {
    const golden = `${testdata}/${name.replace(/\.yml$/, '.plan.json')}`;
    expect(existsSync(golden), `${golden} is missing: touch it, then run vitest with -u and read what it holds`).toBe(
      true,
    );
    const plan = planOf(parse(readFileSync(`${testdata}/${name}`, 'utf8')) as Golden);
    await expect(`${JSON.stringify(plan, null, 2)}\n`).toMatchFileSnapshot(golden);
  });
});

function yamlFileOf(text: string): YamlFile {
  const { file } = parseYaml(text, 'coppice.yaml');
  if (file === undefined) throw new Error(text);
  return file;
}

const chroots = ['sapling-12-x86_64', 'fedora-42-x86_64'].map((name) => chrootOf(name).name);
const packageNames = ['a', 'b', 'c', 'd', 'e'];

/** A project of up to five packages without circles: each needs only names after its own. */
const packagesArbitrary = fc.subarray(packageNames, { minLength: 1 }).chain((names) =>
  fc.tuple(
    ...names.map((name, index) =>
      fc.record({
        name: fc.constant(name),
        needs: fc.subarray(names.slice(index + 1)),
        chroots: fc.subarray(chroots, { minLength: 1 }),
        rebuildOnNeeds: fc.boolean(),
      }),
    ),
  ),
);

const builtArbitrary = fc.array(
  fc.record({
    package: fc.constantFrom(...packageNames),
    chroot: fc.constantFrom(...chroots),
    state: fc.constantFrom<BuildState>('pending', 'running', 'succeeded', 'failed', 'canceled', 'skipped'),
    reason: fc.constantFrom<FailureReason | null>(null, 'compile', 'infrastructure'),
    same: fc.boolean(),
  }),
  { maxLength: 12 },
);

const source = (name: string): PinnedSource => pin(name, { type: 'dir' });

/** Specs that require each other in any way, in circles too. */
const specsArbitrary = fc.dictionary(
  fc.constantFrom(...packageNames),
  fc.record({
    buildRequires: fc.subarray([...packageNames, 'virtual', 'elsewhere']),
    provides: fc.subarray([...packageNames, 'virtual']),
  }),
);

const inputArbitrary = fc
  .record({ packages: packagesArbitrary, built: builtArbitrary, force: fc.boolean(), specs: specsArbitrary })
  .map((given): PlanInput => {
    const packages = given.packages.map(
      (each): Package => ({
        ...each,
        source: { type: 'dir' },
        timeoutSeconds: 3600,
        memoryBytes: null,
        background: false,
        builderLabels: [],
        buildroots: new Map(),
      }),
    );
    const project = {
      owner: 'acme',
      name: 'tools',
      description: '',
      instructions: '',
      homepage: null,
      contact: null,
      chroots,
      maintainers: [],
      builders: [],
      repos: [],
      runtimeRepos: [],
      network: false,
      background: false,
      builderLabels: [],
      frozen: null,
      deleteAfter: null,
      pinned: false,
      forkedFrom: null,
      renamedFrom: null,
      packages,
      path: '',
    };
    const policy = parsePolicy(yamlFileOf(`admins: [a]\nchroots: [${chroots.join(', ')}]`)).value;
    if (policy === undefined) throw new Error('the policy of the test is wrong');
    const input: PlanInput = {
      config: { policy, projects: [project] },
      pinned: new Map(packages.map(({ name }) => [`acme/tools/${name}`, source(name)])),
      unpinned: new Map(),
      chrootConfigDigests: new Map(),
      built: [],
      selection: { packages: [], chroots: [] },
      force: given.force,
      specRequires: new Map(Object.entries(given.specs).map(([name, spec]) => [`acme/tools/${name}`, spec])),
    };
    const digests = digestsOf(input);
    const built = given.built.map(
      ({ same, ...each }, index): BuiltChroot => ({
        ...each,
        owner: 'acme',
        project: 'tools',
        id: index + 1,
        inputDigest: same ? (digests.get(`${each.package} ${each.chroot}`) ?? 'none') : 'other',
      }),
    );
    return { ...input, built };
  });

/** The plan's builds as the records that stand there once all of them succeeded. */
function builtBy(plan: Plan): BuiltChroot[] {
  return plan.builds.flatMap((build, index) =>
    build.chroots.map(({ chroot, inputDigest: digest }) => {
      const { owner, project, package: name } = build;
      return {
        owner,
        project,
        package: name,
        chroot,
        inputDigest: digest,
        state: 'succeeded' as const,
        reason: null,
        id: 1000 + index,
      };
    }),
  );
}

describe('planBuilds', () => {
  test('builds wait only for builds before them, and for every planned need of the same chroot', () => {
    fc.assert(
      fc.property(inputArbitrary, (input) => {
        const { builds } = planBuilds(input);
        const packages = new Map(input.config.projects[0]?.packages.map((each) => [each.name, each]));
        builds.forEach((build, index) => {
          for (const before of build.after) expect(before).toBeLessThan(index);
          for (const need of packages.get(build.package)?.needs ?? []) {
            const other = builds.findIndex((each) => each.package === need);
            const shared = builds[other]?.chroots.some(({ chroot }) =>
              build.chroots.some((own) => own.chroot === chroot),
            );
            if (shared) expect(build.after).toContain(other);
          }
        });
      }),
    );
  });

  test('every chroot of every package is either planned or skipped with a reason, never both', () => {
    fc.assert(
      fc.property(inputArbitrary, (input) => {
        const plan = planBuilds(input);
        const planned = plan.builds.flatMap((each) => each.chroots.map(({ chroot }) => `${each.package} ${chroot}`));
        const skipped = plan.skipped.map((each) => `${each.package} ${each.chroot}`);
        const wanted = input.config.projects.flatMap((project) =>
          project.packages.flatMap((each) => each.chroots.map((chroot) => `${each.name} ${chroot}`)),
        );
        expect([...planned, ...skipped].sort()).toEqual(wanted.sort());
        for (const { why } of plan.skipped) expect(why).not.toBe('');
      }),
    );
  });

  test('nothing is planned whose last build had the same inputs and succeeded, failed or still runs, unless forced', () => {
    fc.assert(
      fc.property(inputArbitrary, (input) => {
        for (const build of planBuilds(input).builds) {
          for (const { chroot, inputDigest: digest, cause } of build.chroots) {
            const last = input.built
              .filter(({ state, reason }) => state !== 'failed' || reason !== 'infrastructure')
              .findLast((each) => each.package === build.package && each.chroot === chroot);
            const again =
              last === undefined || last.inputDigest !== digest || ['canceled', 'skipped'].includes(last.state);
            expect(again || (input.force && cause === 'forced')).toBe(true);
          }
        }
      }),
    );
  });

  test('once everything planned has been built, the plan is empty', () => {
    fc.assert(
      fc.property(inputArbitrary, (input) => {
        const plan = planBuilds(input);
        expect(planBuilds({ ...input, force: false, built: [...input.built, ...builtBy(plan)] }).builds).toEqual([]);
      }),
    );
  });

  test('the order in which packages and builds are given changes nothing', () => {
    fc.assert(
      fc.property(inputArbitrary, (input) => {
        const projects = input.config.projects.map((each) => ({ ...each, packages: each.packages.toReversed() }));
        const turned = { ...input, config: { ...input.config, projects }, built: input.built.toReversed() };
        expect(planBuilds(turned)).toEqual(planBuilds(input));
      }),
    );
  });

  test('packages come after those that provide what their specs require, but for the circles that the plan names', () => {
    fc.assert(
      fc.property(inputArbitrary, (input) => {
        const everything = planBuilds({ ...input, built: [] });
        const place = new Map(everything.builds.map((build, index) => [build.package, index]));
        const circular = new Set(everything.cycles.flatMap(({ packages }) => packages));
        for (const [key, { buildRequires }] of input.specRequires ?? []) {
          const name = key.split('/')[2] ?? '';
          const own = place.get(name);
          for (const other of packageNames) {
            const provided = [other, ...(input.specRequires?.get(`acme/tools/${other}`)?.provides ?? [])];
            const before = place.get(other);
            if (own === undefined || before === undefined || own === before) continue;
            if (!buildRequires.some((one) => provided.includes(one)) || (circular.has(name) && circular.has(other)))
              continue;
            expect(before).toBeLessThan(own);
          }
        }
      }),
    );
  });

  test('what packages need goes before what their specs require, and a cut circle is one', () => {
    fc.assert(
      fc.property(inputArbitrary, (input) => {
        const { builds, cycles } = planBuilds({ ...input, built: [] });
        const order = builds.map((build) => build.package);
        for (const { name, needs } of input.config.projects[0]?.packages ?? []) {
          for (const need of needs) expect(order.indexOf(need)).toBeLessThan(order.indexOf(name));
        }
        for (const { packages } of cycles) expect(packages.length).toBeGreaterThan(1);
      }),
    );
  });

  test('labels of builders reach the plan, and builds nothing again when they change', () => {
    const planWith = (labels: string, built: readonly BuiltChroot[] = []) => {
      const project = `maintainers: [a]\nchroots: [sapling-12-x86_64]\npackages: { a: { source: { type: dir }${labels} } }\n`;
      const config = configOf({ 'coppice.yaml': 'admins: [a]\nchroots: [sapling-12-x86_64]\n', project });
      const pinned = new Map([['acme/tools/a', source('a')]]);
      const none = { unpinned: new Map(), chrootConfigDigests: new Map(), force: false };
      return planBuilds({ config, pinned, ...none, built, selection: { packages: [], chroots: [] } });
    };
    const plain = planWith('');
    const labelled = planWith(', builderLabels: [big]');
    expect([plain, labelled].map(({ builds }) => builds[0]?.builderLabels)).toEqual([[], ['big']]);
    expect(planWith(', builderLabels: [big]', builtBy(plain)).builds).toEqual([]);
  });

  test('a package that is rebuilt with its needs is planned exactly when one of them, direct or not, changed', () => {
    const policy = 'admins: [a]\nchroots: [sapling-12-x86_64]\n';
    const project = `maintainers: [a]
chroots: [sapling-12-x86_64]
packages:
  base: { source: { type: dir } }
  lib: { source: { type: dir }, needs: [base] }
  app: { source: { type: dir }, needs: [lib], rebuildOnNeeds: true }
  other: { source: { type: dir }, needs: [lib] }
`;
    const config = configOf({ 'coppice.yaml': policy, project });
    const inputOf = (trees: Record<string, string>): PlanInput => ({
      config,
      pinned: new Map(
        Object.entries(trees).map(([name, tree]) => [`acme/tools/${name}`, { ...source(name), tree } as PinnedSource]),
      ),
      unpinned: new Map(),
      chrootConfigDigests: new Map(),
      built: [],
      selection: { packages: [], chroots: [] },
      force: false,
    });
    const trees = { base: '1', lib: '1', app: '1', other: '1' };
    const built = builtBy(planBuilds(inputOf(trees)));
    const planned = (changed: Record<string, string>) =>
      planBuilds({ ...inputOf({ ...trees, ...changed }), built }).builds.map((build) => build.package);
    expect(planned({})).toEqual([]);
    expect(planned({ base: '2' })).toEqual(['base', 'app']);
    expect(planned({ other: '2' })).toEqual(['other']);
    // Only what is asked for is pinned: an unchanged need keeps what it was built with.
    const { base: _base, lib: _lib, ...asked } = trees;
    expect(planBuilds({ ...inputOf(asked), built }).builds).toEqual([]);
  });
});
