import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  configOf,
  digestsOf,
  packageForTests,
  pinForTests,
  policyText,
  projectForTests,
} from '../../testing/config-for-tests.ts';
import type { BuildId } from '../words/build.ts';
import { chrootOf } from '../words/chroot.ts';
import type { BuiltChroot, PlanInput } from './plan.ts';
import { planBuilds } from './plan-builds.ts';
import { type MergedSandbox, promoteBuilds, type SandboxBuild } from './promote-builds.ts';

const { policy } = configOf({ 'coppice.yaml': policyText });
const [sapling, fedora] = ['sapling-12-x86_64', 'fedora-42-x86_64'].map((name) => chrootOf(name).name) as [
  ReturnType<typeof chrootOf>['name'],
  ReturnType<typeof chrootOf>['name'],
];

/** A project of `lib`, `app`, which needs it, and `other`, for both chroots. */
const packages = [
  packageForTests('lib', { chroots: [sapling, fedora] }),
  packageForTests('app', { chroots: [sapling, fedora], needs: ['lib'] }),
  packageForTests('other', { chroots: [sapling, fedora] }),
];
const stated: PlanInput = {
  config: { policy, projects: [projectForTests({ chroots: [sapling, fedora], packages })] },
  pinned: new Map(packages.map(({ name }) => [`acme/tools/${name}`, pinForTests(name)])),
  unpinned: new Map(),
  chrootConfigDigests: new Map(),
  built: [],
  selection: { packages: [], chroots: [] },
  force: false,
};
const digests = digestsOf(stated);
const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString();

/** Build `id` of a sandbox: it began at second `id * 10` and took five, and is of the merged inputs. */
function tested(id: number, name: string, changes: Partial<SandboxBuild> = {}): SandboxBuild {
  const chroot = changes.chroot ?? sapling;
  return {
    ...{ id: id as BuildId, package: name, chroot, inputDigest: digests.get(`${name} ${chroot}`) ?? '' },
    ...{ state: 'succeeded', startedAt: at(id * 10), endedAt: at(id * 10 + 5) },
    ...{ made: [`${name}-1-${id}.noarch`], buildroot: null, ...changes },
  };
}

/** What the project has, since a second. */
function has(id: number, name: string, second: number, changes: Partial<BuiltChroot> = {}): BuiltChroot {
  return {
    ...{ owner: 'acme', project: 'tools', package: name, chroot: sapling, id },
    ...{ inputDigest: digests.get(`${name} ${sapling}`) ?? '', state: 'succeeded', reason: null },
    ...{ endedAt: at(second), ...changes },
  };
}

const sandbox = (builds: readonly SandboxBuild[], trusted = true, name = 'tools:pr:7'): MergedSandbox => ({
  ...{ name, trusted, builds },
});

/** The builds of the plan as lines: `lib sapling ← 1` is promoted, `(0)` waits for the first of the list. */
function planned(sandboxes: readonly MergedSandbox[], built: readonly BuiltChroot[] = []): readonly string[] {
  const input = { ...stated, built };
  const plan = promoteBuilds(planBuilds(input), sandboxes, input);
  return plan.builds.map(({ package: name, chroots, promotes, after }) => {
    const where = chroots.map(({ chroot, cause }) => `${chroot.split('-')[0]}${cause === 'promoted' ? '!' : ''}`);
    const from = promotes === undefined ? '' : ` ← ${promotes.project.split(':')[2]}/${promotes.id}`;
    return `${name} ${where.join('+')}${from}${after.length === 0 ? '' : ` (${after.join()})`}`;
  });
}

const all = ['lib sapling+fedora', 'app sapling+fedora (0)', 'other sapling+fedora'];
const fedoras = [tested(1, 'lib', { chroot: fedora }), tested(2, 'app', { chroot: fedora })];

describe('what a sandbox tested with the inputs that were merged', () => {
  test('is published, in the order in which it was built, and only the rest is built', () => {
    expect(planned([])).toEqual(all);
    expect(planned([sandbox([tested(1, 'lib'), tested(2, 'app'), ...fedoras])])).toEqual([
      'lib sapling!+fedora! ← 7/1',
      'app sapling!+fedora! ← 7/2 (0)',
      'other sapling+fedora',
    ]);
    expect(planned([sandbox([tested(1, 'lib')])])).toEqual([
      'lib sapling! ← 7/1',
      'lib fedora',
      'app sapling+fedora (0,1)',
      'other sapling+fedora',
    ]);
  });

  test('may have been built at the same time, in any order', () => {
    const meanwhile = { startedAt: at(10), endedAt: at(15) };
    expect(planned([sandbox([tested(2, 'other', meanwhile), tested(3, 'lib', meanwhile)])])).toEqual([
      'other sapling! ← 7/2',
      'lib sapling! ← 7/3 (0)',
      'lib fedora',
      'app sapling+fedora (1,2)',
      'other fedora',
    ]);
  });

  test('is built where its inputs are others, or it failed, or a newer one of other inputs hides it', () => {
    expect(planned([sandbox([tested(1, 'lib', { inputDigest: 'x' })])])).toEqual(all);
    expect(planned([sandbox([tested(1, 'lib', { state: 'failed' })])])).toEqual(all);
    expect(planned([sandbox([tested(1, 'lib'), tested(2, 'lib', { inputDigest: 'x' })])])).toEqual(all);
    // Its own older versions are no part of it.
    expect(planned([sandbox([tested(1, 'lib', { inputDigest: 'x' }), tested(2, 'lib')])])[0]).toBe(
      'lib sapling! ← 7/2',
    );
  });
});

describe('a package whose buildroot held more than what is published with it', () => {
  test('is built: another package of the sandbox was of inputs that nobody merged', () => {
    const stray = tested(1, 'stray', { inputDigest: 'x' });
    expect(planned([sandbox([stray, tested(2, 'lib')])])).toEqual(all);
    expect(planned([sandbox([tested(1, 'other', { inputDigest: 'x' }), tested(2, 'lib')])])).toEqual(all);
    // Later, failed or of another chroot, it was in no buildroot of it.
    for (const harmless of [
      tested(3, 'stray', { inputDigest: 'x' }),
      tested(1, 'stray', { inputDigest: 'x', state: 'failed' }),
      tested(1, 'stray', { inputDigest: 'x', chroot: fedora }),
    ]) {
      expect(planned([sandbox([harmless, tested(2, 'lib')])])[0]).toBe('lib sapling! ← 7/2');
    }
  });

  test('is built when what it was built with is built anew', () => {
    // The library came to its merged state after the application was built, and may have been built with that.
    const builds = [tested(1, 'lib', { inputDigest: 'x' }), tested(2, 'app'), tested(3, 'lib')];
    expect(planned([sandbox(builds)])).toEqual(all);
    expect(planned([sandbox([tested(2, 'app'), tested(3, 'lib')])])).toEqual(all);
    expect(planned([sandbox([tested(2, 'app')])])).toEqual(all);
  });

  test('is told by what was installed there, where that is known', () => {
    const installed = (...nevras: string[]) => ({ buildroot: new Set(['gcc-14-1.x86_64', ...nevras]) });
    const old = tested(1, 'lib', { inputDigest: 'x' });
    const app = tested(2, 'app', installed('lib-1-1.noarch'));
    expect(planned([sandbox([old, app, tested(3, 'lib', installed())])])).toEqual([
      'lib sapling! ← 7/3',
      'lib fedora',
      'app sapling+fedora (0,1)',
      'other sapling+fedora',
    ]);
    expect(planned([sandbox([old, tested(2, 'other', installed())])])[0]).toBe('other sapling! ← 7/2');
    // One that is built with an older version of itself.
    expect(planned([sandbox([old, tested(2, 'lib', installed('lib-1-1.noarch'))])])).toEqual(all);
  });

  test('is built when the project has got another of its needs meanwhile, or is getting it', () => {
    const app = [sandbox([tested(2, 'app')])];
    expect(planned(app, [has(1, 'lib', 19)])[0]).toBe('app sapling! ← 7/2');
    expect(planned(app, [has(1, 'lib', 21)])).not.toContain('app sapling! ← 7/2');
    const { endedAt: _none, ...running } = has(1, 'lib', 19, { state: 'running' });
    expect(planned(app, [running])).not.toContain('app sapling! ← 7/2');
    // What it does not need may come and go.
    expect(planned(app, [has(1, 'lib', 19), has(3, 'other', 25)])[0]).toBe('app sapling! ← 7/2');
  });

  test('is built when its need was tested by another pull request', () => {
    const eight = sandbox([tested(1, 'lib')], true, 'tools:pr:8');
    expect(planned([eight, sandbox([tested(2, 'app')])])).toEqual([
      'lib sapling! ← 8/1',
      'lib fedora',
      'app sapling+fedora (0,1)',
      'other sapling+fedora',
    ]);
  });
});

describe('the sandbox of somebody who may not build the project', () => {
  const stranger = (...builds: SandboxBuild[]) => planned([sandbox(builds, false)]);

  test('gives what it has when nothing but what was merged ever ran in it', () => {
    const again = tested(1, 'lib', { state: 'failed' });
    expect(stranger(again, tested(2, 'lib'), tested(3, 'app'))[0]).toBe('lib sapling! ← 7/2');
  });

  test.each(['succeeded', 'failed', 'canceled', 'running'] as const)(
    'gives nothing after a build of other code that %s: its builders may have kept something of it',
    (state) => {
      for (const name of ['lib', 'stray']) {
        for (const chroot of [sapling, fedora]) {
          const other = tested(1, name, { state, chroot, inputDigest: 'x' });
          expect(stranger(other, tested(2, 'lib'))).toEqual(all);
          expect(planned([sandbox([{ ...other, package: 'lib' }, tested(2, 'lib')])])[0]).toBe('lib sapling! ← 7/2');
        }
      }
    },
  );

  test('gives what was done before other code came', () => {
    const later = tested(2, 'stray', { inputDigest: 'x', state: 'failed' });
    expect(stranger(tested(1, 'lib'), later)[0]).toBe('lib sapling! ← 7/1');
  });
});

test('whatever a sandbox holds, each chroot is planned once, after what it needs, with the inputs that are stated', () => {
  const build = fc.record({
    id: fc.integer({ min: 1, max: 30 }).map((id) => id as BuildId),
    package: fc.constantFrom('lib', 'app', 'other', 'stray'),
    chroot: fc.constantFrom(sapling, fedora),
    same: fc.boolean(),
    state: fc.constantFrom('succeeded', 'failed', 'canceled', 'running' as const),
    times: fc.tuple(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 20 })),
  });
  const sandboxes = fc.array(
    fc.record({
      name: fc.constantFrom('tools:pr:7', 'tools:pr:8'),
      trusted: fc.boolean(),
      builds: fc.uniqueArray(build, { selector: (one) => `${one.id}/${one.chroot}`, maxLength: 12 }),
    }),
    { maxLength: 2 },
  );
  fc.assert(
    fc.property(sandboxes, (given) => {
      const made = given.map(({ builds, ...rest }) => ({
        ...rest,
        builds: builds.map(({ same, times: [begin, took], ...one }) =>
          tested(one.id, one.package, {
            ...one,
            ...(same ? {} : { inputDigest: 'x' }),
            ...{ startedAt: at(begin), endedAt: at(begin + took) },
          }),
        ),
      }));
      const before = planBuilds(stated);
      const { builds } = promoteBuilds(before, made, stated);
      const places = (all: typeof builds) =>
        all.flatMap((one) => one.chroots.map((each) => `${one.package} ${each.chroot} ${each.inputDigest}`)).sort();
      expect(places(builds)).toEqual(places(before.builds));
      builds.forEach(({ package: name, after, promotes, chroots }, index) => {
        expect(after.every((other) => other < index)).toBe(true);
        // What is published comes before all that is built.
        if (promotes !== undefined)
          expect(builds.slice(0, index).every((one) => one.promotes !== undefined)).toBe(true);
        if (promotes !== undefined || name !== 'app') return;
        const needed = builds.flatMap((one, at) => {
          const shares = one.chroots.some((each) => chroots.some(({ chroot }) => chroot === each.chroot));
          return one.package === 'lib' && shares ? [at] : [];
        });
        expect(after).toEqual(expect.arrayContaining(needed));
      });
    }),
  );
});
