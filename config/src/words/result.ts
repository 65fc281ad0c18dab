// The records that live beside the RPMs (`result.json`, schemaVersion 1) and the JSON that the site and its readers
// get.
import { z } from 'zod';
import { buildInputSchema, buildStates, failureReasons, phaseSchema } from './build.ts';
import { buildrootSchema } from './buildroot.ts';
import { chrootStates } from './chroot.ts';
import { publishModes } from './project.ts';
import { keyNoteSchema } from './signing.ts';
import { commitSchema, fetchedFileSchema, pinnedSourceSchema, submoduleSchema } from './source-schema.ts';

const isoTime = z.iso.datetime();
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

export const artifactSchema = z.strictObject({
  file: z.string(),
  nevra: z.string(),
  bytes: z.int().nonnegative(),
  sha256,
});
export type Artifact = z.infer<typeof artifactSchema>;

/** A file beside a record that speaks of the build. */
const accountSchema = z.strictObject({ file: z.string(), bytes: z.int().nonnegative(), sha256 });
/** The build of a pull request's sandbox whose packages a build published, and when these were built there. */
export const promotedFromSchema = z.strictObject({
  project: z.string(),
  id: z.int().positive(),
  startedAt: isoTime.nullable(),
  endedAt: isoTime,
});
export type PromotedFrom = z.infer<typeof promotedFromSchema>;

/** `result.json` of one chroot of one build. It is written last: it is the commit mark of a build. */
export const resultSchema = z.strictObject({
  schemaVersion: z.literal(1),
  id: z.int().positive(),
  owner: z.string(),
  project: z.string(),
  package: z.string(),
  /** A chroot name, or `srpm` for the record in `srpm-builds/`. */
  chroot: z.string(),
  state: z.enum(buildStates),
  reason: z.enum(failureReasons).nullable(),
  /** One sentence for people. */
  message: z.string().nullable(),
  /** The lines of the log that say why, escaped nowhere: they are hostile text. */
  excerpt: z.array(z.string()),
  /**
   * The log and the line of it, from 1, where the excerpt begins; null when no log says more. `srpm.log` is in
   * `srpm-builds/`.
   */
  where: z
    .strictObject({ log: z.enum(['build.log', 'root.log', 'srpm.log']), line: z.int().positive() })
    .nullable()
    .default(null),
  requestedBy: z.string(),
  request: z.string(),
  requestedAt: isoTime,
  batch: z.string(),
  configCommit: z.string(),
  source: pinnedSourceSchema,
  /**
   * In the record of a chroot: the source package in `srpm-builds/` that it was built from; absent when there was none.
   */
  srpm: z.strictObject({ file: z.string(), sha256 }).optional(),
  /** In the record in `srpm-builds/`: what was fetched for the source package. */
  fetched: z.array(fetchedFileSchema).optional(),
  /** There too: submodules of the source's repository that were fetched, nested ones after those that hold them. */
  submodules: z.array(submoduleSchema).optional(),
  /**
   * There too: the last commits of a source that is in Git, the newest first, as far as they are here; of one in the
   * config repo those that touched the package's folder.
   */
  commits: z.array(commitSchema).optional(),
  inputDigest: z.string(),
  /**
   * Of a chroot: the repositories of this service that it read, and which generation of each; absent where nothing was
   * begun on a builder, and in older records.
   */
  inputs: z.array(buildInputSchema).optional(),
  /** Absent where the packages were built for this build. */
  promotedFrom: promotedFromSchema.optional(),
  attempts: z.int().nonnegative(),
  builder: z.string().nullable(),
  engine: z.strictObject({ name: z.string(), version: z.string() }).nullable(),
  phases: z.array(phaseSchema),
  artifacts: z.array(artifactSchema),
  /** Of a chroot that succeeded: the signed statement of how its packages were built; absent in older records. */
  attestation: accountSchema.optional(),
  /** There too: the list of what the packages are and of what they were built with (CycloneDX). */
  sbom: accountSchema.optional(),
  /** There too: what the headers of the binary packages say, `packages.json`; absent in older records. */
  packageHeaders: accountSchema.optional(),
  startedAt: isoTime.nullable(),
  endedAt: isoTime,
});
export type Result = z.infer<typeof resultSchema>;

/** One entry of `api/v1/builds.json`. Waiting and running builds are included; `url` is the build's page. */
export const buildSummarySchema = z.strictObject({
  id: z.int().positive(),
  owner: z.string(),
  project: z.string(),
  package: z.string(),
  state: z.enum(buildStates),
  reason: z.enum(failureReasons).nullable(),
  chroots: z.array(
    z.strictObject({
      chroot: z.string(),
      state: z.enum(buildStates),
      reason: z.enum(failureReasons).nullable(),
      /** Why users do not get what succeeded, but an older build or none. */
      notShown: z.enum(['waits', 'taken-back']).optional(),
    }),
  ),
  requestedAt: isoTime,
  startedAt: isoTime.nullable(),
  endedAt: isoTime.nullable(),
  url: z.string(),
});
export type BuildSummary = z.infer<typeof buildSummarySchema>;
/** `api/v1/builds.json` and its older parts: newest first. */
export const buildsJsonSchema = z.strictObject({
  builds: z.array(buildSummarySchema),
  /** The address of the next part; absent in the last one. */
  older: z.string().optional(),
});

const queuedChrootSchema = z.strictObject({
  chroot: z.string(),
  inputDigest: z.string(),
  buildroot: buildrootSchema,
  state: z.enum(buildStates),
  reason: z.enum(failureReasons).nullable(),
  message: z.string().nullable(),
  excerpt: z.array(z.string()).optional(),
  phase: phaseSchema.shape.name,
  phaseStartedAt: isoTime,
  phases: z.array(phaseSchema),
  attempts: z.int().nonnegative(),
  builder: z.string().nullable(),
  inputs: z.array(buildInputSchema).optional(),
  startedAt: isoTime.nullable(),
  endedAt: isoTime.nullable(),
  cancelRequestedBy: z.string().nullable(),
  cancelBecause: z.string().optional(),
  skipBecause: z.string().nullable(),
});

/**
 * `api/v1/queue.json`: the live builds as the queue knows them. Written by the service on each change of the queue or
 * of broken pools.
 */
export const queueSnapshotSchema = z.strictObject({
  generatedAt: isoTime,
  builds: z.array(
    z.strictObject({
      id: z.int().positive(),
      owner: z.string(),
      project: z.string(),
      package: z.string(),
      source: pinnedSourceSchema,
      after: z.array(z.int().positive()),
      timeoutSeconds: z.number(),
      memoryBytes: z.number().nullable(),
      background: z.boolean(),
      /** Missing in snapshots from before packages could ask for builders with labels. */
      builderLabels: z.array(z.string()).default([]),
      diskBytes: z.number(),
      sourceBytes: z.number(),
      repos: z.array(z.string()),
      requestedBy: z.string(),
      request: z.string(),
      configCommit: z.string(),
      batch: z.string(),
      /** The build of a sandbox whose packages it publishes instead of building them. */
      promotes: z.strictObject({ project: z.string(), id: z.int().positive() }).optional(),
      requestedAt: isoTime,
      srpm: z.string().nullable(),
      srpmState: z.enum(buildStates),
      chroots: z.array(queuedChrootSchema),
    }),
  ),
  /** Pools that cannot make builders at present; missing in snapshots from before they were told here. */
  brokenPools: z
    .array(z.strictObject({ name: z.string(), since: isoTime, failures: z.int().positive(), retryAt: isoTime }))
    .default([]),
});
export type BrokenPool = QueueSnapshot['brokenPools'][number];
export type QueueSnapshot = z.infer<typeof queueSnapshotSchema>;

/** What `api/v1/live/<id>.json` says of one chroot of a build. */
const liveRunSchema = z.strictObject({
  /** A chroot, or `srpm` for the making of the source package. */
  chroot: z.string(),
  state: z.enum(buildStates),
  reason: z.enum(failureReasons).nullable(),
  message: z.string().nullable(),
  /** What it does now; null once its state is final. */
  phase: phaseSchema.omit({ seconds: true }).nullable(),
  /** What it has done; a phase that was done again is there again. */
  phases: z.array(phaseSchema),
  attempts: z.int().nonnegative(),
  builder: z.string().nullable(),
  startedAt: isoTime.nullable(),
  endedAt: isoTime.nullable(),
  /** The median of what the last good builds of this package took in this chroot; null once it is final, or unknown. */
  expectedSeconds: z.number().nonnegative().nullable(),
  /** Addresses on this server; `bytes` as they were when this was written. */
  logs: z.array(z.strictObject({ file: z.string(), bytes: z.int().nonnegative(), url: z.string() })),
});

/**
 * `api/v1/live/<id>.json`, how one build is doing: its pages follow it. Written at each change of a build, and with its
 * final state; gone with the build.
 */
export const liveBuildSchema = z.strictObject({
  id: z.int().positive(),
  owner: z.string(),
  project: z.string(),
  package: z.string(),
  state: z.enum(buildStates),
  reason: z.enum(failureReasons).nullable(),
  /** One sentence for people. */
  verdict: z.string(),
  requestedAt: isoTime,
  startedAt: isoTime.nullable(),
  endedAt: isoTime.nullable(),
  /** The source package first, when it is known of, then the chroots. */
  runs: z.array(liveRunSchema),
  /** Another one whenever anything else here is another one. */
  revision: z.string(),
});
export type LiveBuild = z.infer<typeof liveBuildSchema>;

/** `api/v1/projects.json`: what the config repo states, for pages; written by the service when the config changes. */
export const projectsJsonSchema = z.strictObject({
  configCommit: z.string(),
  configRepository: z.string(),
  projects: z.array(
    z.strictObject({
      owner: z.string(),
      name: z.string(),
      description: z.string(),
      instructions: z.string(),
      homepage: z.string().nullable(),
      contact: z.string().nullable(),
      /** Missing, as the next two, in files from before Copr's API was answered. */
      repos: z.array(z.string()).default([]),
      network: z.boolean().default(false),
      repoOptions: z
        .strictObject({ priority: z.int().nullable(), moduleHotfixes: z.boolean() })
        .default({ priority: null, moduleHotfixes: false }),
      /** As the project states them; `chrootStates` says which are still built for. */
      chroots: z.array(z.string()),
      chrootStates: z.record(
        z.string(),
        z.strictObject({ state: z.enum(chrootStates), keepUntil: z.string().nullable() }),
      ),
      maintainers: z.array(z.string()),
      builders: z.array(z.string()),
      /** Why nothing is built or published, null while it is not frozen. */
      frozen: z.string().nullable(),
      /** `owner/name` of the project that it began as. */
      forkedFrom: z.string().nullable(),
      /** When users see what was built; `each` where it is not said. */
      publish: z.enum(publishModes).optional(),
      /** It stands first among the projects. */
      pinned: z.boolean(),
      /** `YYYY-MM-DD`, UTC: the day from which on it is deleted. */
      deleteAfter: z.string().nullable(),
      /** Its file is gone: when all is deleted, the commit without it, who pushed that, the last that stated it. */
      leaving: z
        .strictObject({ deleteAt: isoTime, commit: z.string(), by: z.string(), statedAt: z.string() })
        .nullable()
        .default(null),
      /**
       * Packages that left the project, with the commit without them, who pushed that, since when, and when what they
       * have published goes: null for never. Missing in files from before they were told here.
       */
      departed: z
        .array(
          z.strictObject({
            name: z.string(),
            commit: z.string(),
            by: z.string(),
            since: isoTime,
            deleteAt: isoTime.nullable(),
          }),
        )
        .default([]),
      /** Long fingerprint of the signing key, null until the first key exists. */
      keyFingerprint: z.string().nullable(),
      /** All keys in `pubkey.gpg`, the one that signs first; missing in files from before they were told here. */
      keys: z.array(keyNoteSchema).default([]),
      packages: z.array(
        z.strictObject({
          name: z.string(),
          needs: z.array(z.string()),
          /** Other packages of the project that its spec requires, where that lies in the config repo. */
          requires: z.array(z.string()).optional(),
          chroots: z.array(z.string()),
          source: z.string(),
        }),
      ),
    }),
  ),
});
export type ProjectsJson = z.infer<typeof projectsJsonSchema>;

/** `api/v1/sandboxes.json`: how long the sandboxes of pull requests stay, for their pages. */
export const sandboxesJsonSchema = z.strictObject({
  /** After the pull request was closed. */
  keptSeconds: z.number().nonnegative(),
  /** Those of pull requests that were closed: from when on they are deleted. */
  closed: z.array(z.strictObject({ pull: z.int().positive(), deleteAt: isoTime })),
});
export type SandboxesJson = z.infer<typeof sandboxesJsonSchema>;

const count = z.int().nonnegative();

/** `api/v1/service.json`: written when any of it changes. */
export const serviceJsonSchema = z.strictObject({
  /** Where builders come from, in the order in which they are asked. */
  pools: z.array(
    z.strictObject({
      name: z.string(),
      driver: z.string(),
      architectures: z.array(z.string()),
      labels: z.array(z.string()),
      min: count,
      max: count,
      builders: z.strictObject({ making: count, idle: count, leased: count, kept: count, ending: count }),
      /** When a builder was made last; null: none since the start of the service. */
      madeAt: isoTime.nullable(),
      /** Null while builders can be made. */
      fault: z.strictObject({ since: isoTime, failures: count, retryAt: isoTime }).nullable(),
    }),
  ),
  /** Chroots that may be built at once. Null: as many as there are builders. */
  limits: z.strictObject({
    perOwner: count.nullable(),
    perChroot: z.record(z.string(), count),
    perArchitecture: z.record(z.string(), count),
  }),
  /** Null where there is none. `behindSince`: null while it has what is published here. */
  mirror: z.strictObject({ behindSince: isoTime.nullable(), files: count }).nullable(),
  /** False while GitHub cannot be asked. */
  github: z.boolean(),
});
export type ServiceJson = z.infer<typeof serviceJsonSchema>;
export type PoolJson = ServiceJson['pools'][number];

const shownPackageSchema = z.object({
  package: z.string(),
  /** The folder of the build that users get, null for none. */
  build: z
    .string()
    .regex(/^\d{8,15}-[^/]+$/)
    .nullable(),
  /** Its `[epoch:]version-release`. */
  version: z.string().nullable(),
  /** A newer build waits to be published, or users were given an older one by a rollback. */
  why: z.enum(['waits', 'taken-back']),
});
/** A package of which users get another build than the newest good one. */
export type ShownPackage = z.infer<typeof shownPackageSchema>;

/**
 * `results/<owner>/<project>/<chroot>/shown.json`: the packages of which users get another build than the newest good
 * one, or none. Without the file there are none.
 */
export const shownJsonSchema = z.object({
  schemaVersion: z.literal(1),
  /** The generations that users and builds see, where these are two: by them it is known what it stands for. */
  between: z.object({ users: z.int().positive(), builds: z.int().positive() }).optional(),
  packages: z.array(shownPackageSchema),
});
export type ShownJson = z.infer<typeof shownJsonSchema>;

/** More than that of any repository in which everything waits. */
export const maximumShownBytes = 64 * 1024 ** 2;
