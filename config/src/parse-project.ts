// `projects/<owner>/<name>.yaml` → Project: its form first, then what its parts say about each other.
import { plainBuildroot } from './buildroot.ts';
import { checkYaml, problemAt } from './check-yaml.ts';
import { orderByNeeds } from './dependency-order.ts';
import { checkName } from './fields.ts';
import { nearest } from './nearest.ts';
import type { Problem } from './problem.ts';
import type { Package, Policy, Project } from './project.ts';
import { type PackageYaml, type ProjectYaml, projectSchema } from './project-schema.ts';
import { reservedOwners } from './published.ts';
import { quote } from './quote.ts';
import type { YamlFile } from './read-nodes.ts';

/** What a project is checked against. */
export interface ProjectContext {
  readonly owner: string;
  readonly name: string;
  /** Undefined while `coppice.yaml` has problems: what depends on it is checked once it has none. */
  readonly policy: Policy | undefined;
  /** The files of `packages/<owner>/<project>/`, by package. */
  readonly packageFiles: ReadonlyMap<string, readonly string[]>;
}

export interface ParsedProject {
  readonly project: Project | undefined;
  readonly problems: readonly Problem[];
}

export function parseProject(file: YamlFile, context: ProjectContext): ParsedProject {
  const { value, problems } = checkYaml(projectSchema, file);
  if (value === undefined) return { project: undefined, problems };
  const found = [
    ...checkChroots(file, value, context.policy),
    ...checkPackageNames(file, value),
    ...checkNeeds(file, value),
    ...Object.entries(value.packages).flatMap(([name, stated]) => checkPackage(file, name, stated, context)),
  ];
  if (found.length > 0) return { project: undefined, problems: found };
  return { project: toProject(file.path, value, context), problems: [] };
}

/** What is wrong with the owner and the name that a project's path states. */
export function checkProjectName(path: string, owner: string, name: string): Problem[] {
  const at = { path, line: 1, column: 1 };
  const problems: Problem[] = [];
  for (const fault of [checkName('an owner', owner), checkName('a project', name)]) {
    if (fault !== undefined) problems.push({ ...at, ...fault, hint: `move the file: ${fault.hint}` });
  }
  if ((reservedOwners as readonly string[]).includes(owner.toLowerCase())) {
    const message = `no owner can have the name ${quote(owner)}: the site uses it itself`;
    problems.push({ ...at, message, hint: `move the file; not allowed are ${reservedOwners.join(', ')}` });
  }
  return problems;
}

function checkChroots(file: YamlFile, value: ProjectYaml, policy: Policy | undefined): Problem[] {
  const problems: Problem[] = [];
  value.chroots.forEach((chroot, index) => {
    if (policy === undefined || policy.chroots.includes(chroot)) return;
    const message = `the chroot \`${chroot}\` is not one that coppice.yaml allows`;
    problems.push(problemAt(file, ['chroots', index], message, didYouMean(chroot, policy.chroots, 'allowed')));
  });
  for (const [name, stated] of Object.entries(value.packages)) {
    stated.chroots?.forEach((chroot, index) => {
      if (value.chroots.includes(chroot)) return;
      const message = `the chroot \`${chroot}\` is not one of the project's`;
      const hint = didYouMean(chroot, value.chroots, "the project's");
      problems.push(problemAt(file, ['packages', name, 'chroots', index], message, hint));
    });
  }
  return problems;
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

function checkNeeds(file: YamlFile, value: ProjectYaml): Problem[] {
  const packages = Object.entries(value.packages).map(([name, stated]) => ({ name, needs: stated.needs }));
  const names = packages.map(({ name }) => name);
  const known = new Set(names);
  const problems: Problem[] = [];
  for (const { name, needs } of packages) {
    needs.forEach((need, index) => {
      const at = ['packages', name, 'needs', index];
      if (need === name) problems.push(problemAt(file, at, `\`${name}\` needs itself`, 'remove it from its `needs`'));
      else if (!known.has(need)) {
        const hint = didYouMean(need, names, 'packages of the project');
        problems.push(problemAt(file, at, `the project has no package \`${need}\``, hint));
      }
    });
  }
  const others = packages.map(({ name, needs }) => ({ name, needs: needs.filter((need) => need !== name) }));
  for (const cycle of orderByNeeds(others).cycles) {
    const [first = '', second = first] = cycle;
    const message = `packages need each other in a circle: ${circle(cycle)}`;
    const index = value.packages[first]?.needs.indexOf(second) ?? 0;
    problems.push(problemAt(file, ['packages', first, 'needs', index], message, 'remove one of these needs'));
  }
  return problems;
}

/** `a → b → a`; of a very long one its beginning. */
function circle(names: readonly string[]): string {
  const [first = ''] = names;
  const shown = names.length > 20 ? [...names.slice(0, 20), `… (${names.length} packages)`] : names;
  return [...shown, first].join(' → ');
}

function checkPackage(file: YamlFile, name: string, stated: PackageYaml, context: ProjectContext): Problem[] {
  const problems: Problem[] = [];
  const maximum = context.policy?.limits.maximumTimeoutSeconds;
  if (maximum !== undefined && stated.timeout !== undefined && stated.timeout > maximum) {
    const message = `the timeout of \`${name}\` is longer than coppice.yaml allows`;
    problems.push(problemAt(file, ['packages', name, 'timeout'], message, `${maximum} seconds at most`));
  }
  if (stated.source.type === 'dir') problems.push(...checkFolder(file, name, stated.source.spec, context));
  return problems;
}

function checkFolder(file: YamlFile, name: string, spec: string | undefined, context: ProjectContext): Problem[] {
  const folder = `packages/${context.owner}/${context.name}/${name}/`;
  const at = ['packages', name, 'source'];
  const files = context.packageFiles.get(name) ?? [];
  if (files.length === 0) {
    const hint = 'add the spec file and its sources there, or check the spelling of the folder';
    return [problemAt(file, at, `the folder \`${folder}\` holds no file`, hint, 'key')];
  }
  const specs = files.filter((path) => path.endsWith('.spec') && !path.includes('/'));
  if (spec !== undefined) {
    if (files.includes(spec)) return [];
    const hint = didYouMean(spec, specs, 'spec files there');
    return [problemAt(file, [...at, 'spec'], `the folder \`${folder}\` holds no \`${spec}\``, hint)];
  }
  if (specs.length === 1) return [];
  if (specs.length === 0) {
    return [problemAt(file, at, `the folder \`${folder}\` holds no spec file`, `add \`${name}.spec\` there`, 'key')];
  }
  const message = `the folder \`${folder}\` holds ${specs.length} spec files`;
  return [problemAt(file, at, message, `say which one with \`spec:\`: ${[...specs].sort().join(', ')}`, 'key')];
}

function didYouMean(word: string, known: readonly string[], what: string): string {
  const near = nearest(word, known);
  if (near !== undefined) return `did you mean \`${near}\`?`;
  return known.length === 0 ? `there are no ${what}` : `${what}: ${known.slice(0, 20).join(', ')}`;
}

function toProject(path: string, value: ProjectYaml, context: ProjectContext): Project {
  const { description, instructions, chroots, maintainers, builders, repos } = value;
  const packages = Object.entries(value.packages).map(
    ([name, stated]): Package => ({
      name,
      source: stated.source,
      needs: stated.needs,
      timeoutSeconds: stated.timeout ?? context.policy?.limits.timeoutSeconds ?? 0,
      memoryBytes: null,
      background: false,
      rebuildOnNeeds: false,
      chroots: stated.chroots ?? chroots,
      buildroots: new Map((stated.chroots ?? chroots).map((chroot) => [chroot, plainBuildroot])),
    }),
  );
  const { owner, name } = context;
  return {
    owner,
    name,
    description,
    instructions,
    homepage: null,
    contact: null,
    chroots,
    maintainers,
    builders,
    repos,
    runtimeRepos: [],
    network: false,
    background: false,
    frozen: null,
    deleteAfter: null,
    pinned: false,
    forkedFrom: null,
    renamedFrom: null,
    packages,
    path,
  };
}
