// What a command asks of its builds, laid over what the config states: the plan then reckons with it. Pure.
import { type Buildroot, type Package, type PlanSelection, type Project, projectKey } from '@coppice/config';
import type { ConfigAtCommit } from '../config-repo/config-in-force.ts';
import type { Wishes } from '../vocabulary/command.ts';

/** The config with the wishes in all packages that are selected. */
export function withWishes(at: ConfigAtCommit, selections: readonly PlanSelection[], wishes: Wishes): ConfigAtCommit {
  const projects = at.config.projects.map((project) => {
    const selection = selections.find((one) => one.project === projectKey(project));
    return selection === undefined ? project : withPackages(project, selection, wishes);
  });
  return { ...at, config: { ...at.config, projects } };
}

function withPackages(project: Project, { packages }: PlanSelection, wishes: Wishes): Project {
  const named = ({ name }: Package) =>
    packages.length === 0 || packages.includes(name) || packages.includes(`${projectKey(project)}/${name}`);
  return { ...project, packages: project.packages.map((one) => (named(one) ? withWish(one, wishes) : one)) };
}

function withWish(stated: Package, wishes: Wishes): Package {
  return {
    ...stated,
    timeoutSeconds: wishes.timeoutSeconds ?? stated.timeoutSeconds,
    memoryBytes: wishes.memoryBytes ?? stated.memoryBytes,
    background: wishes.background || stated.background,
    buildroots: new Map([...stated.buildroots].map(([chroot, root]) => [chroot, withConditions(root, wishes)])),
  };
}

/** The last word counts: `--with docs` takes a stated `without: [docs]` away. */
function withConditions(root: Buildroot, wishes: Wishes): Buildroot {
  const lay = (stated: readonly string[], more: readonly string[], less: readonly string[]) => [
    ...new Set([...stated.filter((one) => !less.includes(one)), ...more]),
  ];
  return {
    ...root,
    with: lay(root.with, wishes.with, wishes.without),
    without: lay(root.without, wishes.without, wishes.with),
  };
}
