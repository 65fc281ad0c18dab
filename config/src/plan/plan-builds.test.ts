import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  configOf,
  digestsOf,
  packageForTests,
  pinForTests,
  policyText,
  projectForTests,
  projectPath,
} from '../../testing/config-for-tests.ts';
import type { BuildState, FailureReason } from '../words/build.ts';
import { chrootOf } from '../words/chroot.ts';
import type { PinnedSource } from '../words/source.ts';
import type { BuiltChroot, Plan, PlanInput } from './plan.ts';
import { planBuilds } from './plan-builds.ts';

const { policy } = configOf({ 'coppice.yaml': policyText });
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
    const packages = given.packages.map(({ name, ...each }) => packageForTests(name, each));
    const input: PlanInput = {
      config: { policy, projects: [projectForTests({ chroots, packages })] },
      pinned: new Map(packages.map(({ name }) => [`acme/tools/${name}`, pinForTests(name)])),
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
      const config = configOf({ 'coppice.yaml': policyText, [projectPath]: project }, ['packages/acme/tools/a/a.spec']);
      const pinned = new Map([['acme/tools/a', pinForTests('a')]]);
      const none = { unpinned: new Map(), chrootConfigDigests: new Map(), force: false };
      return planBuilds({ config, pinned, ...none, built, selection: { packages: [], chroots: [] } });
    };
    const plain = planWith('');
    const labelled = planWith(', builderLabels: [big]');
    expect([plain, labelled].map(({ builds }) => builds[0]?.builderLabels)).toEqual([[], ['big']]);
    expect(planWith(', builderLabels: [big]', builtBy(plain)).builds).toEqual([]);
  });

  test('a package that is rebuilt with its needs is planned exactly when one of them, direct or not, changed', () => {
    const project = `maintainers: [a]
chroots: [sapling-12-x86_64]
packages:
  base: { source: { type: dir } }
  lib: { source: { type: dir }, needs: [base] }
  app: { source: { type: dir }, needs: [lib], rebuildOnNeeds: true }
  other: { source: { type: dir }, needs: [lib] }
`;
    const specs = ['base', 'lib', 'app', 'other'].map((name) => `packages/acme/tools/${name}/${name}.spec`);
    const config = configOf({ 'coppice.yaml': policyText, [projectPath]: project }, specs);
    const inputOf = (trees: Record<string, string>): PlanInput => ({
      config,
      pinned: new Map(
        Object.entries(trees).map(([name, tree]) => [
          `acme/tools/${name}`,
          { ...pinForTests(name), tree } as PinnedSource,
        ]),
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

test('the command that builds a package again names its project where another has a package of that name', () => {
  const plan = (others: readonly string[]) => {
    const packages = [packageForTests('zero', { chroots: chroots.slice(0, 1) })];
    const games = projectForTests({ name: 'games', packages: others.map((name) => packageForTests(name)) });
    const input: PlanInput = {
      config: { policy, projects: [projectForTests({ chroots, packages }), games] },
      pinned: new Map([['acme/tools/zero', pinForTests('zero')]]),
      ...{ unpinned: new Map(), chrootConfigDigests: new Map(), built: [] },
      ...{ selection: { project: 'acme/tools', packages: [], chroots: [] }, force: false },
    };
    const [planned] = planBuilds(input).builds.flatMap((build) => build.chroots);
    const place = { id: 3, owner: 'acme', project: 'tools', package: 'zero', chroot: chroots[0] };
    const failed = { ...place, inputDigest: planned?.inputDigest, state: 'failed', reason: 'compile' } as BuiltChroot;
    return planBuilds({ ...input, built: [failed] }).skipped.map(({ why }) => why);
  };
  expect(plan(['one'])).toEqual([expect.stringContaining('`/build zero` builds it again')]);
  expect(plan(['zero'])).toEqual([expect.stringContaining('`/build acme/tools/zero` builds it again')]);
});
