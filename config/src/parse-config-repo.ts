// A config repo at one commit → all that it states, or all that is wrong with it.
import { parsePolicy, policyPath } from './parse-policy.ts';
import { checkProjectName, parseProject } from './parse-project.ts';
import { oversizeProblem, parseYaml } from './parse-yaml.ts';
import { compareProblems, type Parsed, type Problem } from './problem.ts';
import type { ConfigRepo, Policy, Project } from './project.ts';
import { quote } from './quote.ts';
import type { YamlFile } from './read-nodes.ts';

/** The files of one commit. All paths are relative to the repo, with `/`. */
export interface ConfigTree {
  /** The text of every file that `isConfigYaml` names; '' for those in `oversize`. */
  readonly texts: ReadonlyMap<string, string>;
  /** Path → bytes of the files that are larger than `maximumYamlBytes` and were not read. */
  readonly oversize: ReadonlyMap<string, number>;
  /** Every file of the repo. */
  readonly paths: ReadonlySet<string>;
}

const projectPattern = /^projects\/([^/]+)\/([^/]+)\.yaml$/;

/** Which files of a config repo are read as text. */
export function isConfigYaml(path: string): boolean {
  return path === policyPath || projectPattern.test(path);
}

/** Everything that the commit states. All problems of all files at once, in reading order. */
export function parseConfigRepo(tree: ConfigTree): Parsed<ConfigRepo> {
  const problems = checkPlaces(tree);
  const policy = readPolicy(tree, problems);
  const files = packageFiles(tree.paths);
  const projects: Project[] = [];
  for (const path of [...tree.texts.keys()].sort()) {
    const [, owner, name] = projectPattern.exec(path) ?? [];
    if (owner === undefined || name === undefined) continue;
    const nameProblems = checkProjectName(path, owner, name);
    problems.push(...nameProblems);
    const file = readYaml(tree, path, problems);
    if (file === undefined) continue;
    const context = { owner, name, policy, packageFiles: files.get(`${owner}/${name}`) ?? new Map() };
    const parsed = parseProject(file, context);
    problems.push(...parsed.problems);
    if (parsed.project !== undefined) projects.push(parsed.project);
  }
  if (problems.length > 0 || policy === undefined) return { ok: false, problems: problems.sort(compareProblems) };
  return { ok: true, value: { policy, projects } };
}

function readPolicy(tree: ConfigTree, problems: Problem[]): Policy | undefined {
  if (!tree.texts.has(policyPath) && tree.paths.has(policyPath)) return undefined;
  if (!tree.texts.has(policyPath)) {
    const near = tree.paths.has('coppice.yml') ? 'rename coppice.yml' : 'add it: `admins` and `chroots` are needed';
    problems.push({ path: policyPath, line: 1, column: 1, message: 'the repository has no coppice.yaml', hint: near });
    return undefined;
  }
  const file = readYaml(tree, policyPath, problems);
  if (file === undefined) return undefined;
  const policy = parsePolicy(file);
  problems.push(...policy.problems);
  return policy.value;
}

function readYaml(tree: ConfigTree, path: string, problems: Problem[]): YamlFile | undefined {
  const bytes = tree.oversize.get(path);
  if (bytes !== undefined) {
    problems.push(oversizeProblem(path, bytes));
    return undefined;
  }
  const read = parseYaml(tree.texts.get(path) ?? '', path);
  problems.push(...read.problems);
  return read.file;
}

/** YAML files at places where nothing reads them, and projects whose names differ only in case. */
function checkPlaces(tree: ConfigTree): Problem[] {
  const problems: Problem[] = [];
  const seen = new Map<string, string>();
  for (const path of [...tree.paths].sort()) {
    const at = { path, line: 1, column: 1 };
    if (/^projects\/.*\.ya?ml$/.test(path) && !isConfigYaml(path)) {
      const message = 'a project is not read from this place';
      problems.push({ ...at, message, hint: 'move it to projects/<owner>/<name>.yaml' });
    } else if (isConfigYaml(path) && !tree.texts.has(path)) {
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

/** `owner/project` → package → files below its folder. */
function packageFiles(paths: ReadonlySet<string>): Map<string, Map<string, string[]>> {
  const projects = new Map<string, Map<string, string[]>>();
  for (const path of paths) {
    const [, project, name, rest] = /^packages\/([^/]+\/[^/]+)\/([^/]+)\/(.+)$/.exec(path) ?? [];
    if (project === undefined || name === undefined || rest === undefined) continue;
    const packages = projects.get(project) ?? new Map<string, string[]>();
    projects.set(project, packages);
    const files = packages.get(name) ?? [];
    packages.set(name, files);
    files.push(rest);
  }
  return projects;
}
