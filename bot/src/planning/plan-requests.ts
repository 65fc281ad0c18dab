// A request and a config → the plan, and the plan → requests for the queue.
import type { FetchRules } from '@coppice/builder-runner/remote';
import {
  type BuildId,
  type BuildRequest,
  type BuiltChroot,
  type MergedSandbox,
  type Plan,
  type PlanInput,
  type PlannedBuild,
  type PlanSelection,
  type Policy,
  type Project,
  planBuilds,
  projectKey,
  promoteBuilds,
  type SkippedBuild,
} from '@coppice/config';
import type { ConfigAtCommit } from '../config-repo/config-in-force.ts';
import type { ConfigRepoMirror } from '../config-repo/mirror.ts';
import { sourceAnnotations } from '../reply/source-annotations.ts';
import type { CheckAnnotation } from '../vocabulary/answer.ts';
import { lookedUpLater, pinSources } from './pin-sources.ts';

/** A plan, and of what it skips that whose source was looked up and could not be pinned. */
export interface PinnedPlan extends Plan {
  readonly unpinned: readonly SkippedBuild[];
}

interface PlanRequest {
  readonly at: ConfigAtCommit;
  /** One a project; an empty list means all of all projects. */
  readonly selections: readonly PlanSelection[];
  readonly force: boolean;
  /** See PlanInput. */
  readonly leavesUnbuilt?: boolean;
  readonly rules: FetchRules;
  readonly built: (owner: string, project: string) => Promise<readonly BuiltChroot[]>;
  /** The live builds. */
  readonly queued: () => readonly BuiltChroot[];
  /** Ask other servers what branches and tags are now. Default: true. */
  readonly lookUp?: boolean;
  /** How long builds took lately; called after `built`. */
  readonly expectedSeconds?: PlanInput['expectedSeconds'];
  /** The sandboxes of merged pull requests that may hold what is planned for a project. Default: none. */
  readonly sandboxes?: FindSandboxes;
}

export type FindSandboxes = (project: Project, plan: Plan) => Promise<readonly MergedSandbox[]>;

/** Pins the sources of what is selected and plans it. */
export async function makePlan(request: PlanRequest): Promise<PinnedPlan> {
  const { at, force } = request;
  const { projects } = at.config;
  const selections =
    request.selections.length > 0
      ? request.selections
      : projects.map((project): PlanSelection => ({ project: projectKey(project), packages: [], chroots: [] }));
  const plans: Plan[] = [];
  const faults: SkippedBuild[] = [];
  for (const selection of selections) {
    const project = projects.find((one) => projectKey(one) === selection.project);
    if (project === undefined) continue;
    const { pinned, unpinned } = await pinSources(project, selection.packages, {
      commit: at.commit,
      packageTrees: at.packageTrees,
      rules: request.rules,
      lookUp: request.lookUp ?? true,
    });
    // The queue is read before the records: a build that ends in between is seen twice rather than never.
    const queued = request.queued();
    const built = [...(await request.built(project.owner, project.name)), ...queued];
    const { config, chrootConfigDigests, specs = new Map() } = at;
    const known = { config, specRequires: specs, pinned, unpinned, chrootConfigDigests, built, selection, force };
    const { expectedSeconds, leavesUnbuilt = false } = request;
    const plan = planBuilds({ ...known, leavesUnbuilt, ...(expectedSeconds === undefined ? {} : { expectedSeconds }) });
    const sandboxes = plan.builds.length === 0 ? [] : ((await request.sandboxes?.(project, plan)) ?? []);
    plans.push(promoteBuilds(plan, sandboxes, known));
    for (const one of plan.skipped) if (one.why === faultOf(one, unpinned)) faults.push(one);
  }
  return { ...joinPlans(plans), unpinned: faults };
}

/** What is wrong with the source of a package that is skipped, if anything is. Pure. */
function faultOf(skipped: SkippedBuild, unpinned: ReadonlyMap<string, string>): string | undefined {
  const key = `${skipped.owner}/${skipped.project}/${skipped.package}`;
  const why = unpinned.get(skipped.chroot === null ? key : `${key}/${skipped.chroot}`);
  return why === lookedUpLater ? undefined : why;
}

/** Plans of different projects one after the other. Pure. */
function joinPlans(plans: readonly Plan[]): Plan {
  const builds: PlannedBuild[] = [];
  for (const plan of plans) {
    const offset = builds.length;
    for (const one of plan.builds) builds.push({ ...one, after: one.after.map((index) => index + offset) });
  }
  const known = plans.map(({ expectedSeconds }) => expectedSeconds).filter((seconds) => seconds !== null);
  return {
    builds,
    skipped: plans.flatMap(({ skipped }) => skipped),
    unknown: plans.flatMap(({ unknown }) => unknown),
    cycles: plans.flatMap(({ cycles }) => cycles),
    // Builds of different projects never wait for each other.
    expectedSeconds: known.length === 0 ? null : Math.max(...known),
  };
}

export interface Asker {
  readonly login: string;
  /** Address of the comment or commit that asked. */
  readonly request: string;
  /** The same for all builds of one request, and the same again when the request is worked off a second time. */
  readonly batch: string;
}

/** The plan as the queue takes it. Pure. */
export function requestsOf(plan: Plan, at: ConfigAtCommit, asker: Asker): readonly BuildRequest[] {
  return plan.builds.map((build) => ({
    owner: build.owner,
    project: build.project,
    package: build.package,
    source: build.source,
    chroots: build.chroots.map(({ chroot, inputDigest, buildroot }) => ({ chroot, inputDigest, buildroot })),
    after: build.after,
    afterBuilds: build.afterBuilds as readonly BuildId[],
    timeoutSeconds: build.timeoutSeconds,
    memoryBytes: build.memoryBytes,
    background: build.background,
    builderLabels: build.builderLabels,
    ...limitsOf(at.config.policy),
    repos: at.config.projects.find((one) => one.owner === build.owner && one.name === build.project)?.repos ?? [],
    requestedBy: asker.login,
    request: asker.request,
    configCommit: at.commit,
    batch: asker.batch,
    ...(build.promotes === undefined ? {} : { promotes: build.promotes }),
  }));
}

function limitsOf({ limits }: Policy): Pick<BuildRequest, 'diskBytes' | 'sourceBytes'> {
  return { diskBytes: limits.diskBytes, sourceBytes: limits.sourceBytes };
}

/** Annotations on the lines of the sources that a plan of `commit` could not pin. Throws GitError. */
export async function annotateSources(
  { unpinned }: Pick<PinnedPlan, 'unpinned'>,
  commit: string,
  mirror: Pick<ConfigRepoMirror, 'read'>,
): Promise<readonly CheckAnnotation[]> {
  return unpinned.length === 0 ? [] : sourceAnnotations(unpinned, (await mirror.read(commit)).tree.texts);
}
