// A config repo at one commit → all that it states, or all that is wrong with it.

import { maximumNeededRepos, neededRepos } from '../clients/repo-terms.ts';
import { boundProblems, maximumProblemsOfFile, type Parsed, type Problem } from '../words/problem.ts';
import { type ConfigRepo, type Policy, projectKey } from '../words/project.ts';
import { quote } from '../words/quote.ts';
import { type Checked, problemAt } from '../yaml/check-yaml.ts';
import { oversizeProblem, parseYaml, type ReadYaml } from '../yaml/parse-yaml.ts';
import { checkLinks } from './follow-links.ts';
import { parsePolicy, policyPath } from './parse-policy.ts';
import {
  checkProjectName,
  type MetadataFile,
  namedProjects,
  type ParsedProject,
  parseProject,
  type ReadProject,
  readProject,
} from './parse-project.ts';

/** The files of one commit. All paths are relative to the repo, with `/`. */
export interface ConfigTree {
  /** The text of every file that `isConfigYaml` names; '' for those in `oversize`. */
  readonly texts: ReadonlyMap<string, string>;
  /** Path → bytes of the files that are larger than `maximumYamlBytes` and were not read. */
  readonly oversize: ReadonlyMap<string, number>;
  /** Every file of the repo. */
  readonly paths: ReadonlySet<string>;
  /** Path of a symbolic link, one of `paths` → its text. Default: there are none. */
  readonly links?: ReadonlyMap<string, string>;
  /** Paths of submodules, links to commits of other repositories; none of `paths`. Default: there are none. */
  readonly submodules?: ReadonlySet<string>;
  /** Regular files that `isMetadataFile` names → what is in each. Default: there are none. */
  readonly metadataFiles?: ReadonlyMap<string, MetadataFile>;
}

const projectPattern = /^projects\/([^/]+)\/([^/]+)\.yaml$/;

/** Which files of a config repo are read as text. */
export function isConfigYaml(path: string): boolean {
  return path === policyPath || projectPattern.test(path);
}

const metadataPattern = /^packages\/([^/]+\/[^/]+)\/([^/]+\.xml(?:\.gz)?)$/;

/** Which files of a config repo a project may put into the metadata of its repositories. */
export function isMetadataFile(path: string): boolean {
  return metadataPattern.test(path);
}

/** Everything that the commit states. All problems of all files at once, in reading order. */
export function parseConfigRepo(tree: ConfigTree): Parsed<ConfigRepo> {
  return createConfigParser()(tree);
}

/** What is known of a project's file from the last time. */
interface KnownProject {
  readonly text: string;
  readonly read: ReadProject | undefined;
  readonly yamlProblems: readonly Problem[];
  /** What the second half was given, and what came of it. */
  readonly policy: Policy | undefined;
  readonly files: string;
  readonly named: string;
  readonly parsed: ParsedProject;
}

/** What `createConfigParser` gives. */
export type ConfigParser = (tree: ConfigTree) => Parsed<ConfigRepo>;

/**
 * A parser that remembers the last commit: files whose text is the same are not read again, and projects for which
 * nothing changed that they are held against are the same objects. It gives what `parseConfigRepo` gives.
 */
export function createConfigParser(): ConfigParser {
  let known = new Map<string, KnownProject>();
  let knownPolicy: { readonly text: string; readonly checked: Checked<Policy> } | undefined;
  return (tree) => {
    const found: (readonly Problem[])[] = [checkPlaces(tree)];
    const linked = checkLinks({ paths: tree.paths, links: tree.links ?? new Map() });
    found.push(linked.problems);
    const policyText = tree.oversize.has(policyPath) ? undefined : tree.texts.get(policyPath);
    if (policyText === undefined) found.push(lackOfPolicy(tree));
    else if (knownPolicy?.text !== policyText) knownPolicy = { text: policyText, checked: readPolicy(policyText) };
    const policy = policyText === undefined ? undefined : knownPolicy?.checked.value;
    if (policyText !== undefined) found.push(knownPolicy?.checked.problems ?? []);

    const names = projectNames(tree);
    const keys = new Set([...names.values()].map(({ owner, name }) => `${owner}/${name}`));
    const files = packagePaths(new Set([...tree.paths, ...linked.places]));
    const metadata = metadataFiles(tree);
    const seen = new Map<string, KnownProject>();
    for (const [path, { owner, name }] of names) {
      found.push(checkProjectName(path, owner, name));
      const bytes = tree.oversize.get(path);
      if (bytes !== undefined) found.push([oversizeProblem(path, bytes)]);
      else {
        const ofMetadata = metadata.get(`${owner}/${name}`) ?? new Map<string, MetadataFile>();
        const hasFolder = (key: string) => files.has(key);
        const context = { owner, name, policy, projects: keys, metadataFiles: ofMetadata, hasFolder };
        const paths = files.get(`${owner}/${name}`) ?? [];
        seen.set(path, parseAgain(known.get(path), path, tree.texts.get(path) ?? '', context, paths));
      }
    }
    known = seen;
    for (const { yamlProblems, parsed } of seen.values()) found.push(yamlProblems, parsed.problems);
    found.push(checkNeeded(seen));
    const problems = inReadingOrder(found.flat());
    if (problems.length > 0 || policy === undefined) return { ok: false, problems };
    const projects = [...seen.values()].map(({ parsed }) => parsed.project).filter((project) => project !== undefined);
    return { ok: true, value: { policy, projects } };
  };
}

/** Projects whose users would read more repositories than may be, counting those that the ones it names need. */
function checkNeeded(known: ReadonlyMap<string, KnownProject>): Problem[] {
  const projects = new Map(
    [...known.values()].flatMap(({ parsed: { project } }) => (project ? [[projectKey(project), project]] : [])),
  );
  return [...known.values()].flatMap(({ read, parsed: { project } }) => {
    if (read === undefined || project === undefined || project.runtimeRepos.length === 0) return [];
    if (neededRepos(project, (key) => projects.get(key)).length <= maximumNeededRepos) return [];
    const message = 'with what the projects in `runtimeRepos` need in turn, users would read too many repositories';
    const hint = `${maximumNeededRepos} at most; name fewer, or publish what is needed in one project`;
    return [problemAt(read.file, ['runtimeRepos'], message, hint, 'key')];
  });
}

/** By file, and no more of each than anybody reads. */
function inReadingOrder(problems: readonly Problem[]): readonly Problem[] {
  const files = new Map<string, Problem[]>();
  for (const problem of problems) {
    const known = files.get(problem.path);
    if (known === undefined) files.set(problem.path, [problem]);
    else known.push(problem);
  }
  return [...files]
    .sort(([one], [other]) => one.localeCompare(other, 'en'))
    .flatMap(([, ofFile]) => boundProblems(ofFile, maximumProblemsOfFile));
}

function parseAgain(
  before: KnownProject | undefined,
  path: string,
  text: string,
  context: Omit<Parameters<typeof parseProject>[1], 'packageFiles' | 'hasFormerFolder'> & {
    readonly hasFolder: (key: string) => boolean;
  },
  packagePaths: readonly string[],
): KnownProject {
  const kept = before?.text === text ? before : undefined;
  const yaml: ReadYaml | undefined = kept === undefined ? parseYaml(text, path) : undefined;
  const yamlProblems = kept?.yamlProblems ?? yaml?.problems ?? [];
  const read = kept !== undefined ? kept.read : yaml?.file === undefined ? undefined : readProject(yaml.file);
  const { policy } = context;
  const former = read?.value?.renamedFrom;
  const hasFormerFolder = former !== undefined && context.hasFolder(former);
  const metadata = [...context.metadataFiles].map((each) => JSON.stringify(each));
  const files = [`${hasFormerFolder}`, ...packagePaths, ...metadata].join('\n');
  const named = (read?.value === undefined ? [] : namedProjects(read.value))
    .filter((name) => context.projects.has(name))
    .join(' ');
  if (kept !== undefined && kept.policy === policy && kept.files === files && kept.named === named) return kept;
  const parsed: ParsedProject =
    read === undefined
      ? { project: undefined, problems: [] }
      : parseProject(read, { ...context, packageFiles: byPackage(packagePaths), hasFormerFolder });
  return { text, read, yamlProblems, policy, files, named, parsed };
}

function readPolicy(text: string): Checked<Policy> {
  const { file, problems } = parseYaml(text, policyPath);
  if (file === undefined) return { value: undefined, problems };
  const checked = parsePolicy(file);
  return { value: checked.value, problems: [...problems, ...checked.problems] };
}

function lackOfPolicy(tree: ConfigTree): Problem[] {
  const bytes = tree.oversize.get(policyPath);
  if (bytes !== undefined) return [oversizeProblem(policyPath, bytes)];
  // What stands there is no regular file: that has been said.
  if (tree.paths.has(policyPath) || tree.submodules?.has(policyPath)) return [];
  const other = [...tree.paths].find((path) => nearlyPolicy.test(path));
  const near = other === undefined ? 'add it: `admins` and `chroots` are needed' : `rename ${other}`;
  return [{ path: policyPath, line: 1, column: 1, message: 'the repository has no coppice.yaml', hint: near }];
}

/** Path → the project that it names, in the order of paths. */
function projectNames(tree: ConfigTree): Map<string, { readonly owner: string; readonly name: string }> {
  const names = new Map<string, { owner: string; name: string }>();
  for (const path of [...tree.texts.keys()].sort()) {
    const [, owner, name] = projectPattern.exec(path) ?? [];
    if (owner !== undefined && name !== undefined) names.set(path, { owner, name });
  }
  return names;
}

const nearlyPolicy = /^coppice\.ya?ml$/i;

/** What somebody meant as a project, whatever the case: a name that is off by it would be a project that is gone. */
const nearlyProject = /^projects\/.+\.ya?ml$/i;

/** Where a link, or a submodule, would take the place of what is read. */
const ownPlace = /^(coppice\.yaml$|projects(\/|$)|chroots(\/[^/]+\.cfg)?$)/;

/** YAML files at places where nothing reads them, and projects whose names differ only in case. */
function checkPlaces(tree: ConfigTree): Problem[] {
  const problems: Problem[] = [];
  const seen = new Map<string, string>();
  const submodules = [...(tree.submodules ?? [])].filter((path) => ownPlace.test(path) || /^packages(\/|$)/.test(path));
  for (const path of submodules) {
    const message = 'this is a submodule, which is not read';
    problems.push({ path, line: 1, column: 1, message, hint: 'put the files themselves here, not a link' });
  }
  const links = [...(tree.links?.keys() ?? [])].filter((path) => ownPlace.test(path));
  const ours = [...tree.paths].filter((path) => nearlyPolicy.test(path) || /^projects\//i.test(path));
  for (const path of [...new Set([...ours, ...links])].sort()) {
    const at = { path, line: 1, column: 1 };
    if (nearlyPolicy.test(path) && path !== policyPath) {
      // Where there is no other, that is said.
      if (!tree.paths.has(policyPath)) continue;
      const message = `the policy is not read from this place: it is in ${policyPath}`;
      problems.push({ ...at, message, hint: `put what holds into ${policyPath}, and remove this file` });
    } else if (nearlyProject.test(path) && !isConfigYaml(path)) {
      const message = 'a project is not read from this place';
      const right = path.replace(/^projects/i, 'projects').replace(/\.ya?ml$/i, '.yaml');
      const isName = isConfigYaml(right) && !tree.paths.has(right);
      const hint = isName ? `rename it to ${right}` : 'move it to projects/<owner>/<name>.yaml';
      problems.push({ ...at, message, hint });
    } else if (tree.links?.has(path) || (isConfigYaml(path) && !tree.texts.has(path))) {
      problems.push({ ...at, message: 'this is not a regular file', hint: 'put the file itself here, not a link' });
    } else if (projectPattern.test(path)) {
      const other = seen.get(path.toLowerCase());
      seen.set(path.toLowerCase(), other ?? path);
      if (other === undefined) continue;
      const message = `the project differs from ${quote(other)} only in upper and lower case`;
      problems.push({ ...at, message, hint: 'give one of them another name' });
    }
  }
  return problems;
}

/** `owner/project` → `package/file…` of every file below `packages/owner/project/`. */
function packagePaths(paths: ReadonlySet<string>): Map<string, string[]> {
  const top = 'packages/';
  const projects = new Map<string, string[]>();
  for (const path of paths) {
    if (!path.startsWith(top)) continue;
    const owner = path.indexOf('/', top.length);
    const end = owner < 0 ? -1 : path.indexOf('/', owner + 1);
    if (end < 0) continue;
    const project = path.slice(top.length, end);
    const known = projects.get(project);
    if (known === undefined) projects.set(project, [path.slice(end + 1)]);
    else known.push(path.slice(end + 1));
  }
  return projects;
}

/** `owner/project` → its files that may be metadata, by their names. */
function metadataFiles(tree: ConfigTree): Map<string, Map<string, MetadataFile>> {
  const projects = new Map<string, Map<string, MetadataFile>>();
  for (const [path, file] of tree.metadataFiles ?? []) {
    const [, project = '', name = ''] = metadataPattern.exec(path) ?? [];
    const files = projects.get(project) ?? new Map<string, MetadataFile>();
    projects.set(project, files.set(name, file));
  }
  return projects;
}

/** Package → files below its folder. */
function byPackage(paths: readonly string[]): Map<string, string[]> {
  const packages = new Map<string, string[]>();
  for (const path of paths) {
    const slash = path.indexOf('/');
    if (slash < 0) continue;
    const name = path.slice(0, slash);
    const known = packages.get(name);
    if (known === undefined) packages.set(name, [path.slice(slash + 1)]);
    else known.push(path.slice(slash + 1));
  }
  return packages;
}
