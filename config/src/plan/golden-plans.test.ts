import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { configOf, digestsOf, pinForTests, projectPath } from '../../testing/config-for-tests.ts';
import type { BuildState, FailureReason } from '../words/build.ts';
import { chrootOf } from '../words/chroot.ts';
import type { BuiltChroot, Plan, PlanInput, SpecRequires } from './plan.ts';
import { planBuilds } from './plan-builds.ts';

const testdata = fileURLToPath(new URL('../../testdata', import.meta.url));

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
    canceledBy?: string;
    inputs: 'same' | 'other';
  }[];
  readonly selection?: PlanInput['selection'];
  readonly force?: boolean;
  readonly leavesUnbuilt?: boolean;
  /** What the specs of packages say. */
  readonly specs?: Record<string, SpecRequires>;
  /** How long packages took to build. */
  readonly seconds?: Record<string, number>;
}

function configOfGolden(golden: Golden) {
  const names = Object.keys((parse(golden.project) as { packages: object }).packages);
  const texts = { 'coppice.yaml': golden['coppice.yaml'], [projectPath]: golden.project };
  return configOf(
    texts,
    names.map((name) => `packages/acme/tools/${name}/${name}.spec`),
  );
}

function planOf(golden: Golden): Plan {
  const config = configOfGolden(golden);
  const packages = config.projects.flatMap((project) => project.packages);
  const unpinned = new Map(Object.entries(golden.unpinned ?? {}).map(([name, why]) => [`acme/tools/${name}`, why]));
  const pinned = new Map(
    packages
      .map((each) => [`acme/tools/${each.name}`, pinForTests(each.name, each.source)] as const)
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
    leavesUnbuilt: golden.leavesUnbuilt ?? false,
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
      canceledBy: each.canceledBy ?? null,
      id: each.id,
    };
  });
  return planBuilds({ ...input, built });
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
