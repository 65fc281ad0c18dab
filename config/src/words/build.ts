// A build: one package, one number, several chroots. The words that queue, runner, site and bot share.
import { z } from 'zod';
import type { Buildroot } from './buildroot.ts';
import type { ChrootName } from './chroot.ts';
import type { PinnedSource } from './source.ts';

declare const buildId: unique symbol;

/** The number of a build: 1, 2, 3 … over the whole service. */
export type BuildId = number & { readonly [buildId]: true };

/** States of a build and of each of its chroots. The last four are final. */
export const buildStates = ['pending', 'starting', 'running', 'succeeded', 'failed', 'canceled', 'skipped'] as const;
export type BuildState = (typeof buildStates)[number];

/**
 * Why a build failed (or was skipped). Infrastructure is never the package's fault; `unbuildable` always is: the
 * package itself prevents a result that could be used, on any builder.
 */
export const failureReasons = [
  'infrastructure',
  'dependencies',
  'source',
  'prep',
  'compile',
  'check',
  'packaging',
  'unbuildable',
  'timeout',
  'signing',
  'policy',
] as const;
export type FailureReason = (typeof failureReasons)[number];

/** What a build goes through, in this order. */
export const phaseNames = [
  'queued',
  'srpm',
  'spawn',
  'provision',
  'root',
  'build',
  'check',
  'collect',
  'sign',
  'publish',
] as const;
export type PhaseName = (typeof phaseNames)[number];

/** One finished phase. `startedAt` is ISO 8601 UTC, `seconds` its duration. */
export const phaseSchema = z.strictObject({
  name: z.enum(phaseNames),
  startedAt: z.iso.datetime(),
  seconds: z.number().nonnegative(),
});
export type Phase = z.infer<typeof phaseSchema>;

/** A repository of this service that a build reads, of the build's own chroot, and the one generation that it sees. */
export const buildInputSchema = z.strictObject({
  /** `owner/project`. */
  project: z.string(),
  generation: z.int().positive(),
});
export type BuildInput = z.infer<typeof buildInputSchema>;

/** One chroot that a request is for. */
export interface RequestedChroot {
  readonly chroot: ChrootName;
  readonly inputDigest: string;
  readonly buildroot: Buildroot;
}

/** A build of a pull request's sandbox. Its owner is that of the project. */
export interface SandboxBuildRef {
  /** The sandbox: `project:pr:N`. */
  readonly project: string;
  readonly id: BuildId;
}

/** What somebody asks to be built: the queue gives it a number. */
export interface BuildRequest {
  readonly owner: string;
  readonly project: string;
  readonly package: string;
  readonly source: PinnedSource;
  readonly chroots: readonly RequestedChroot[];
  /** Indexes, in the list given to the same enqueue, of builds that must succeed first. */
  readonly after: readonly number[];
  /** Builds that are already waiting or running and must succeed first. */
  readonly afterBuilds: readonly BuildId[];
  readonly timeoutSeconds: number;
  /** Upper bound of what the build may use of its builder's memory, in bytes; null: no bound. */
  readonly memoryBytes: number | null;
  /** It waits for all builds that are not in the background. */
  readonly background: boolean;
  /** Labels that the builders of its chroots must have. Missing in requests from before there were any: none. */
  readonly builderLabels?: readonly string[];
  /** Upper bound of what the build may write on its builder, in bytes. */
  readonly diskBytes: number;
  readonly sourceBytes: number;
  /**
   * The project's `repos`: dnf base URLs and `coppice://owner/project`. Each chroot's `buildroot.repos` follow them.
   */
  readonly repos: readonly string[];
  readonly requestedBy: string;
  /** Address of the comment or commit that asked. */
  readonly request: string;
  readonly configCommit: string;
  /** The same for all builds of one request; `/cancel` and answers work on it. */
  readonly batch: string;
  /**
   * Whose packages it publishes, signed anew, instead of building them, as long as they are there. Absent: it is built.
   */
  readonly promotes?: SandboxBuildRef;
}

/** A build in the queue: a request with a number and how far each chroot is. */
export interface QueuedBuild {
  readonly id: BuildId;
  readonly owner: string;
  readonly project: string;
  readonly package: string;
  readonly source: PinnedSource;
  /** Builds that must succeed before this one starts. */
  readonly after: readonly BuildId[];
  readonly timeoutSeconds: number;
  readonly memoryBytes: number | null;
  readonly background: boolean;
  readonly builderLabels: readonly string[];
  readonly diskBytes: number;
  readonly sourceBytes: number;
  readonly repos: readonly string[];
  readonly requestedBy: string;
  readonly request: string;
  readonly configCommit: string;
  readonly batch: string;
  readonly promotes?: SandboxBuildRef;
  readonly requestedAt: string;
  /** The file name of the SRPM once it has been made, in `srpm-builds/<id>/`. */
  readonly srpm: string | null;
  readonly srpmState: BuildState;
  readonly chroots: readonly QueuedChroot[];
}

/** How far one chroot of a queued build is. */
export interface QueuedChroot extends RequestedChroot {
  readonly state: BuildState;
  readonly reason: FailureReason | null;
  /** One sentence for people when it ended badly. */
  readonly message: string | null;
  /** The lines that say why it was put off until others of its batch have ended; absent unless it was. */
  readonly excerpt?: readonly string[];
  readonly phase: PhaseName;
  /** When the present phase began. */
  readonly phaseStartedAt: string;
  readonly phases: readonly Phase[];
  /** How often a builder was given this chroot. */
  readonly attempts: number;
  readonly builder: string | null;
  /** What it sees of this service's repositories, for as long as it runs; absent until its engine is about to start. */
  readonly inputs?: readonly BuildInput[];
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  /** Somebody asked to cancel; the runner ends it soon. */
  readonly cancelRequestedBy: string | null;
  /** A sentence, where something that happened asked for it and nobody in person. */
  readonly cancelBecause?: string;
  /** A build that this one needs has failed: it will be skipped, and this sentence says why. */
  readonly skipBecause: string | null;
}

const finalStates: ReadonlySet<BuildState> = new Set(['succeeded', 'failed', 'canceled', 'skipped']);

/** True for states that never change again. */
export function isFinal(state: BuildState): boolean {
  return finalStates.has(state);
}

/** The state of a whole build from those of its chroots: unfinished while one is, failed when one failed. */
export function combineStates(states: readonly BuildState[]): BuildState {
  const has = (state: BuildState) => states.includes(state);
  if (states.some((state) => !isFinal(state))) {
    if (has('running')) return 'running';
    if (has('starting')) return 'starting';
    return states.some(isFinal) ? 'running' : 'pending';
  }
  if (has('failed')) return 'failed';
  if (has('canceled')) return 'canceled';
  if (has('succeeded')) return 'succeeded';
  return 'skipped';
}

/**
 * `failed on 2 of 4`: how it is said of a build, or of a package, that has ended in all its chroots and failed in some
 * of them. Undefined for all others.
 */
export function failedOn(states: readonly BuildState[]): string | undefined {
  const failed = states.filter((state) => state === 'failed').length;
  if (failed === 0 || failed === states.length || !states.every(isFinal)) return undefined;
  return `failed on ${failed} of ${states.length}`;
}

/** `42` → `00000042`, the form used in folder names so that they sort. */
export function paddedBuildId(id: BuildId): string {
  return String(id).padStart(8, '0');
}

/** A number from outside as a BuildId, or undefined when it is none. */
export function parseBuildId(text: string): BuildId | undefined {
  return /^[1-9][0-9]{0,14}$/.test(text) ? (Number(text) as BuildId) : undefined;
}
