// Judges a head of a pull request, or what a merge queue would merge, from what it holds. Anybody may open one, so this
// runs in a thread that can be ended (judge-head-thread.ts), and refuses what is more than anybody reviews.
import {
  countProblems,
  createConfigParser,
  isConfigYaml,
  type Policy,
  type Problem,
  projectKey,
} from '@coppice/config';
import { type ConfigAtCommit, configAt } from '../config-repo/config-in-force.ts';
import { type ConfigFiles, openConfigReader } from '../config-repo/mirror.ts';
import { teamsIn } from '../people/effective-config.ts';
import { statedVersions } from '../planning/lower-versions.ts';
import { makePlan, requestsOf } from '../planning/plan-requests.ts';
import { compareProjects, fatesOf } from '../planning/project-fates.ts';
import { sourceAnnotations } from '../reply/source-annotations.ts';
import type { Fate } from '../vocabulary/fate.ts';
import { countingLeaving } from '../vocabulary/leaving.ts';
import { type Changes, changedPackages, judgeChanges, sortChanges, underPolicy } from './changes.ts';
import {
  type HeadBackground,
  type HeadFacts,
  type HeadPlace,
  type HeadPlan,
  type HeadWish,
  Unjudgeable,
} from './head-facts.ts';

/** YAML files that differ, and their bytes together: some hundred times what most pull requests have. */
const maximumYamlFiles = 2000;
const maximumYamlBytes = 4 * 1024 * 1024;
const maximumProjects = 2000;
const maximumTeams = 20;
/** Chroots that are built or skipped, each counted; of a whole config what is skipped is what stays as it is. */
const maximumPlanned = 20_000;
/** Of all files together; more are counted. */
const maximumProblems = 300;

export interface HeadReader {
  /** Throws Unjudgeable and GitError. */
  examine(place: HeadPlace, background: HeadBackground): Promise<HeadFacts>;
  /** Plans a head whose facts have `packages`. Throws Unjudgeable and GitError. */
  plan(place: HeadPlace, wish: HeadWish): Promise<HeadPlan>;
}

/** What a head and the commits that it is held against state. */
interface Reading extends Pick<HeadFacts, 'changes' | 'problems' | 'blocked'> {
  /** What is in force, as it is written; undefined when nothing is. */
  readonly base?: ConfigAtCommit;
  /** What the head states; undefined when it has problems. */
  readonly after?: ConfigAtCommit | undefined;
  /** The config that both sides come from, under the policy in force; undefined when it has problems. */
  readonly before?: ConfigAtCommit | undefined;
  /** What the head states, under the policy that counts for it; undefined when nothing can be built of it. */
  readonly at?: ConfigAtCommit | undefined;
  /** The policy that counts once it is merged; undefined where nothing is in force. */
  readonly policy?: Policy | undefined;
  readonly texts?: ReadonlyMap<string, string>;
}

/** `folder` is that of the mirror. */
export function createHeadReader(folder: string): HeadReader {
  const reader = openConfigReader(folder);
  const parse = createConfigParser();
  let last: { readonly key: string; readonly reading: Reading } | undefined;

  /** Undefined when the policy does not allow what the commit states. */
  const configUnder = (policy: string, commit: string, files: ConfigFiles): ConfigAtCommit | undefined => {
    const parsed = parse(underPolicy(files.tree, policy));
    return parsed.ok ? configAt(commit, files, parsed.value) : undefined;
  };
  const readInForce = async (commit: string): Promise<{ readonly base: ConfigAtCommit; readonly policy: string }> => {
    const files = await reader.read(commit);
    const parsed = parse(files.tree);
    if (!parsed.ok) throw new Error(`the config in force, ${commit}, has problems`);
    return { base: configAt(commit, files, parsed.value), policy: files.tree.texts.get('coppice.yaml') ?? '' };
  };
  const readAnew = async ({ head, tip, inForce, merged }: HeadPlace): Promise<Reading> => {
    const { from, paths } = await reader.changes(tip, head);
    const changes = boundChanges(sortChanges(paths));
    const nothing = { changes, problems: [], blocked: [] };
    if (!changes.ours) return nothing;
    const files = await reader.read(head);
    boundFiles(paths, files);
    const stated = parse(files.tree);
    const problems = stated.ok ? [] : boundAll(stated.problems);
    const own = stated.ok ? configAt(head, files, stated.value) : undefined;
    const { texts } = files.tree;
    if (inForce === undefined) return { ...nothing, problems, texts, at: merged && own };
    const { base, policy } = await readInForce(inForce);
    const allowed = changes.policy && merged !== true ? parse(underPolicy(files.tree, policy)) : stated;
    const value = allowed.ok ? allowed.value : stated.ok ? stated.value : undefined;
    const at = merged === true || own === undefined ? own : configUnder(policy, head, files);
    return {
      ...{ changes, problems, base, at, texts },
      policy: changes.policy && own !== undefined ? own.config.policy : base.config.policy,
      blocked: problems.length === 0 && !allowed.ok ? boundAll(allowed.problems) : [],
      after: value && configAt(head, files, value),
      before: at && configUnder(policy, from, await reader.read(from)),
    };
  };
  const read = async (place: HeadPlace): Promise<Reading> => {
    const key = JSON.stringify(place);
    if (last?.key !== key) last = { key, reading: await readAnew(place) };
    return last.reading;
  };
  return {
    examine: async (place, background) => factsOf(await read(place), background),
    async plan(place, wish) {
      const { at, texts = new Map() } = await read(place);
      if (at === undefined) throw new Error(`nothing can be built of ${place.head}`);
      return await planHead(at, texts, wish);
    },
  };
}

const noDemands = { touched: [], adminReasons: [], notes: [] };

function factsOf(
  { changes, problems, blocked, base, after, before, at, policy }: Reading,
  background: HeadBackground,
): HeadFacts {
  const said = { changes, problems, blocked };
  if (base === undefined) return { ...said, demands: noDemands, teams: [], fates: [], packages: undefined };
  const { leaving } = background;
  const inForce = countingLeaving({ config: base.config, leaving });
  const demands = judgeChanges(changes, inForce, after?.config, before?.config);
  return {
    ...{ ...said, demands },
    teams: after === undefined ? [] : newTeams(base, after),
    fates: after === undefined ? [] : fatesOfMerge(changes, { base, before, after, policy }, background),
    packages: at && packagesOf(demands.touched, before, at),
  };
}

/** A few of many: each is asked for. */
function newTeams(base: ConfigAtCommit, after: ConfigAtCommit): readonly string[] {
  const known = new Set(teamsIn(base.config));
  return teamsIn(after.config)
    .filter((team) => !known.has(team))
    .slice(0, maximumTeams);
}

/**
 * Of the projects whose files it changes, against the commit that both sides come from: what came to the default branch
 * since, and is not on its own yet, is none of its doing and stays in a merge.
 */
function fatesOfMerge(
  { projects, policy: isOfPolicy }: Changes,
  {
    base,
    before,
    after,
    policy = after.config.policy,
  }: Required<Pick<Reading, 'before' | 'policy'>> & { base: ConfigAtCommit; after: ConfigAtCommit },
  { leaving, departed = [], builds, deleteAt, now }: HeadBackground,
): readonly Fate[] {
  const own = new Set(projects);
  const common = { ...(before ?? base), leaving, departed };
  const there = new Set(countingLeaving({ config: base.config, leaving }).projects.map(projectKey));
  const merged = { ...after, config: { ...after.config, policy } };
  const fates = fatesOf(compareProjects(common, merged, builds), {
    ...{ deleteAt: () => deleteAt, leaving, builds, now: new Date(now) },
  });
  const gone = new Set(leaving.map(({ project }) => project));
  return fates.filter((fate) => {
    switch (fate.kind) {
      case 'renames':
      case 'apart':
        return own.has(fate.to) && (own.has(fate.from) || gone.has(fate.from));
      case 'unfounded':
        return own.has(fate.to);
      case 'policy':
        return isOfPolicy;
      case 'retimes':
        return isOfPolicy || own.has(fate.project);
      case 'deletes':
        return own.has(fate.project) && !fate.before && there.has(fate.project);
      default:
        return own.has(fate.project);
    }
  });
}

async function planHead(
  at: ConfigAtCommit,
  texts: ReadonlyMap<string, string>,
  { selections, force, leavesUnbuilt = false, lookUp, rules, built, expectedSeconds, asker }: HeadWish,
): Promise<HeadPlan> {
  const plan = await makePlan({
    ...{ at, selections, force, leavesUnbuilt, lookUp, rules },
    built: async (owner, project) => built.get(`${owner}/${project}`) ?? [],
    queued: () => [],
    expectedSeconds: (owner, project, name, chroot) =>
      expectedSeconds.get(`${owner}/${project}/${name}/${chroot}`) ?? null,
  });
  const left = selections.length === 0 ? 0 : plan.skipped.length;
  const planned = plan.builds.reduce((sum, { chroots }) => sum + chroots.length, left);
  if (planned > maximumPlanned) {
    throw new Unjudgeable(
      `It comes to ${planned} builds of one package in one chroot; ${maximumPlanned} are planned of a pull request at most. Change fewer packages or chroots at once.`,
    );
  }
  return {
    ...{ plan, requests: requestsOf(plan, at, asker) },
    annotations: sourceAnnotations(plan.unpinned, texts),
    versions: statedVersions(plan, at, texts),
  };
}

function packagesOf(touched: readonly string[], before: ConfigAtCommit | undefined, at: ConfigAtCommit) {
  const projects = new Map(at.config.projects.map((project) => [`${project.owner}/${project.name}`, project]));
  return new Map(
    touched.flatMap((key) => {
      const project = projects.get(key);
      if (project === undefined) return [];
      const all = project.packages.map(({ name }) => name);
      return [[key, { all, changed: changedPackages(key, before, at) }] as const];
    }),
  );
}

/** Throws Unjudgeable. */
function boundChanges(changes: Changes): Changes {
  const { length } = changes.projects;
  if (length > maximumProjects) {
    throw new Unjudgeable(
      `It touches ${length} projects; ${maximumProjects} are judged of a pull request at most. Split it.`,
    );
  }
  return { ...changes, chroots: changes.chroots.slice(0, maximumProjects) };
}

/** Throws Unjudgeable. */
function boundFiles(paths: readonly string[], { tree }: ConfigFiles): void {
  const texts = paths.filter(isConfigYaml).map((path) => tree.texts.get(path) ?? '');
  const bytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  if (texts.length <= maximumYamlFiles && bytes <= maximumYamlBytes) return;
  const size = `${(bytes / 2 ** 20).toFixed(1)} MiB`;
  throw new Unjudgeable(
    `It changes ${texts.length} project files with ${size} in all; ${maximumYamlFiles} files with ${maximumYamlBytes / 2 ** 20} MiB are read of a pull request at most. Split it.`,
  );
}

/** The first ones, the rest as one that counts them. */
function boundAll(problems: readonly Problem[]): readonly Problem[] {
  const shown = problems.slice(0, maximumProblems);
  const more = countProblems(problems.slice(maximumProblems));
  const last = shown.at(-1);
  if (more === 0 || last === undefined) return shown;
  const message = `${more} more problems, of this and other files, are not listed`;
  return [...shown, { ...last, message, hint: 'correct the ones above first', more }];
}
