// Checks what a project asks for against what the policy allows: repositories, network, isolation, time and memory.

import { multilibChroots } from '../clients/repo-terms.ts';
import { type ChrootName, chrootOf } from '../words/chroot.ts';
import type { Problem } from '../words/problem.ts';
import type { Policy } from '../words/project.ts';
import { quote } from '../words/quote.ts';
import { projectOfRepository } from '../words/repo-options.ts';
import { formatShort } from '../words/units.ts';
import { didYouMean, problemAt } from '../yaml/check-yaml.ts';
import type { YamlFile, YamlPath } from '../yaml/read-nodes.ts';
import type { BuildrootYaml } from './project-fields.ts';
import type { PackageYaml, ProjectYaml } from './project-schema.ts';

/** What requests are checked against; see ProjectContext. */
interface Limits {
  readonly owner: string;
  readonly name: string;
  readonly policy: Policy | undefined;
  readonly projects: ReadonlySet<string>;
}

/** All that asks for too much. Without a policy only what does not depend on it. */
export function checkRequests(file: YamlFile, value: ProjectYaml, limits: Limits): Problem[] {
  const problems = [
    ...checkRepos(file, ['repos'], value.repos, limits),
    ...checkRuntimeRepos(file, value, limits),
    ...checkMultilib(file, value),
  ];
  if (value.network) problems.push(...checkNetwork(file, ['network'], limits));
  if (!Array.isArray(value.chroots)) {
    for (const [chroot, options] of Object.entries(value.chroots)) {
      if (options === null) continue;
      problems.push(...checkBuildroot(file, ['chroots', chroot], options, limits));
      problems.push(...checkForcearch(file, ['chroots', chroot, 'forcearch'], options, [chroot]));
    }
  }
  if (limits.policy !== undefined) problems.push(...checkRetention(file, value, limits.policy));
  const chroots = Array.isArray(value.chroots) ? value.chroots : Object.keys(value.chroots);
  for (const [name, stated] of Object.entries(value.packages)) {
    const at = ['packages', name];
    problems.push(...checkBuildroot(file, at, stated, limits));
    problems.push(...checkForcearch(file, [...at, 'forcearch'], stated, stated.chroots ?? chroots));
    if (stated.network === true) problems.push(...checkNetwork(file, [...at, 'network'], limits));
    if (limits.policy !== undefined) problems.push(...checkBounds(file, name, stated, limits.policy));
  }
  return problems;
}

function checkRepos(file: YamlFile, at: YamlPath, repos: readonly string[], limits: Limits): Problem[] {
  return repos.flatMap((address, index) => {
    const fault = checkRepo(address, limits);
    return fault === undefined ? [] : [problemAt(file, [...at, index], fault.message, fault.hint)];
  });
}

function checkRuntimeRepos(file: YamlFile, { runtimeRepos }: ProjectYaml, limits: Limits): Problem[] {
  const seen = new Set<string>();
  return runtimeRepos.flatMap((stated, index) => {
    const [address, at] = typeof stated === 'string' ? [stated, [index]] : [stated.url, [index, 'url']];
    const fault = checkRepo(address, limits);
    if (fault !== undefined) return [problemAt(file, ['runtimeRepos', ...at], fault.message, fault.hint)];
    if (typeof stated !== 'string' && stated.key !== undefined && projectOfRepository(address) !== undefined) {
      const message = `the key of ${quote(address)} is known`;
      return [problemAt(file, ['runtimeRepos', index, 'key'], message, 'remove `key`', 'key')];
    }
    if (seen.has(address)) {
      const message = `${quote(address)} is in the list twice`;
      return [problemAt(file, ['runtimeRepos', ...at], message, 'keep one of them')];
    }
    seen.add(address);
    return [];
  });
}

/** Of 32-bit packages there are none where nothing is built for such a chroot. */
function checkMultilib(file: YamlFile, { repoOptions, chroots }: ProjectYaml): Problem[] {
  // The schema gave the keys their type; Object.keys forgets it.
  const stated = Array.isArray(chroots) ? chroots : (Object.keys(chroots) as ChrootName[]);
  if (!repoOptions.multilib || multilibChroots(stated).size > 0) return [];
  const wide = stated.find((name) => chrootOf(name).architecture === 'x86_64');
  const message = '`multilib` needs a chroot of x86_64 and one of i686 of the same release';
  const example = wide === undefined ? 'fedora-42-i686' : wide.replace(/x86_64$/, 'i686');
  return [
    problemAt(file, ['repoOptions', 'multilib'], message, `add \`${example}\` to \`chroots\`, or remove the key`),
  ];
}

function checkRepo(address: string, { owner, name, policy, projects }: Limits) {
  const project = projectOfRepository(address);
  if (project === `${owner}/${name}`) {
    return {
      message: `${quote(address)} is this project itself`,
      hint: 'remove it: its own repository is always read',
    };
  }
  if (project !== undefined) {
    if (projects.has(project)) return undefined;
    const hint = () => didYouMean(project, [...projects].slice(0, 500), 'projects');
    return { message: `there is no project ${quote(project)}`, hint };
  }
  if (policy === undefined || policy.allow.repos.some((allowed) => liesBelow(address, allowed))) return undefined;
  const allowed = policy.allow.repos.join(', ');
  const hint = allowed === '' ? 'it allows none but `coppice://owner/project`' : `it allows those below ${allowed}`;
  return { message: `coppice.yaml does not allow the repository ${quote(address)}`, hint };
}

/** Whether an address is `folder` or lies in it, as a client would ask for it: `..` and the like resolved. */
function liesBelow(address: string, folder: string): boolean {
  if (folder === 'https://') return true;
  const wanted = new URL(address).href;
  const top = new URL(folder).href;
  return wanted === top || wanted.startsWith(top.endsWith('/') ? top : `${top}/`);
}

function checkNetwork(file: YamlFile, at: YamlPath, { owner, name, policy }: Limits): Problem[] {
  if (policy === undefined) return [];
  const { network } = policy.allow;
  if (typeof network === 'boolean' ? network : network.includes(`${owner}/${name}`)) return [];
  const message = 'coppice.yaml does not allow this project to reach the network in builds';
  return [problemAt(file, at, message, `an admin can add \`${owner}/${name}\` to \`allow.network\` there`)];
}

function checkBuildroot(file: YamlFile, at: YamlPath, stated: BuildrootYaml, limits: Limits): Problem[] {
  const problems = checkRepos(file, [...at, 'repos'], stated.repos, limits);
  const { policy } = limits;
  const { isolation } = stated;
  if (policy !== undefined && isolation !== undefined && isolation !== 'auto') {
    if (!policy.allow.isolation.includes(isolation)) {
      const allowed = [...new Set(['auto', ...policy.allow.isolation])].join(', ');
      const message = `coppice.yaml does not allow the isolation \`${isolation}\``;
      problems.push(problemAt(file, [...at, 'isolation'], message, `it allows ${allowed}`));
    }
  }
  const without = new Set(stated.without);
  stated.with.forEach((name, index) => {
    if (!without.has(name)) return;
    const message = `${quote(name)} is in \`with\` and in \`without\``;
    problems.push(problemAt(file, [...at, 'with', index], message, 'keep it in one of them'));
  });
  return problems;
}

function checkForcearch(
  file: YamlFile,
  at: YamlPath,
  { forcearch }: BuildrootYaml,
  chroots: readonly string[],
): Problem[] {
  if (forcearch === undefined || chroots.some((chroot) => chrootOf(chroot).architecture === forcearch)) return [];
  const message = `\`forcearch: ${forcearch}\` is the architecture of no chroot here`;
  return [problemAt(file, at, message, `build for a chroot that ends in \`-${forcearch}\`, or remove the key`)];
}

/** As it is written in these files. */
const duration = (seconds: number) => `\`${formatShort(seconds)}\``;
const builds = (count: number) => `${count} ${count === 1 ? 'build' : 'builds'}`;

function checkRetention(file: YamlFile, { retention: stated }: ProjectYaml, { retention }: Policy): Problem[] {
  const bounds = [
    ['failed', stated.failed, retention.failedSeconds, duration],
    ['superseded', stated.superseded, retention.supersededSeconds, duration],
    ['failedBuilds', stated.failedBuilds, retention.failedBuilds, builds],
    ['supersededBuilds', stated.supersededBuilds, retention.supersededBuilds, builds],
  ] as const;
  return bounds.flatMap(([key, own, bound, say]) => {
    if (own === undefined || bound === null || own <= bound) return [];
    const message = `\`retention.${key}\` keeps more than coppice.yaml does`;
    return [problemAt(file, ['retention', key], message, `${say(bound)} at most; remove the key for that`)];
  });
}

function checkBounds(file: YamlFile, name: string, stated: PackageYaml, { limits }: Policy): Problem[] {
  const problems: Problem[] = [];
  const { maximumTimeoutSeconds, maximumMemoryBytes } = limits;
  if (stated.timeout !== undefined && stated.timeout > maximumTimeoutSeconds) {
    const message = `the timeout of \`${name}\` is longer than coppice.yaml allows`;
    problems.push(
      problemAt(file, ['packages', name, 'timeout'], message, `${duration(maximumTimeoutSeconds)} at most`),
    );
  }
  if (stated.memory !== undefined && maximumMemoryBytes !== null && stated.memory > maximumMemoryBytes) {
    const message = `\`${name}\` asks for more memory than coppice.yaml allows`;
    const mebibytes = `${Math.floor(maximumMemoryBytes / 2 ** 20)} MiB at most`;
    problems.push(problemAt(file, ['packages', name, 'memory'], message, mebibytes));
  }
  return problems;
}
