import { describe, expect, test } from 'vitest';
import { configOf, projectPath } from '../../testing/config-for-tests.ts';
import type { ChrootName } from '../words/chroot.ts';
import type { PinnedSource } from '../words/source.ts';
import type { BuiltChroot, PlanInput } from './plan.ts';
import { planBuilds } from './plan-builds.ts';

const [f42, f41, epel] = ['fedora-42-x86_64', 'fedora-41-x86_64', 'epel-9-x86_64'] as ChrootName[] as [
  ChrootName,
  ChrootName,
  ChrootName,
];
const config = configOf({
  'coppice.yaml': `admins: [root]\nchroots: [${f42}, ${f41}, ${epel}]\n`,
  [projectPath]: `maintainers: [a]
chroots: [${f42}, ${f41}, ${epel}]
packages:
  lib: { source: { type: distgit, instance: fedora } }
  app: { source: { type: rubygems, gem: app }, needs: [lib] }
`,
});

const at = (branch: string, commit: string): PinnedSource => ({
  ...{ type: 'distgit', url: 'https://a.example/lib.git', package: 'lib' },
  ...{ branch, commit },
});
const gem: PinnedSource = { type: 'rubygems', gem: 'app', version: '1', url: 'https://a.example/', sha256: 'a' };

function plan(branches: Iterable<readonly [ChrootName, PinnedSource]>, more: Partial<PlanInput> = {}) {
  return planBuilds({
    config,
    pinned: new Map<string, PinnedSource | ReadonlyMap<ChrootName, PinnedSource>>([
      ['acme/tools/lib', new Map(branches)],
      ['acme/tools/app', gem],
    ]),
    unpinned: new Map(),
    chrootConfigDigests: new Map(),
    built: [],
    selection: { packages: [], chroots: [] },
    force: false,
    ...more,
  });
}
const inShort = ({ builds }: ReturnType<typeof plan>) =>
  builds.map(({ package: name, source, chroots, after }) => ({
    name,
    commit: 'commit' in source ? source.commit : null,
    chroots: chroots.map(({ chroot }) => chroot),
    after,
  }));

describe('a package with a source for each chroot', () => {
  test('has one build for each source; what needs it waits for those of its own chroots', () => {
    const branches = [
      [f42, at('f42', 'c1')] as const,
      [f41, at('f41', 'c2')] as const,
      [epel, at('epel9', 'c1')] as const,
    ];
    expect(inShort(plan(branches))).toEqual([
      // Two branches at one commit are one source.
      { name: 'lib', commit: 'c1', chroots: [f42, epel], after: [] },
      { name: 'lib', commit: 'c2', chroots: [f41], after: [] },
      { name: 'app', commit: null, chroots: [f42, f41, epel], after: [0, 1] },
    ]);
    const one = plan(branches, { selection: { packages: [], chroots: [f41] } });
    expect(inShort(one).map(({ after }) => after)).toEqual([[], [0]]);
  });

  test('is built again where its branch moved, and nowhere else', () => {
    const before = plan([
      [f42, at('f42', 'c1')],
      [f41, at('f41', 'c2')],
      [epel, at('epel9', 'c3')],
    ]);
    const built = before.builds.flatMap((build, index) =>
      build.chroots.map(({ chroot, inputDigest }): BuiltChroot => {
        const { owner, project, package: name } = build;
        return { owner, project, package: name, chroot, inputDigest, state: 'succeeded', reason: null, id: index + 1 };
      }),
    );
    const after = plan(
      [
        [f42, at('main', 'c1')],
        [f41, at('f41', 'c4')],
        [epel, at('epel9', 'c3')],
      ],
      { built },
    );
    expect(inShort(after)).toEqual([{ name: 'lib', commit: 'c4', chroots: [f41], after: [] }]);
  });

  test('is skipped for a chroot whose branch could not be looked up, with the reason', () => {
    const { builds, skipped } = plan(
      [
        [f42, at('f42', 'c1')],
        [f41, at('f41', 'c1')],
      ],
      {
        unpinned: new Map([[`acme/tools/lib/${epel}`, 'there is no branch epel9']]),
      },
    );
    expect(builds.map(({ chroots }) => chroots.length)).toEqual([2, 3]);
    expect(skipped).toEqual([
      { owner: 'acme', project: 'tools', package: 'lib', chroot: epel, why: 'there is no branch epel9' },
    ]);
  });
});
