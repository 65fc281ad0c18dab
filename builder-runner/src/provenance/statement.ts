// The statement of how packages were built: in-toto Statement v1
// (https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md) with the predicate SLSA provenance v1
// (https://slsa.dev/spec/v1.0/provenance). What the fields mean here is in the reference page of attestations. Pure.
import { hash } from 'node:crypto';
import {
  type Artifact,
  type BuildrootList,
  chrootOf,
  type PinnedSource,
  published,
  type QueuedBuild,
  type QueuedChroot,
  type Result,
} from '@coppice/config';
import { packageUrl } from './package-url.ts';
import { buildTypePath, predicateType, type Resource, type Statement, statementKind } from './statement-schema.ts';

/** All that is stated of a build that has ended well, beyond its files. */
export interface BuildFacts {
  /** Public address of the service, without a slash at the end: it is the builder that SLSA speaks of. */
  readonly url: string;
  /** Of Coppice. */
  readonly version: string;
  /** Address of the config repo. */
  readonly configRepository: string;
  readonly build: QueuedBuild;
  readonly chroot: QueuedChroot;
  /** The text of `chroots/<chroot>.cfg` in the config repo; undefined: mock's own configuration was used. */
  readonly chrootConfig: string | undefined;
  /** How the builder was made; undefined when that is not known any more. */
  readonly driver: string | undefined;
  readonly engine: NonNullable<Result['engine']>;
  /** The record of the source package; undefined where it was damaged. */
  readonly srpmRecord: Result | undefined;
  /** The source package that mock was given, inside `published/`, and its SHA-256. */
  readonly srpm: { readonly path: string; readonly sha256: string };
  readonly finishedAt: Date;
}

/** What a build left behind, hashed. */
export interface BuildFiles {
  /** The packages, as they are published: signed. */
  readonly artifacts: readonly Artifact[];
  /** Logs, and the bill of materials. */
  readonly byproducts: readonly { readonly file: string; readonly sha256: string }[];
  /** Undefined: the builder gave no list that could be read. */
  readonly buildroot: BuildrootList | undefined;
}

/** The statement of a build. */
export function makeStatement(facts: BuildFacts, { artifacts, byproducts, buildroot }: BuildFiles): Statement {
  const { url, build, chroot, engine, chrootConfig } = facts;
  const folder = `${url}/${published.chrootBuild(build, chroot.chroot)}`;
  return {
    _type: statementKind,
    subject: subjectsOf(artifacts),
    predicateType,
    predicate: {
      buildDefinition: {
        buildType: `${url}${buildTypePath}`,
        externalParameters: {
          configRepository: facts.configRepository,
          configCommit: build.configCommit,
          request: build.request,
          project: `${build.owner}/${build.project}`,
          package: build.package,
          chroot: chroot.chroot,
        },
        internalParameters: {
          driver: facts.driver ?? null,
          builder: chroot.builder,
          engine,
          attempts: chroot.attempts,
          inputDigest: chroot.inputDigest,
          inputs: chroot.inputs ?? null,
          chrootConfig: chrootConfig === undefined ? 'engine' : 'config-repo',
          options: chroot.buildroot,
          repos: build.repos,
          timeoutSeconds: build.timeoutSeconds,
          memoryBytes: build.memoryBytes,
          buildroot: buildroot === undefined ? null : { listed: buildroot.packages.length, left: buildroot.left },
        },
        resolvedDependencies: [
          gitResource(facts.configRepository, build.configCommit, { name: 'config' }),
          ...(chrootConfig === undefined ? [] : [chrootConfigResource(facts, chrootConfig)]),
          ...sourceResources(facts),
          {
            name: 'source package',
            uri: `${url}/${encodeURI(facts.srpm.path)}`,
            digest: { sha256: facts.srpm.sha256 },
          },
          ...buildrootResources(chroot, buildroot),
        ],
      },
      runDetails: {
        builder: { id: url, version: { coppice: facts.version, [engine.name]: engine.version } },
        metadata: {
          invocationId: `${url}/${published.buildPage(build)}#${chroot.chroot}`,
          ...(chroot.startedAt === null ? {} : { startedOn: chroot.startedAt }),
          finishedOn: facts.finishedAt.toISOString(),
        },
        byproducts: byproducts.map(({ file, sha256 }) => ({
          name: file,
          uri: `${folder}/${file}`,
          digest: { sha256 },
        })),
      },
    },
  };
}

/** Where packages that were built elsewhere were signed again, and what they were before. */
export interface SignedAgain {
  /** `owner/project`, and the number that the build has there. */
  readonly project: string;
  readonly build: number;
  readonly at: Date;
  /** The attestation of the build itself. */
  readonly original: { readonly uri: string; readonly sha256: string };
}

/**
 * The statement of packages that another project's key has signed again: what was stated of their build, about the new
 * files, and in `coppice_signedAgain` the old ones.
 */
export function statementAgain(
  original: Statement,
  again: SignedAgain,
  { artifacts, byproducts }: Pick<BuildFiles, 'artifacts' | 'byproducts'>,
): Statement {
  const { runDetails } = original.predicate;
  const hashes = new Map(byproducts.map(({ file, sha256 }) => [file, sha256]));
  const kept = (runDetails.byproducts ?? []).filter(({ name }) => name === undefined || !hashes.has(name));
  return {
    ...original,
    subject: subjectsOf(artifacts),
    predicate: {
      ...original.predicate,
      runDetails: {
        ...runDetails,
        byproducts: [...kept, ...[...hashes].map(([name, sha256]) => ({ name, digest: { sha256 } }))],
      },
      coppice_signedAgain: {
        project: again.project,
        build: again.build,
        at: again.at.toISOString(),
        original: { uri: again.original.uri, digest: { sha256: again.original.sha256 } },
        before: original.subject,
      },
    },
  };
}

function subjectsOf(artifacts: readonly Artifact[]): Statement['subject'] {
  return artifacts.map(({ file, sha256 }) => ({ name: file, digest: { sha256 } }));
}

/** A Git repository at a commit, in the form that SPDX and SLSA write. */
function gitResource(url: string, commit: string, more: Pick<Resource, 'name' | 'annotations'> = {}): Resource {
  return { ...more, uri: `git+${url}@${commit}`, digest: { gitCommit: commit } };
}

function chrootConfigResource({ configRepository, build, chroot }: BuildFacts, text: string): Resource {
  const name = `chroots/${chroot.chroot}.cfg`;
  return {
    name,
    uri: `git+${configRepository}@${build.configCommit}#${name}`,
    digest: { sha256: hash('sha256', text) },
  };
}

function sourceResources({ build, configRepository, srpmRecord }: BuildFacts): readonly Resource[] {
  const { fetched = [], submodules = [] } = srpmRecord ?? {};
  return [
    pinnedResource(build.source, configRepository),
    ...submodules.map(({ path, url, commit }) => gitResource(url, commit, { name: `submodule ${path}` })),
    ...fetched.map(({ file, url, sha256 }) => ({ name: file, uri: url, digest: { sha256 } })),
  ];
}

function pinnedResource(source: PinnedSource, configRepository: string): Resource {
  const name = 'source';
  switch (source.type) {
    case 'dir': {
      const { commit, path, tree } = source;
      return { name, uri: `git+${configRepository}@${commit}#${path}`, digest: { gitCommit: commit, gitTree: tree } };
    }
    case 'git':
    case 'distgit':
      return gitResource(source.url, source.commit, { name });
    case 'srpm':
    case 'pypi':
    case 'rubygems':
      return { name, uri: source.url, digest: { sha256: source.sha256 } };
    case 'script': {
      const { script, commit, path, tree } = source;
      // Its text stands in the project's file, or it lies in the package's folder.
      if (path === undefined || commit === undefined) return { name, digest: { sha256: hash('sha256', script) } };
      const digest = { gitCommit: commit, ...(tree === undefined ? {} : { gitTree: tree }) };
      return { name, uri: `git+${configRepository}@${commit}#${path}/${script}`, digest };
    }
  }
}

function buildrootResources({ chroot }: QueuedChroot, buildroot: BuildrootList | undefined): readonly Resource[] {
  const { distribution, release } = chrootOf(chroot);
  return (buildroot?.packages ?? []).map(({ nevra, sigmd5 }) => ({
    name: 'buildroot',
    uri: packageUrl(nevra, `${distribution}-${release}`),
    ...(sigmd5 === undefined ? {} : { digest: { sigmd5 } }),
  }));
}
