// Config repos as tests need them: parsed from texts, or as plain values that differ only in what matters there.
import { type ConfigTree, isConfigYaml, parseConfigRepo } from '../src/parse/parse-config-repo.ts';
import type { PlanInput } from '../src/plan/plan.ts';
import { planBuilds } from '../src/plan/plan-builds.ts';
import type { ChrootName } from '../src/words/chroot.ts';
import { formatProblem } from '../src/words/problem.ts';
import type { ConfigRepo, Package, Project } from '../src/words/project.ts';
import type { PinnedSource, Source } from '../src/words/source.ts';

/** Where the project stands of which most tests speak. */
export const projectPath = 'projects/acme/tools.yaml';
/** The first two lines of its text. */
export const projectHead = 'maintainers: [octocat]\nchroots: [sapling-12-x86_64]\n';
/** A `coppice.yaml` without problems. */
export const policyText = 'admins: [maintainer]\nchroots: [sapling-12-x86_64, fedora-42-x86_64]\n';
/** A package's source without problems, as it stands in a mapping. */
export const gitSource = 'source: { type: git, url: https://a.example/a.git, ref: main }';

/** Files by path; `others` are there too, and nobody reads them. */
export function treeOf(texts: Record<string, string>, others: readonly string[] = []): ConfigTree {
  const paths = new Set([...Object.keys(texts), ...others]);
  return { texts: new Map(Object.entries(texts).filter(([name]) => isConfigYaml(name))), oversize: new Map(), paths };
}

/** What the files say. Throws when there is a problem in them. */
export function configOf(texts: Record<string, string>, others: readonly string[] = []): ConfigRepo {
  const parsed = parseConfigRepo(treeOf(texts, others));
  if (!parsed.ok) throw new Error(parsed.problems.map(formatProblem).join('\n'));
  return parsed.value;
}

/** The problems, a line each; none when all is right. */
export function problemsOf(tree: ConfigTree): string[] {
  const parsed = parseConfigRepo(tree);
  return parsed.ok ? [] : parsed.problems.map(formatProblem);
}

/** The problems of one project file, without its path; the policy says what is allowed. */
export function projectProblems(text: string, others: readonly string[] = [], policy = policyText): string[] {
  const tree = treeOf({ 'coppice.yaml': policy, [projectPath]: text }, others);
  return problemsOf(tree).map((line) => line.replace(`${projectPath}:`, ''));
}

/** The project `acme/tools` that states no more than it must and has no packages; `changes` says what matters. */
export function projectForTests(changes: Partial<Project> = {}): Project {
  return {
    owner: 'acme',
    name: 'tools',
    description: '',
    instructions: '',
    homepage: null,
    contact: null,
    chroots: ['sapling-12-x86_64' as ChrootName],
    maintainers: ['octocat'],
    builders: [],
    repos: [],
    runtimeRepos: [],
    repoOptions: { priority: null, cost: null, moduleHotfixes: false, multilib: false },
    network: false,
    background: false,
    builderLabels: [],
    retention: {},
    metadata: { comps: null, appstream: null },
    keyKind: 'rsa4096',
    frozen: null,
    deleteAfter: null,
    publish: 'each',
    pinned: false,
    forkedFrom: null,
    renamedFrom: null,
    packages: [],
    path: projectPath,
    ...changes,
  };
}

/** A package whose sources stand in the config repo; `changes` says what matters. */
export function packageForTests(name: string, changes: Partial<Package> = {}): Package {
  return {
    name,
    source: { type: 'dir' },
    needs: [],
    timeoutSeconds: 3600,
    memoryBytes: null,
    background: false,
    builderLabels: [],
    rebuildOnNeeds: false,
    allowsDowngrade: false,
    chroots: ['sapling-12-x86_64' as ChrootName],
    buildroots: new Map(),
    ...changes,
  };
}

/** A source of a package of `acme/tools` as the service would pin it, with made up commits. */
export function pinForTests(name: string, source: Source = { type: 'dir' }): PinnedSource {
  if (source.type === 'dir') {
    return { ...source, commit: 'c0ffee', path: `packages/acme/tools/${name}`, tree: `tree-of-${name}` };
  }
  if (source.type === 'git') return { ...source, commit: `commit-of-${name}` };
  if (source.type === 'srpm') return source;
  throw new Error(`no test pins a source of type ${source.type}`);
}

/** `package chroot` → the digest that each would be built with now, once all before it were. */
export function digestsOf(input: PlanInput): ReadonlyMap<string, string> {
  const { builds } = planBuilds({ ...input, built: [], selection: { packages: [], chroots: [] } });
  return new Map(
    builds.flatMap((each) => each.chroots.map((one) => [`${each.package} ${one.chroot}`, one.inputDigest])),
  );
}
