// Measures reading and planning a config repo of 500 projects with 10 packages each, and prints the figures as JSON:
// node config/testing/config-bench.ts
import { parse } from 'yaml';
import { type ConfigTree, createConfigParser } from '../src/parse/parse-config-repo.ts';
import type { BuiltChroot, Plan } from '../src/plan/plan.ts';
import { planBuilds } from '../src/plan/plan-builds.ts';
import { formatProblem } from '../src/words/problem.ts';
import { type ConfigRepo, projectKey } from '../src/words/project.ts';
import type { PinnedSource } from '../src/words/source.ts';

const projects = 500;
const packagesEach = 10;
const rounds = 9;

const policy = `admins: [maintainer]
chroots: { fedora-42-x86_64: {}, fedora-41-x86_64: {}, epel-9-x86_64: { state: eol, keepUntil: 2027-01-31 } }
allow: { network: true }
`;

function packageText(name: string, index: number): string {
  const lines = [`  ${name}:`];
  if (index % 2 === 0) lines.push('    source: { type: dir }');
  else
    lines.push(
      `    source: { type: git, url: https://git.example.org/${name}.git, ref: v1.${index}, spec: ${name}.spec }`,
    );
  if (index > 0) lines.push(`    needs: [package-${index - 1}]`);
  if (index % 3 === 0) lines.push('    timeout: 2h', '    with: [tests]');
  if (index % 5 === 0) lines.push('    packages: [cmake, ninja-build]', '    macros: { vendor: Acme }');
  return lines.join('\n');
}

function projectText(index: number): string {
  const names = Array.from({ length: packagesEach }, (_, each) => packageText(`package-${each}`, each));
  return `description: Project ${index} of many
maintainers: [octocat, maintainer]
builders: [builder-${index}]
chroots: [fedora-42-x86_64, fedora-41-x86_64]
packages:
${names.join('\n')}
`;
}

function treeOf(changed: string): ConfigTree {
  const texts = new Map([['coppice.yaml', policy]]);
  const paths = new Set(['coppice.yaml']);
  for (let index = 0; index < projects; index += 1) {
    const name = `owner-${index % 50}/project-${index}`;
    texts.set(`projects/${name}.yaml`, projectText(index) + (index === 250 ? `instructions: ${changed}\n` : ''));
    paths.add(`projects/${name}.yaml`);
    for (let each = 0; each < packagesEach; each += 2) {
      paths.add(`packages/${name}/package-${each}/package-${each}.spec`);
      paths.add(`packages/${name}/package-${each}/fix.patch`);
    }
  }
  return { texts, oversize: new Map(), paths };
}

function pinnedOf(config: ConfigRepo): Map<string, PinnedSource> {
  const pinned = new Map<string, PinnedSource>();
  for (const project of config.projects) {
    for (const { name, source } of project.packages) {
      const key = `${projectKey(project)}/${name}`;
      if (source.type === 'dir') pinned.set(key, { ...source, commit: 'c', path: `packages/${key}`, tree: key });
      if (source.type === 'git') pinned.set(key, { ...source, commit: key });
    }
  }
  return pinned;
}

/** What reading a commit gives; throws when the made up repo is wrong. */
function read(parser: ReturnType<typeof createConfigParser>, tree: ConfigTree): ConfigRepo {
  const parsed = parser(tree);
  if (!parsed.ok) throw new Error(parsed.problems.slice(0, 3).map(formatProblem).join('\n'));
  return parsed.value;
}

function plan(config: ConfigRepo, pinned: Map<string, PinnedSource>, built: BuiltChroot[], project?: string): Plan {
  return planBuilds({
    config,
    pinned,
    unpinned: new Map(),
    chrootConfigDigests: new Map(),
    built,
    selection: { ...(project === undefined ? {} : { project }), packages: [], chroots: [] },
    force: false,
  });
}

/** Milliseconds of each of `rounds` runs, after one that warms up. */
function time(run: (round: number) => void): number[] {
  run(-1);
  return Array.from({ length: rounds }, (_, round) => {
    const started = performance.now();
    run(round);
    return performance.now() - started;
  });
}

function figure(name: string, samples: readonly number[], against: string, yardstick: readonly number[]) {
  const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
  const value = median(samples);
  const againstValue = median(yardstick);
  const round = (number: number) => Number(number.toPrecision(4));
  return {
    name,
    value: round(value),
    unit: 'ms',
    against,
    againstValue: round(againstValue),
    ratio: round(againstValue / value),
    n: samples.length,
  };
}

const tree = treeOf('first');
const config = read(createConfigParser(), tree);
const pinned = pinnedOf(config);
const everything = plan(config, pinned, []);
if (everything.builds.length !== projects * packagesEach) throw new Error('not everything was planned');
const built = everything.builds.flatMap((build, id) =>
  build.chroots.map(({ chroot, inputDigest }): BuiltChroot => {
    const { owner, project, package: name } = build;
    return { owner, project, package: name, chroot, inputDigest, state: 'succeeded', reason: null, id: id + 1 };
  }),
);

const bare = time(() => {
  for (const text of tree.texts.values()) parse(text);
});
const whole = time(() => {
  plan(read(createConfigParser(), tree), pinned, []);
});

const parser = createConfigParser();
read(parser, tree);
const pushes = Array.from({ length: rounds + 1 }, (_, round) => treeOf(`push ${round}`));
const one = time((round) => {
  const after = read(parser, pushes[round + 1] ?? tree);
  const planned = plan(after, pinned, built, 'owner-0/project-250');
  if (planned.skipped.length !== packagesEach * 2) throw new Error('a package was planned that did not change');
});

console.log(
  JSON.stringify([
    figure('config.plan-500', whole, 'the same files read by the YAML library alone', bare),
    figure('config.plan-one', one, 'all 500 projects read and planned', whole),
  ]),
);
