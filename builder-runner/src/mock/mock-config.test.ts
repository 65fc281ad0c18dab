import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { plainBuildroot } from '@coppice/config';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { macroFile } from '../rpm/macro-file.ts';
import { baseConfig, type MockConfigInput, mockConfig } from './mock-config.ts';

const input: MockConfigInput = {
  id: 42,
  chroot: 'fedora-42-x86_64',
  root: 'coppice-fedora-42-x86_64-0123456789ab',
  chrootConfig: '/etc/mock/fedora-42-x86_64.cfg',
  macros: '/home/coppice/builds/42/macros',
  controlUrl: 'http://127.0.0.1:8400',
  timeoutSeconds: 3600,
  diskBytes: 1_000_000,
  memoryBytes: null,
  buildroot: plainBuildroot,
  builderHasNetwork: false,
  projectRepository: null,
  repos: [],
  keepsRoot: false,
};

const everything: MockConfigInput = {
  ...input,
  memoryBytes: 2 * 1024 ** 3,
  buildroot: {
    packages: ['cmake', 'pkgconfig(zlib)'],
    repos: [],
    with: ['tests'],
    without: ['docs'],
    macros: { vendor: 'The "Wood" {{ 1 }}', optflags: '-O2 %{?extra}' },
    isolation: 'simple',
    modules: ['nodejs:22', 'ruby:3.3'],
    forcearch: 'aarch64',
    network: true,
  },
  projectRepository: {
    name: 'acme/tools',
    url: 'http://127.0.0.1:8400/results/acme/tools/fedora-42-x86_64/',
    keyUrl: 'http://127.0.0.1:8400/results/acme/tools/pubkey.gpg',
  },
  repos: [
    {
      name: 'acme/libs',
      url: 'http://127.0.0.1:8400/results/acme/libs/fedora-42-x86_64/',
      keyUrl: 'http://127.0.0.1:8400/results/acme/libs/pubkey.gpg',
    },
    { url: 'https://example.org/r' },
    { missing: 'coppice://acme/new' },
  ],
};

test('a build without options gets the chroot, its bounds and nothing else', async () => {
  await expect(mockConfig(input)).toMatchFileSnapshot('testdata/plain.cfg');
});

/** One file for each thing that a project may say, so that a change shows what it changes. */
const single: Readonly<Record<string, Partial<MockConfigInput>>> = {
  packages: { buildroot: { ...plainBuildroot, packages: ['cmake', 'pkgconfig(zlib)', 'perl(Test::More)'] } },
  modules: { buildroot: { ...plainBuildroot, modules: ['nodejs:22', 'ruby:3.3'] } },
  forcearch: { buildroot: { ...plainBuildroot, forcearch: 's390x' } },
  simple: { buildroot: { ...plainBuildroot, isolation: 'simple', network: true }, builderHasNetwork: true },
  'network-off': { buildroot: { ...plainBuildroot, isolation: 'simple' }, builderHasNetwork: true },
  memory: { memoryBytes: 3 * 1024 ** 3 },
  repositories: { projectRepository: everything.projectRepository, repos: everything.repos },
};

test.for(Object.entries(single))('%s alone changes only its own lines', async ([name, changes]) => {
  await expect(mockConfig({ ...input, ...changes })).toMatchFileSnapshot(`testdata/${name}.cfg`);
});

test('every option, and repositories of this service whose packages are checked', async () => {
  await expect(mockConfig(everything)).toMatchFileSnapshot('testdata/everything.cfg');
  await expect(macroFile(everything.buildroot)).toMatchFileSnapshot('testdata/everything.macros');
});

test('the base root is made of what the chroot gives, and of nothing that the project has published', async () => {
  const base = baseConfig(everything);
  await expect(base).toMatchFileSnapshot('testdata/base.cfg');
  const { modules, forcearch } = everything.buildroot;
  const plain = { ...input, buildroot: { ...plainBuildroot, modules, forcearch, network: true } };
  expect(base).toBe(baseConfig(plain));
});

test('a build takes a root that is kept where one is, and leaves none of its own', () => {
  const folder = mkdtempSync(join(tmpdir(), 'coppice-kept-'));
  try {
    mkdirSync(join(folder, 'tools/root_cache'), { recursive: true });
    const configOf = (root: string, packages: string[] = []) =>
      mockConfig({ ...input, root, buildroot: { ...plainBuildroot, packages } }).replaceAll('/var/cache/mock', folder);
    writeFileSync(join(folder, 'tools/root_cache/cache.tar'), '');
    const answers = runAsPython([configOf('tools'), configOf('others'), configOf('tools', ['cmake'])]);
    expect(answers.map((answer) => answer.plugin_conf)).toMatchObject([
      { root_cache_enable: true, root_cache_opts: { compress_program: '' } },
      { root_cache_enable: false },
      { root_cache_enable: true, root_cache_opts: { age_check: false } },
    ]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('a root lies in memory where the builder bounds that, within the bounds, unless it has to stay', () => {
  const gib = 1024 ** 3;
  const configOf = (diskBytes: number, keepsRoot: boolean, most: number) =>
    `config_opts['coppice_disk_most_bytes'] = ${most}\n${mockConfig({ ...input, diskBytes, keepsRoot })}`;
  const configs = [
    configOf(gib, false, 4 * gib),
    configOf(9 * gib, false, 4 * gib),
    configOf(gib, true, 4 * gib),
    mockConfig(input),
  ];
  const answers = runAsPython(configs).map(({ plugin_conf }) => plugin_conf as Record<string, unknown>);
  expect(answers.map((conf) => conf.tmpfs_enable)).toEqual([true, true, false, undefined]);
  const sizes = answers.map((conf) => (conf.tmpfs_opts as { max_fs_size?: string } | undefined)?.max_fs_size);
  expect(sizes).toEqual([String(3 * gib), String(4 * gib), undefined, undefined]);
});

describe('the network of a build', () => {
  const isolationOf = (network: boolean, builderHasNetwork: boolean, isolation: 'auto' | 'simple' | 'nspawn') =>
    /'isolation'\] = "(\w+)"/.exec(
      mockConfig({ ...input, builderHasNetwork, buildroot: { ...plainBuildroot, network, isolation } }),
    )?.[1];

  test('is cut off by a container of its own where the builder has one, whatever isolation the project says', () => {
    const isolations = ['auto', 'simple', 'nspawn'] as const;
    expect(isolations.map((isolation) => isolationOf(false, true, isolation))).toEqual(['nspawn', 'nspawn', 'nspawn']);
  });

  test('leaves isolation to the project where the builder has none, or the project may use it', () => {
    const isolations = ['auto', 'simple', 'nspawn'] as const;
    for (const [network, builderHasNetwork] of [
      [false, false],
      [true, true],
      [true, false],
    ] as const) {
      expect(isolations.map((isolation) => isolationOf(network, builderHasNetwork, isolation))).toEqual([
        undefined,
        'simple',
        'nspawn',
      ]);
    }
  });

  test('is off unless the project says otherwise', () => {
    expect(mockConfig(input)).toContain("config_opts['rpmbuild_networking'] = False\n");
    expect(mockConfig(everything)).toContain("config_opts['rpmbuild_networking'] = True\n");
  });
});

/** Runs configurations as mock does, and gives back what they set. */
function runAsPython(configs: readonly string[]): Record<string, unknown>[] {
  const program = `
import json, sys
answers = []
for text in json.load(sys.stdin):
    config_opts = {'dnf.conf': '', 'plugin_conf': {}}
    exec(compile(text, 'build.cfg', 'exec'), {'config_opts': config_opts, 'include': lambda path: None})
    answers.append(config_opts)
print(json.dumps(answers))`;
  return JSON.parse(
    execFileSync('python3', ['-c', program], { input: JSON.stringify(configs), encoding: 'utf8' }),
  ) as Record<string, unknown>[];
}

const hostile = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom(
    '"',
    "'''",
    '"""\nimport os\n',
    '\\',
    '\\"',
    '\n[evil]\nbaseurl=x',
    '{{ 1 + 1 }}',
    '{% for %}',
    '\u2028',
    '\r',
  ),
  fc
    .array(fc.constantFrom('"', "'", '\\', '\n', '{', '}', '%', '#', '$', '(', ')'), { maxLength: 12 })
    .map((all) => all.join('')),
);

test('nothing that people write leaves its Python string, its line or becomes a template', () => {
  const texts = fc.sample(hostile, { numRuns: 300, seed: 7 });
  const configs = texts.map((text) =>
    mockConfig({
      ...input,
      buildroot: { ...plainBuildroot, packages: [text], modules: [text], with: [text], macros: { [text]: text } },
      repos: [{ url: `https://x/${text}` }, { missing: text }],
      projectRepository: { name: text, url: text, keyUrl: text },
    }),
  );
  const keys = Object.keys(runAsPython([configs[0] as string])[0] as object).sort();
  for (const answer of runAsPython(configs)) {
    expect(Object.keys(answer).sort()).toEqual(keys);
    const conf = answer['dnf.conf'] as string;
    expect(conf.split(/[\r\n\u0085\u2028\u2029]/).filter((line) => line.startsWith('['))).toEqual([
      '[coppice-project]',
      '[coppice-extra-1]',
    ]);
    expect(JSON.stringify(answer)).not.toMatch(/\{[{%#]/);
  }
});

describe('macros', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'coppice-macros-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('reach rpm as they were written, templates and quotes included', () => {
    const macros = {
      quoted: `it's "so" {{ x }}`,
      template: '{%% if %%}{#n}',
      nested: 'a%{?undefined_macro}b',
      plain: '1',
    };
    const file = join(folder, 'macros');
    writeFileSync(file, macroFile({ macros, with: ['tests'], without: ['docs'] }));
    const ask = '%{quoted}|%{template}|%{nested}|%{plain}|%{_with_tests}|%{_without_docs}';
    const said = execFileSync('rpm', ['--load', file, '--eval', ask], { encoding: 'utf8' });
    expect(said).toBe(`it's "so" {{ x }}|{% if %}{#n}|ab|1|--with-tests|--without-docs\n`);
  });

  test('are one line each, whatever they hold', () => {
    fc.assert(
      fc.property(hostile, hostile, (name, text) => {
        const lines = macroFile({ macros: { [name]: text }, with: [], without: [] });
        expect(lines.split(/[\r\n\u0085\u2028\u2029]/)).toHaveLength(2);
      }),
    );
  });
});
