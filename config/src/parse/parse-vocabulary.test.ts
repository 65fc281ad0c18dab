// What policy and projects may say beyond the basics, and what is wrong with it: see parse-policy.test.ts and
// parse-project.test.ts.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  configOf,
  gitSource,
  problemsOf,
  projectPath,
  projectProblems,
  treeOf,
} from '../../testing/config-for-tests.ts';
import { plainBuildroot } from '../words/buildroot.ts';
import type { ChrootName } from '../words/chroot.ts';
import { retentionOf } from '../words/project.ts';
import { parseConfigRepo } from './parse-config-repo.ts';

const fedora = 'fedora-42-x86_64' as ChrootName;
const policy = `admins: [maintainer]
chroots:
  fedora-42-x86_64:
  fedora-41-x86_64: { state: eol, keepUntil: 2027-01-31 }
  fedora-42-aarch64: {}
  fedora-42-i686: {}
limits: { maximumMemory: 1 GiB }
allow: { network: [acme/online], repos: [https://good.example/pub], isolation: [nspawn] }
`;

const policyProblems = (text: string) => problemsOf(treeOf({ 'coppice.yaml': text })).map((line) => line.slice(13));
const problemsOfProject = (text: string) => projectProblems(text, [], policy);

describe('coppice.yaml', () => {
  test('says everything about chroots, limits, rights and retention', () => {
    const text = `admins: [maintainer]
chroots: { fedora-42-x86_64: , fedora-41-x86_64: { state: eol, keepUntil: 2027-01-31 }, epel-9-x86_64: { state: inactive } }
limits: { memory: 2 GiB, maximumMemory: 8 GiB, perOwner: 4, perChroot: { epel-9-x86_64: 1 }, perArchitecture: { x86_64: 3 } }
allow: { network: true, repos: [], isolation: [simple] }
retention: { failed: 1d, superseded: 2d, supersededBuilds: 5, pullRequests: 3d, removed: keep }
signing: { expires: 365d, overlap: 1d }
`;
    const { policy: parsed } = configOf({ 'coppice.yaml': text });
    expect(parsed.chroots).toEqual([fedora]);
    expect([...parsed.chrootStates.values()]).toEqual([
      { state: 'active', keepUntil: null },
      { state: 'eol', keepUntil: '2027-01-31' },
      { state: 'inactive', keepUntil: null },
    ]);
    expect(parsed.signing).toEqual({ lifeSeconds: 365 * 86_400, overlapSeconds: 86_400 });
    expect(parsed.limits).toMatchObject({
      memoryBytes: 2 * 2 ** 30,
      maximumMemoryBytes: 8 * 2 ** 30,
      perOwner: 4,
      perChroot: new Map([['epel-9-x86_64', 1]]),
      perArchitecture: new Map([['x86_64', 3]]),
    });
    expect(parsed.allow).toEqual({ network: true, repos: [], isolation: ['simple'] });
    const day = 86_400;
    expect(parsed.retention).toEqual({
      failedSeconds: day,
      supersededSeconds: 2 * day,
      failedBuilds: null,
      supersededBuilds: 5,
      pullRequestsSeconds: 3 * day,
      removedSeconds: null,
    });
  });

  test('memory is bounded by the maximum where nothing else is said', () => {
    expect(configOf({ 'coppice.yaml': policy }).policy.limits.memoryBytes).toBe(2 ** 30);
  });

  test('names all mistakes at once, each at its place, inside mappings and lists too', () => {
    const text = `admins: [a]
chroots:
  fedora-42-x86_64:
  fedora-41-x86_64: { state: eoll, keepUntl: 2027-01-01 }
  fedora-40-x86_64: { state: active, keepUntil: 2027-02-30 }
  bad: {}
limits: { perOwner: 0, perChroot: { fedora-42-x86_64: 1.5 }, perArchitecture: { sparc: 2 } }
allow: { network: maybe, repos: ['http://x'], isolation: [nspwan, 3] }
retention: { failed: 1 month }
`;
    expect(policyProblems(text)).toEqual([
      '4:30: `chroots.fedora-41-x86_64.state` must be one of `active`, `inactive`, `eol`, not `eoll` (did you mean `eol`?)',
      '4:36: unknown key `keepUntl` (did you mean `keepUntil`?)',
      '5:49: `2027-02-30` is no day (write year, month and day: `2027-01-31`)',
      '6:3: `bad` is no chroot name (a chroot is distribution-release-architecture, for example `fedora-42-x86_64`)',
      '7:21: `limits.perOwner` must be a number of 1 or more, not `0` (give a greater one)',
      '7:55: `limits.perChroot.fedora-42-x86_64` must be a whole number, not `1.5` (write a whole number)',
      '7:81: unknown key `sparc` (known keys here: x86_64, aarch64, ppc64le, s390x, riscv64, i686, i386, armhfp)',
      '8:19: `allow.network` must be `true`, `false` or a list of projects, not a text (write one of these)',
      '8:34: the address begins with `http:` (only https is fetched: `https://…`)',
      '8:59: item 1 of `allow.isolation` must be one of `auto`, `simple`, `nspawn`, not `nspwan` (did you mean `nspawn`?)',
      '8:67: item 2 of `allow.isolation` must be one of `auto`, `simple`, `nspawn`, not `3` (write one of `auto`, `simple`, `nspawn`)',
      '9:22: `1 month` is no duration (write days, hours, minutes, seconds: `90s`, `30m`, `1h30m`)',
    ]);
  });

  test.each([
    [
      'chroots: fedora-42-x86_64',
      '2:10: `chroots` must be a list of chroot names, or a mapping from names to their states, not a text (write one of these)',
    ],
    ['chroots: {}', '2:10: no chroot is named (add one)'],
    [
      'chroots: { fedora-42-x86_64: { keepUntil: 2027-01-01 } }',
      '2:32: `fedora-42-x86_64` is active: its results are kept (remove `keepUntil`, or say `state: eol`)',
    ],
    [
      'chroots: [fedora-42-x86_64]\nlimits: { memory: 2 GiB, maximumMemory: 1 GiB }',
      '3:19: `limits.memory` is more than `limits.maximumMemory` (make it smaller, or the maximum greater)',
    ],
    [
      'chroots: [fedora-42-x86_64]\nsigning: { expires: 60d }',
      '3:21: `signing.expires` is so short that keys are about to end when they are made (more than `60d`; `730d` where it is left out)',
    ],
    [
      'chroots: [fedora-42-x86_64]\nsigning: { overlap: 60d }',
      '3:21: `signing.overlap` is longer than the time for which the end of a key is known before (less than `60d`; `7d` where it is left out)',
    ],
    [
      'chroots: [fedora-42-x86_64]\nlimits: { perChroot: { fedora-41-x86_64: 1 } }',
      '3:24: `fedora-41-x86_64` is not one of `chroots` (add it there, or remove it here)',
    ],
  ])('%j', (text, expected) => {
    expect(policyProblems(`admins: [a]\n${text}\n`)).toEqual([expected]);
  });
});

describe('a project file', () => {
  test('may say everything about itself', () => {
    const text = `maintainers: [a]
homepage: https://tools.example/
contact: tools@example.org
chroots: [fedora-42-x86_64, fedora-42-i686]
runtimeRepos:
  - https://good.example/pub/run/
  - coppice://acme/libs
  - { url: https://good.example/pub/keyed/, key: https://keys.example/keyed.asc }
repoOptions: { priority: 50, cost: 900, module_hotfixes: true, multilib: true }
background: true
publish: batch
pinned: true
signing: { kind: ed25519 }
frozen: a licence is looked at
deleteAfter: 2027-02-28
forkedFrom: acme/gone
renamedFrom: acme/older
retention: { superseded: 1d, failedBuilds: 0 }
`;
    const libs = `maintainers: [a]\nchroots: [fedora-42-x86_64]\n`;
    const { projects } = configOf({ 'coppice.yaml': policy, [projectPath]: text, 'projects/acme/libs.yaml': libs });
    expect(projects.find(({ name }) => name === 'tools')).toMatchObject({
      homepage: 'https://tools.example/',
      contact: 'tools@example.org',
      chroots: ['fedora-42-x86_64', 'fedora-42-i686'],
      runtimeRepos: [
        { url: 'https://good.example/pub/run/', key: null },
        { url: 'coppice://acme/libs', key: null },
        { url: 'https://good.example/pub/keyed/', key: 'https://keys.example/keyed.asc' },
      ],
      repoOptions: { priority: 50, cost: 900, moduleHotfixes: true, multilib: true },
      background: true,
      publish: 'batch',
      pinned: true,
      keyKind: 'ed25519',
      frozen: 'a licence is looked at',
      deleteAfter: '2027-02-28',
      forkedFrom: 'acme/gone',
      renamedFrom: 'acme/older',
      retention: { supersededSeconds: 86_400, failedBuilds: 0 },
    });
  });

  test('keeps less than the policy says, and not more', () => {
    const whole = `${policy}retention: { failed: 2d, supersededBuilds: 3 }\n`;
    const text = 'maintainers: [a]\nchroots: [fedora-42-x86_64]\n';
    const stated = (retention: string) => projectProblems(`${text}retention: ${retention}\n`, [], whole);
    expect(stated('{ failed: 3d, failedBuilds: 100, supersededBuilds: 4 }')).toEqual([
      '3:22: `retention.failed` keeps more than coppice.yaml does (`2d` at most; remove the key for that)',
      '3:63: `retention.supersededBuilds` keeps more than coppice.yaml does (3 builds at most; remove the key for that)',
    ]);
    const { policy: parsed, projects } = configOf({
      'coppice.yaml': whole,
      [projectPath]: `${text}retention: { superseded: 1d }\n`,
    });
    expect(retentionOf(parsed, projects[0])).toEqual({
      ...{ failedSeconds: 2 * 86_400, supersededSeconds: 86_400, failedBuilds: null, supersededBuilds: 3 },
    });
  });

  test('names all mistakes in options of chroots and packages at once', () => {
    const text = `maintainers: [a]
contact: me
deleteAfter: tomorrow
chroots:
  fedora-42-x86_64: { packages: [gcc, -rf], macros: { '%dist': x, _topdir: /, ok_one: "a\\nb" }, modules: [nodejs] }
  fedora-42-aarch64: { with: [a b], isolation: simpel }
frozen: ' '
pinned: yes
forkedFrom: x
publish: manuel
repos: [coppice://acme, "https://good.example\\\\@evil.example/"]
packages:
  p: { ${gitSource}, wiht: [x] }
`;
    expect(problemsOfProject(text)).toEqual([
      '2:10: `me` is no mail address (for example me@example.org, or an https address)',
      '3:14: `tomorrow` is no day (write year, month and day: `2027-01-31`)',
      '5:39: `-rf` is no package of a distribution (for example `gcc` or `pkgconfig(zlib)`)',
      '5:55: `%dist` is no macro name (without `%`: letters, digits and `_`, 3 to 64 characters)',
      '5:67: the macro `_topdir` belongs to the build itself (remove it; it cannot be set)',
      '5:87: a macro stands for one line of at most 1000 characters (shorten it)',
      '5:107: `nodejs` is no module with its stream (write `name:stream`, for example `nodejs:20`)',
      '6:31: `a b` is no build condition (letters, digits and `_+-`: `with: [tests]`)',
      '6:48: `chroots.fedora-42-aarch64.isolation` must be one of `auto`, `simple`, `nspawn`, not `simpel` (did you mean `simple`?)',
      '7:9: `frozen` gives no reason (say why in a few words)',
      '8:9: `pinned` must be `true` or `false`, not a text (write `true`: `yes` is a text to YAML)',
      '9:13: `x` names no project (write `owner/project`)',
      '10:10: `publish` must be one of `each`, `batch`, `manual`, not `manuel` (did you mean `manual`?)',
      '11:9: `coppice://acme` names no project of this service (write `coppice://owner/project`)',
      '11:25: the address holds spaces, other signs or too many (plain ASCII, 500 characters at most)',
      '13:72: unknown key `wiht` (did you mean `with`?)',
    ]);
  });

  test('names all mistakes in what its `.repo` file would say at once', () => {
    const text = `maintainers: [a]
chroots: [fedora-42-x86_64, fedora-41-x86_64, fedora-42-aarch64]
runtimeRepos:
  - https://good.example/pub/a
  - { url: https://good.example/pub/a }
  - { url: coppice://acme/tools }
  - { url: https://evil.example/, key: https://good.example/key }
  - { key: https://good.example/key }
  - 5
repoOptions: { priority: 0, cost: 1.5, modulehotfixes: true, multilib: yes }
`;
    expect(problemsOfProject(text)).toMatchInlineSnapshot(`
      [
        "8:5: item 5 of \`runtimeRepos\` lacks \`url\` (add \`url:\`)",
        "9:5: item 6 of \`runtimeRepos\` must be an address, or a mapping with \`url\` and \`key\`, not a number (write one of these)",
        "10:26: \`repoOptions.priority\` must be a whole number from 1 to 99, not \`0\` (give a greater one)",
        "10:35: \`repoOptions.cost\` must be a whole number from 1 to 10000, not \`1.5\` (write a whole number)",
        "10:40: unknown key \`modulehotfixes\` (did you mean \`module_hotfixes\`?)",
        "10:72: \`repoOptions.multilib\` must be \`true\` or \`false\`, not a text (write \`true\`: \`yes\` is a text to YAML)",
      ]
    `);
    const rest = text
      .replace(/^ {2}- (?:5|\{ key.*)\n/gm, '')
      .replace(/^repoOptions.*$/m, 'repoOptions: { multilib: true }');
    expect(problemsOfProject(rest)).toMatchInlineSnapshot(`
      [
        "5:12: \`https://good.example/pub/a\` is in the list twice (keep one of them)",
        "6:12: \`coppice://acme/tools\` is this project itself (remove it: its own repository is always read)",
        "7:12: coppice.yaml does not allow the repository \`https://evil.example/\` (it allows those below https://good.example/pub)",
        "8:26: \`multilib\` needs a chroot of x86_64 and one of i686 of the same release (add \`fedora-42-i686\` to \`chroots\`, or remove the key)",
      ]
    `);
    const own = 'maintainers: [a]\nchroots: [fedora-42-x86_64]\n';
    const known = { 'coppice.yaml': policy, 'projects/acme/libs.yaml': own };
    const keyed = `${own}runtimeRepos: [{ url: coppice://acme/libs, key: https://good.example/key }]\n`;
    expect(problemsOf(treeOf({ ...known, [projectPath]: keyed }))).toMatchInlineSnapshot(`
      [
        "projects/acme/tools.yaml:3:44: the key of \`coppice://acme/libs\` is known (remove \`key\`)",
      ]
    `);
  });

  test('may not make its users read too many repositories, counting those that others need in turn', () => {
    const of = (count: number) =>
      Array.from({ length: count }, (_, index) => `https://good.example/pub/${count}/${index}`);
    const stated = (repos: readonly string[]) =>
      `maintainers: [a]\nchroots: [fedora-42-x86_64]\nruntimeRepos: [${repos.join(', ')}]\n`;
    const files = (more: number) => ({
      'coppice.yaml': policy,
      [projectPath]: stated(['coppice://acme/one', 'coppice://acme/two']),
      'projects/acme/one.yaml': stated(of(49)),
      'projects/acme/two.yaml': stated([...of(more), 'coppice://acme/tools']),
    });
    expect(problemsOf(treeOf(files(48)))).toEqual([]);
    expect(problemsOf(treeOf({ ...files(48), 'projects/acme/one.yaml': stated([...of(50)]) }))).toEqual([]);
    expect(problemsOf(treeOf({ ...files(49), 'projects/acme/one.yaml': stated(of(50)) }))).toMatchInlineSnapshot(`
      [
        "projects/acme/tools.yaml:3:1: with what the projects in \`runtimeRepos\` need in turn, users would read too many repositories (100 at most; name fewer, or publish what is needed in one project)",
        "projects/acme/two.yaml:3:1: with what the projects in \`runtimeRepos\` need in turn, users would read too many repositories (100 at most; name fewer, or publish what is needed in one project)",
      ]
    `);
  });

  test('labels of builders are those of the project where a package says nothing else, which may be none', () => {
    const text = `maintainers: [a]
chroots: [fedora-42-x86_64]
builderLabels: [big]
packages: { a: { ${gitSource} }, b: { ${gitSource}, builderLabels: [gpu, fast-2.1] }, c: { ${gitSource}, builderLabels: [] } }
`;
    const { projects } = configOf({ 'coppice.yaml': policy, [projectPath]: text });
    expect(projects[0]?.builderLabels).toEqual(['big']);
    expect(projects[0]?.packages.map(({ builderLabels }) => builderLabels)).toEqual([['big'], ['gpu', 'fast-2.1'], []]);
  });

  test('names all mistakes in labels of builders at once', () => {
    const long = `a${'b'.repeat(63)}`;
    const text = `maintainers: [a]
chroots: [fedora-42-x86_64]
builderLabels: [Big, big, ${long}, 3]
packages:
  p: { ${gitSource}, builderLabel: [x] }
  q: { ${gitSource}, builderLabels: big }
  r: { ${gitSource}, builderLabels: [${Array.from({ length: 17 }, (_, index) => `l${index}`).join(', ')}] }
  s: { ${gitSource}, builderLabels: [big, big] }
`;
    const form = 'lower-case letters, digits and `._-`, beginning with a letter or a digit, 63 characters at most';
    expect(problemsOfProject(text)).toEqual([
      `3:17: \`Big\` is no label of builders (${form})`,
      `3:27: \`${long}\` is no label of builders (${form})`,
      "3:93: item 4 of `builderLabels` must be a label, not a number (write it in quotes: `'3'`)",
      '5:72: unknown key `builderLabel` (did you mean `builderLabels`?)',
      '6:87: `packages.q.builderLabels` must be a list of labels, not a text (write each item on a line of its own after `- `, or as `[one, two]`)',
      '7:87: `packages.r.builderLabels` must be a list of labels with 16 items or less, not 17 (give a smaller one)',
      '8:93: `big` is in the list twice (keep one of them)',
    ]);
  });

  test('asks for no more than the policy allows', () => {
    const text = `maintainers: [a]
chroots:
  fedora-42-x86_64: { isolation: simple, forcearch: aarch64, repos: [https://good.example/pub/../x/] }
  fedora-43-x86_64:
  fedora-41-x86_64:
network: true
repos: [coppice://acme/tools, coppice://acme/toolz, https://good.example/public, https://good.example/pub/x]
forkedFrom: acme/tools
renamedFrom: acme/tools
packages:
  p: { ${gitSource}, with: [x], without: [y, x], network: true, memory: 2 GiB, forcearch: s390x }
`;
    expect(problemsOfProject(text)).toEqual([
      '3:34: coppice.yaml does not allow the isolation `simple` (it allows auto, nspawn)',
      '3:53: `forcearch: aarch64` is the architecture of no chroot here (build for a chroot that ends in `-aarch64`, or remove the key)',
      '3:70: coppice.yaml does not allow the repository `https://good.example/pub/../x/` (it allows those below https://good.example/pub)',
      '4:3: the chroot `fedora-43-x86_64` is not one that coppice.yaml allows (did you mean `fedora-42-x86_64`?)',
      '6:10: coppice.yaml does not allow this project to reach the network in builds (an admin can add `acme/tools` to `allow.network` there)',
      '7:9: `coppice://acme/tools` is this project itself (remove it: its own repository is always read)',
      '7:31: there is no project `acme/toolz` (did you mean `acme/tools`?)',
      '7:53: coppice.yaml does not allow the repository `https://good.example/public` (it allows those below https://good.example/pub)',
      '8:13: `acme/tools` is this project itself (remove the key)',
      '9:14: the project `acme/tools` is still there (delete its file, or remove this key)',
      '11:79: `x` is in `with` and in `without` (keep it in one of them)',
      '11:109: coppice.yaml does not allow this project to reach the network in builds (an admin can add `acme/tools` to `allow.network` there)',
      '11:123: `p` asks for more memory than coppice.yaml allows (1024 MiB at most)',
      '11:141: `forcearch: s390x` is the architecture of no chroot here (build for a chroot that ends in `-s390x`, or remove the key)',
    ]);
  });

  test('a mistake that stands in an anchor is named wherever an alias repeats it', () => {
    const text = `maintainers: [a]
chroots:
  fedora-42-x86_64: &options { packages: [-x] }
  fedora-42-aarch64: *options
`;
    const wrong = '`-x` is no package of a distribution (for example `gcc` or `pkgconfig(zlib)`)';
    expect(problemsOfProject(text)).toEqual([`3:43: ${wrong}`]);
    const merged = `maintainers: [a]\nchroots: [fedora-42-x86_64]\npackages:\n  p: &p { ${gitSource}, packages: [gcc] }\n  q: *p\n`;
    const [, q] = configOf({ 'coppice.yaml': policy, [projectPath]: merged }).projects[0]?.packages ?? [];
    expect(q?.buildroots.get(fedora)?.packages).toEqual(['gcc']);
  });

  test('has no name that dnf could not take, and none of a sandbox', () => {
    const text = 'maintainers: [a]\nchroots: [fedora-42-x86_64]\n';
    const paths = ['projects/acme/gtk+.yaml', 'projects/acme/tools:pr:12.yaml', 'projects/g++/tools.yaml'];
    const texts = Object.fromEntries(paths.map((path) => [path, text]));
    const noPlus = "it becomes a part of the ids of dnf's repositories, which hold no `+`";
    const instead = 'move the file: write `plus`, `p` or `-` in its place; packages keep it';
    expect(problemsOf(treeOf({ 'coppice.yaml': policy, ...texts }))).toEqual([
      `projects/acme/gtk+.yaml:1:1: \`gtk+\` cannot name a project: ${noPlus} (${instead})`,
      'projects/acme/tools:pr:12.yaml:1:1: `tools:pr:12` cannot name a project (move the file: letters, digits and `._-`, beginning with a letter, a digit or `_`, 100 characters at most)',
      `projects/g++/tools.yaml:1:1: \`g++\` cannot name an owner: ${noPlus} (${instead})`,
    ]);
  });

  test('says its former name also when that held a `+`', () => {
    const text = 'maintainers: [a]\nchroots: [fedora-42-x86_64]\nrenamedFrom: acme/gtk+\n';
    const [project] = configOf({ 'coppice.yaml': policy, 'projects/acme/gtk.yaml': text }).projects;
    expect(project?.renamedFrom).toBe('acme/gtk+');
    const other = 'maintainers: [a]\nchroots: [fedora-42-x86_64]\nrepos: ["coppice://acme/gtk+"]\n';
    expect(problemsOfProject(other)[0]).toMatch(/`coppice:\/\/acme\/gtk\+` names no project of this service/);
  });

  test.each([
    [
      'many chroots',
      Array.from({ length: 65 }, (_, index) => `fedora-${index}-x86_64`).join(', '),
      '',
      /with 64 items or less, not 65/,
    ],
    [
      'many packages of a buildroot',
      'fedora-42-x86_64',
      `, packages: [${numbered(501)}]`,
      /with 500 items or less, not 501/,
    ],
    ['many macros', 'fedora-42-x86_64', `, macros: { ${numbered(101, ': x')} }`, /more than 100 macros/],
    ['many modules', 'fedora-42-x86_64', `, modules: [${numbered(51, ':1')}]`, /with 50 items or less, not 51/],
    [
      'many repos',
      'fedora-42-x86_64',
      `, repos: [${numbered(51, '', 'https://good.example/pub/')}]`,
      /with 50 items or less, not 51/,
    ],
  ])('%s are too many', (_what, chroots, options, expected) => {
    const found = problemsOfProject(
      `maintainers: [a]\nchroots: [${chroots}]\npackages:\n  p: { ${gitSource}${options} }\n`,
    );
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(expected);
  });
});

test('packages times chroots are bounded', () => {
  const names = Array.from({ length: 64 }, (_, index) => `fedora-${index}-x86_64`).join(', ');
  const lines = Array.from(
    { length: 1600 },
    (_, index) => `  p${index}: ${index === 0 ? `&p { ${gitSource} }` : '*p'}`,
  );
  const project = `maintainers: [a]\nchroots: [${names}]\npackages:\n${lines.join('\n')}\n`;
  expect(problemsOf(treeOf({ 'coppice.yaml': `admins: [a]\nchroots: [${names}]\n`, [projectPath]: project }))).toEqual([
    `${projectPath}:3:1: the project asks for 102400 builds: its packages times their chroots (100000 at most; split it into several projects)`,
  ]);
});

function numbered(count: number, after = '', before = 'name'): string {
  return Array.from({ length: count }, (_, index) => `${before}${index}${after}`).join(', ');
}

describe('the buildroot of a package', () => {
  const online = 'projects/acme/online.yaml';
  const buildrootsOf = (text: string) => {
    const { projects } = configOf({ 'coppice.yaml': policy, [online]: text });
    return new Map(projects[0]?.packages.map((each) => [each.name, each.buildroots]));
  };

  test("is what the project says of the chroot and then what the package says, the package's word last", () => {
    const found = buildrootsOf(`maintainers: [a]
chroots:
  fedora-42-x86_64: { packages: [gcc], with: [docs], macros: { aaa: '1', bbb: '2' }, isolation: nspawn }
  fedora-41-x86_64:
  fedora-42-aarch64: { forcearch: aarch64 }
network: true
packages:
  p: { ${gitSource}, without: [docs], network: false, macros: { bbb: '3' }, packages: [make, gcc], isolation: auto }
  q: { ${gitSource} }
  r: { ${gitSource}, forcearch: aarch64, chroots: [fedora-42-x86_64, fedora-42-aarch64] }
`);
    const own = { ...plainBuildroot, packages: ['make', 'gcc'], without: ['docs'], macros: { bbb: '3' } };
    expect([...(found.get('p') ?? [])]).toEqual([
      [fedora, { ...own, packages: ['gcc', 'make'], macros: { aaa: '1', bbb: '3' } }],
      ['fedora-41-x86_64', own],
      ['fedora-42-aarch64', { ...own, forcearch: 'aarch64' }],
    ]);
    const stated = { packages: ['gcc'], with: ['docs'], macros: { aaa: '1', bbb: '2' }, isolation: 'nspawn' };
    expect(found.get('q')?.get(fedora)).toEqual({ ...plainBuildroot, ...stated, network: true });
    expect([...(found.get('r')?.values() ?? [])].map(({ forcearch }) => forcearch)).toEqual([null, 'aarch64']);
  });

  test('is plain where nothing is said', () => {
    const found = buildrootsOf(`maintainers: [a]\nchroots: [fedora-42-x86_64]\npackages: { p: { ${gitSource} } }\n`);
    expect(found.get('p')).toEqual(new Map([[fedora, plainBuildroot]]));
  });
});

test('whatever options hold, parsing gives problems or a project and never throws', () => {
  const keys = fc.constantFrom(
    'packages',
    'repos',
    'with',
    'macros',
    'isolation',
    'modules',
    'forcearch',
    'network',
    'x',
  );
  const leaf = fc.oneof(
    fc.string(),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.constantFrom('auto', 'gcc', 'a:1'),
  );
  const value = fc.oneof(leaf, fc.array(leaf, { maxLength: 3 }), fc.dictionary(fc.string(), leaf, { maxKeys: 3 }));
  const options = fc.dictionary(keys, value, { maxKeys: 4 });
  const chroots = fc.oneof(value, fc.dictionary(fc.constantFrom(fedora, 'fedora-41-x86_64', 'x'), options));
  fc.assert(
    fc.property(chroots, options, (stated, more) => {
      const source = { type: 'git', url: 'https://a.example/a', ref: 'main' };
      const text = JSON.stringify({ maintainers: ['a'], chroots: stated, packages: { p: { source, ...more } } });
      const parsed = parseConfigRepo(treeOf({ 'coppice.yaml': policy, [projectPath]: text }));
      if (!parsed.ok) expect(parsed.problems.every(({ message, hint }) => message !== '' && hint !== '')).toBe(true);
    }),
    { numRuns: 120 },
  );
});
