// `projects/<owner>/<name>.yaml` → Project: first the form, then whether its parts fit together.
import type { ChrootName } from '../words/chroot.ts';
import type { Problem } from '../words/problem.ts';
import type { Package, Policy, Project } from '../words/project.ts';
import { reservedNames, reservedOwners } from '../words/published.ts';
import { quote } from '../words/quote.ts';
import { projectOfRepository, type RepoOptions, type RuntimeRepo } from '../words/repo-options.ts';
import { checkYaml, didYouMean, problemAt } from '../yaml/check-yaml.ts';
import { checkProjectPart } from '../yaml/fields.ts';
import type { YamlFile } from '../yaml/read-nodes.ts';
import { checkDependencies } from './check-dependencies.ts';
import { checkRequests } from './check-requests.ts';
import { checkSource, noFolder } from './check-sources.ts';
import { type ProjectYaml, projectSchema } from './project-schema.ts';
import { resolveBuildroots } from './resolve-buildroots.ts';

/** What a project is checked against. */
export interface ProjectContext {
  readonly owner: string;
  readonly name: string;
  /** Undefined while `coppice.yaml` has problems: what depends on it is checked once it has none. */
  readonly policy: Policy | undefined;
  /** `owner/name` of all projects that have a file. */
  readonly projects: ReadonlySet<string>;
  /** The files of `packages/<owner>/<project>/`, by package. */
  readonly packageFiles: ReadonlyMap<string, readonly string[]>;
  /** Files in that folder itself that may be metadata, by their names. */
  readonly metadataFiles: ReadonlyMap<string, MetadataFile>;
  /** Whether the project's former name has a folder in `packages/` that holds files. */
  readonly hasFormerFolder: boolean;
}

/** What a file holds: its outermost element's name; or why clients could not read it, in words that follow its own. */
export type MetadataFile = { readonly root: string } | { readonly fault: string; readonly hint?: string };

const metadataRoots = { comps: 'comps', appstream: 'components' } as const;

export interface ParsedProject {
  readonly project: Project | undefined;
  readonly problems: readonly Problem[];
}

/** A project's file held against its form alone: what can be kept as long as the file is the same. */
export interface ReadProject {
  readonly file: YamlFile;
  readonly value: ProjectYaml | undefined;
  readonly problems: readonly Problem[];
}

/** The first half of reading a project: nothing but the file counts. */
export function readProject(file: YamlFile): ReadProject {
  return { file, ...checkYaml(projectSchema, file) };
}

/** The second half: what the file says, held against the policy and the other files. */
export function parseProject({ file, value, problems }: ReadProject, context: ProjectContext): ParsedProject {
  if (value === undefined) return { project: undefined, problems };
  const found = [
    ...checkChroots(file, value, context.policy),
    ...checkOrigins(file, value, context),
    ...checkRequests(file, value, context),
    ...checkSize(file, value),
    ...checkPackageNames(file, value),
    ...checkDependencies(file, value),
    ...checkSources(file, value, context),
    ...checkMetadata(file, value, context),
  ];
  if (found.length > 0) return { project: undefined, problems: found };
  return { project: toProject(file.path, value, context), problems: [] };
}

/** `owner/name` of the other projects that a project names: whether they exist decides whether it is right. */
export function namedProjects(value: ProjectYaml): readonly string[] {
  const repos = [
    ...value.repos,
    ...value.runtimeRepos.map((stated) => (typeof stated === 'string' ? stated : stated.url)),
    ...Object.values(value.packages).flatMap((each) => each.repos),
    ...Object.values(Array.isArray(value.chroots) ? {} : value.chroots).flatMap((options) => options?.repos ?? []),
  ];
  const named = repos.map(projectOfRepository).filter((name) => name !== undefined);
  return value.renamedFrom === undefined ? named : [...named, value.renamedFrom];
}

/** What is wrong with the owner and the name that a project's path states. */
export function checkProjectName(path: string, owner: string, name: string): Problem[] {
  const at = { path, line: 1, column: 1 };
  const problems: Problem[] = [];
  for (const fault of [checkProjectPart('an owner', owner), checkProjectPart('a project', name)]) {
    if (fault !== undefined) problems.push({ ...at, ...fault, hint: `move the file: ${fault.hint}` });
  }
  if ((reservedOwners as readonly string[]).includes(owner.toLowerCase())) {
    const message = `no owner can have the name ${quote(owner)}: the site uses it itself`;
    problems.push({ ...at, message, hint: `move the file; not allowed are ${reservedOwners.join(', ')}` });
  }
  if (reservedNames.includes(name.toLowerCase())) {
    const message = `no project can have the name ${quote(name)}: web servers take it for the page of a folder`;
    problems.push({ ...at, message, hint: 'move the file' });
  }
  return problems;
}

function checkChroots(file: YamlFile, value: ProjectYaml, policy: Policy | undefined): Problem[] {
  const problems: Problem[] = [];
  const stated = chrootNames(value);
  stated.forEach((chroot, index) => {
    if (policy === undefined || policy.chrootStates.has(chroot)) return;
    const message = `the chroot \`${chroot}\` is not one that coppice.yaml allows`;
    const at = ['chroots', Array.isArray(value.chroots) ? index : chroot];
    problems.push(problemAt(file, at, message, () => didYouMean(chroot, policy.chroots, 'allowed'), 'key'));
  });
  for (const [name, each] of Object.entries(value.packages)) {
    each.chroots?.forEach((chroot, index) => {
      if (stated.includes(chroot)) return;
      const message = `the chroot \`${chroot}\` is not one of the project's`;
      const hint = () => didYouMean(chroot, stated, "the project's");
      problems.push(problemAt(file, ['packages', name, 'chroots', index], message, hint));
    });
  }
  return problems;
}

/** A project neither began as itself nor was named as one that still exists. */
function checkOrigins(file: YamlFile, value: ProjectYaml, { owner, name, projects }: ProjectContext): Problem[] {
  const problems: Problem[] = [];
  const { forkedFrom, renamedFrom } = value;
  if (forkedFrom === `${owner}/${name}`) {
    const message = `${quote(forkedFrom)} is this project itself`;
    problems.push(problemAt(file, ['forkedFrom'], message, 'remove the key'));
  }
  if (renamedFrom !== undefined && projects.has(renamedFrom)) {
    const message = `the project ${quote(renamedFrom)} is still there`;
    problems.push(problemAt(file, ['renamedFrom'], message, 'delete its file, or remove this key'));
  }
  return problems;
}

/** Packages times chroots of one project; the largest known has a tenth of it. */
const maximumBuilds = 100_000;

/** A file of the largest size could ask for more than anybody can plan. */
function checkSize(file: YamlFile, value: ProjectYaml): Problem[] {
  const chroots = chrootNames(value).length;
  const builds = Object.values(value.packages).reduce((sum, each) => sum + (each.chroots?.length ?? chroots), 0);
  if (builds <= maximumBuilds) return [];
  const message = `the project asks for ${builds} builds: its packages times their chroots`;
  return [problemAt(file, ['packages'], message, `${maximumBuilds} at most; split it into several projects`, 'key')];
}

function checkPackageNames(file: YamlFile, value: ProjectYaml): Problem[] {
  const seen = new Map<string, string>();
  return Object.keys(value.packages).flatMap((name) => {
    const other = seen.get(name.toLowerCase());
    seen.set(name.toLowerCase(), other ?? name);
    if (other === undefined) return [];
    const message = `the packages \`${other}\` and \`${name}\` differ only in upper and lower case`;
    return [problemAt(file, ['packages', name], message, 'give one of them another name', 'key')];
  });
}

function checkSources(
  file: YamlFile,
  value: ProjectYaml,
  { owner, name, packageFiles, policy, hasFormerFolder }: ProjectContext,
): Problem[] {
  const all = chrootNames(value);
  const stated = Object.entries(value.packages);
  const lacks: Problem[] = [];
  const inFolders = stated.filter(([, { source }]) => source.type === 'dir').map(([each]) => each);
  const [first = '', ...others] = inFolders;
  // Where nothing at all is there, the folder of the project is missing: no package has to say that by itself.
  if (packageFiles.size === 0 && others.length > 0) {
    const folder = `packages/${owner}/${name}/`;
    lacks.push(
      noFolder(file, first, {
        ...{ folder, packages: inFolders.length, renamedFrom: value.renamedFrom, hasFormerFolder },
      }),
    );
  }
  const problems = stated.flatMap(([each, { source, chroots = all }]) => {
    if (lacks.length > 0 && source.type === 'dir') return [];
    const files = packageFiles.get(each) ?? [];
    return checkSource(source, {
      file,
      name: each,
      folder: `packages/${owner}/${name}/${each}/`,
      renamedFrom: value.renamedFrom,
      hasFormerFolder,
      files,
      chroots,
      policy,
    });
  });
  return [...lacks, ...problems];
}

function checkMetadata(
  file: YamlFile,
  { metadata }: ProjectYaml,
  { owner, name, metadataFiles }: ProjectContext,
): Problem[] {
  return (['comps', 'appstream'] as const).flatMap((key) => {
    const stated = metadata[key];
    if (stated === undefined) return [];
    const path = `packages/${owner}/${name}/${stated}`;
    const found = metadataFiles.get(stated);
    if (found === undefined) {
      const message = `\`metadata.${key}\`: there is no file ${quote(path)}`;
      return [problemAt(file, ['metadata', key], message, 'add it, a regular file, or remove the key')];
    }
    const root = metadataRoots[key];
    if ('root' in found && found.root === root) return [];
    const fault = 'fault' in found ? found.fault : `holds \`<${found.root}>\`, not \`<${root}>\``;
    const mend = ('hint' in found && found.hint) || 'mend the file';
    return [problemAt(file, ['metadata', key], `${quote(path)} ${fault}`, `${mend}, or remove the key`)];
  });
}

/** The chroots of a project, in its order. */
function chrootNames({ chroots }: ProjectYaml): readonly ChrootName[] {
  // The schema gave the keys their type; Object.keys forgets it.
  return Array.isArray(chroots) ? chroots : (Object.keys(chroots) as ChrootName[]);
}

function retentionStated({ retention: stated }: ProjectYaml): Project['retention'] {
  return {
    ...(stated.failed === undefined ? {} : { failedSeconds: stated.failed }),
    ...(stated.superseded === undefined ? {} : { supersededSeconds: stated.superseded }),
    ...(stated.failedBuilds === undefined ? {} : { failedBuilds: stated.failedBuilds }),
    ...(stated.supersededBuilds === undefined ? {} : { supersededBuilds: stated.supersededBuilds }),
    ...(stated.removed === undefined ? {} : { removedSeconds: stated.removed }),
  };
}

function toProject(path: string, value: ProjectYaml, { owner, name, policy }: ProjectContext): Project {
  const chroots = chrootNames(value);
  const buildrootsOf = resolveBuildroots(value, chroots);
  const packages = Object.entries(value.packages).map(
    ([each, stated]): Package => ({
      name: each,
      source: stated.source,
      needs: stated.needs,
      timeoutSeconds: stated.timeout ?? policy?.limits.timeoutSeconds ?? 0,
      memoryBytes: stated.memory ?? policy?.limits.memoryBytes ?? null,
      background: stated.background ?? value.background,
      builderLabels: stated.builderLabels ?? value.builderLabels,
      rebuildOnNeeds: stated.rebuildOnNeeds,
      allowsDowngrade: (stated.downgrade ?? value.downgrade) === 'allow',
      chroots: stated.chroots ?? chroots,
      buildroots: buildrootsOf(stated),
    }),
  );
  const { description, instructions, maintainers, builders, repos, network } = value;
  const { background, builderLabels, publish, pinned } = value;
  return {
    ...{ owner, name, description, instructions, chroots, maintainers, builders, repos },
    runtimeRepos: value.runtimeRepos.map(toRuntimeRepo),
    repoOptions: toRepoOptions(value.repoOptions),
    ...{ network, background, builderLabels, publish, pinned, packages, path },
    metadata: { comps: value.metadata.comps ?? null, appstream: value.metadata.appstream ?? null },
    keyKind: value.signing.kind,
    homepage: value.homepage ?? null,
    contact: value.contact ?? null,
    retention: retentionStated(value),
    frozen: value.frozen ?? null,
    deleteAfter: value.deleteAfter ?? null,
    forkedFrom: value.forkedFrom ?? null,
    renamedFrom: value.renamedFrom ?? null,
  };
}

function toRuntimeRepo(stated: ProjectYaml['runtimeRepos'][number]): RuntimeRepo {
  return typeof stated === 'string' ? { url: stated, key: null } : { url: stated.url, key: stated.key ?? null };
}

function toRepoOptions(stated: ProjectYaml['repoOptions']): RepoOptions {
  const { priority = null, cost = null, module_hotfixes: moduleHotfixes, multilib } = stated;
  return { priority, cost, moduleHotfixes, multilib };
}
