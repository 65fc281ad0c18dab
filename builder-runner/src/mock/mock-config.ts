// The mock configuration of one build, as text. Pure; the same file serves real mock and mock-lite, which both run it
// as Python. Source of the keys: https://github.com/rpm-software-management/mock/blob/main/mock/docs/site-defaults.cfg
import { type Buildroot, plainBuildroot } from '@coppice/config';
import { oneLine } from '../rpm/macro-file.ts';

/** A signed repository of this service, as the builder reaches it. */
export interface OwnRepository {
  /** `owner/project`. */
  readonly name: string;
  readonly url: string;
  readonly keyUrl: string;
}

/**
 * A repository besides the chroot's and the project's: one of this service, an address, or one that does not exist
 * (yet).
 */
export type FurtherRepository =
  | OwnRepository
  | { readonly url: string; readonly keyUrl?: undefined }
  | { readonly missing: string };

export interface MockConfigInput {
  readonly id: number;
  readonly chroot: string;
  /** Under which mock keeps what it downloads and the base root; letters, digits and `._+-`: see base-root.ts. */
  readonly root: string;
  /** Absolute path, on the builder, of the chroot's configuration. */
  readonly chrootConfig: string;
  /** Absolute path, on the builder, of the build's macros (see `rpm/macro-file.ts`). */
  readonly macros: string;
  /** Where the builder reaches the control host's published tree, without a slash at the end. */
  readonly controlUrl: string;
  readonly timeoutSeconds: number;
  readonly diskBytes: number;
  /** Upper bound of the build's memory; null: none. */
  readonly memoryBytes: number | null;
  readonly buildroot: Buildroot;
  /** False when the builder itself reaches no network, so that `simple` isolation is as good as a container. */
  readonly builderHasNetwork: boolean;
  /** The project's own repository, when it has one already. */
  readonly projectRepository: OwnRepository | null;
  readonly repos: readonly FurtherRepository[];
  /** Whether another command goes on in the root that this one leaves. */
  readonly keepsRoot: boolean;
}

/**
 * The text of the configuration for the base root that builds of this one begin with: what the chroot alone gives, and
 * nothing of the project's repositories and packages.
 */
export function baseConfig(input: MockConfigInput): string {
  const { chroot, buildroot } = input;
  const lines = [
    `# The base root of builds for ${chroot}.`,
    ...chrootLines(input),
    `config_opts['unique-ext'] = 'base'`,
    `config_opts['plugin_conf']['root_cache_enable'] = True`,
    ...pluginLines,
    ...memoryRootLines({ diskBytes: 0, keepsRoot: false }),
    ...isolationLines({ ...input, buildroot: plainBuildroot }),
    ...rootSetupLines({ ...buildroot, packages: [] }),
  ];
  return `${lines.join('\n')}\n`;
}

/** The text of the build's mock configuration. What people wrote stands in it only as Python string literals. */
export function mockConfig(input: MockConfigInput): string {
  const { buildroot } = input;
  const lines = [
    `# Build ${input.id} for ${input.chroot}.`,
    ...chrootLines(input),
    ...rootLines(input),
    `config_opts['rpmbuild_timeout'] = ${Math.ceil(input.timeoutSeconds)}`,
    `config_opts['rpmbuild_networking'] = ${pythonBoolean(buildroot.network)}`,
    `config_opts['use_host_resolv'] = ${pythonBoolean(buildroot.network)}`,
    `config_opts['coppice_disk_quota_bytes'] = ${Math.floor(input.diskBytes)}`,
    `config_opts['macrofile'] = ${python(input.macros)}`,
    ...isolationLines(input),
    ...memoryLines(input.memoryBytes),
    ...rootSetupLines(buildroot),
    ...repositoryLines(input),
  ];
  return `${lines.join('\n')}\n`;
}

function chrootLines({ controlUrl, chrootConfig, root }: MockConfigInput): readonly string[] {
  return [
    `config_opts['coppice_control'] = ${python(controlUrl)}`,
    `include(${python(chrootConfig)})`,
    `config_opts['root'] = ${python(root)}`,
  ];
}

/**
 * mock's cache of roots is one plain file, which it unpacks: that takes a second and works on every builder. To
 * compress it takes longer than all the rest. Its snapshots (overlayfs, LVM) are quicker where they work, but a mock
 * that was killed leaves their locks to all later builds, and in a user namespace overlayfs without `userxattr` fails.
 */
const pluginLines: readonly string[] = [
  "config_opts['plugin_conf'].setdefault('root_cache_opts', {})['compress_program'] = ''",
  ...['overlayfs', 'lvm_root'].map((plugin) => `config_opts['plugin_conf']['${plugin}_enable'] = False`),
];

/**
 * Where the builder bounds what builds may hold in memory, as the driver `local` does, mock's root lies there as
 * mock-lite's layer does, within the same bounds: to write a whole root to a disk takes longer than a small build.
 */
function memoryRootLines({
  diskBytes,
  keepsRoot,
}: Pick<MockConfigInput, 'diskBytes' | 'keepsRoot'>): readonly string[] {
  if (keepsRoot) return ["config_opts['plugin_conf']['tmpfs_enable'] = False"];
  const most = "config_opts['coppice_disk_most_bytes']";
  const quota = Math.floor(diskBytes);
  return [
    "if config_opts.get('coppice_disk_most_bytes'):",
    "    config_opts['plugin_conf']['tmpfs_enable'] = True",
    "    config_opts['plugin_conf'].setdefault('tmpfs_opts', {}).update(",
    "        required_ram_mb=0, keep_mounted=False, mode='0755',",
    `        max_fs_size=str(${quota === 0 ? most : `min(${quota} + ${baseBytes}, ${most})`}),`,
    '    )',
  ];
}

/** The base root is not the build's: its quota is for what comes on top. */
const baseBytes = 2 * 1024 ** 3;

/**
 * A root of the build's own. What mock downloads for it is kept under its name without the extension, for all builds of
 * a chroot on this builder, and so is the base root. A build takes that, and never leaves its own instead: packages
 * that its project has published would go on in later builds. What the project adds to the root is installed over the
 * base, which mock does for a root that it does not judge by its age.
 */
function rootLines(input: MockConfigInput): readonly string[] {
  const { id, root, buildroot } = input;
  const cache = python(`/var/cache/mock/${root}/root_cache/cache.tar`);
  const adds = buildroot.packages.length > 0;
  return [
    `config_opts['unique-ext'] = ${python(String(id))}`,
    `config_opts['plugin_conf']['root_cache_enable'] = __import__('os').path.exists(${cache})`,
    ...pluginLines,
    ...memoryRootLines(input),
    ...(adds ? ["config_opts['plugin_conf']['root_cache_opts']['age_check'] = False"] : []),
  ];
}

/**
 * Real mock's `simple` isolation leaves the network open, whatever `rpmbuild_networking` says. So a build without
 * network gets a container of its own wherever the builder has a network, even where the project says `simple`: no
 * network weighs more.
 */
function isolationLines({ buildroot, builderHasNetwork }: MockConfigInput): readonly string[] {
  const { isolation, network } = buildroot;
  const chosen = !network && builderHasNetwork ? 'nspawn' : isolation;
  return chosen === 'auto' ? [] : [`config_opts['isolation'] = ${python(chosen)}`];
}

/** mock-lite bounds each process of the build; mock's container is bounded as a whole. */
function memoryLines(bytes: number | null): readonly string[] {
  if (bytes === null) return [];
  const property = python(`--property=MemoryMax=${Math.floor(bytes)}`);
  return [
    `config_opts['coppice_memory_bytes'] = ${Math.floor(bytes)}`,
    `config_opts['nspawn_args'] = config_opts.get('nspawn_args', []) + [${property}]`,
  ];
}

function rootSetupLines({ packages, modules, forcearch }: Buildroot): readonly string[] {
  const enabled = modules.map((module) => `('enable', ${python(plainValue(module))})`).join(', ');
  return [
    ...(packages.length === 0
      ? []
      : [`config_opts['chroot_additional_packages'] = ${python(packages.map(plainValue).join(' '))}`]),
    ...(modules.length === 0 ? [] : [`config_opts['module_setup_commands'] = [${enabled}]`]),
    ...(forcearch === null ? [] : [`config_opts['forcearch'] = ${python(forcearch)}`]),
  ];
}

function repositoryLines(input: MockConfigInput): readonly string[] {
  const sections: string[] = [];
  const missing: string[] = [];
  if (input.projectRepository !== null) sections.push(ownSection('coppice-project', input.projectRepository));
  for (const [index, repository] of input.repos.entries()) {
    const id = `coppice-extra-${index + 1}`;
    if ('missing' in repository) missing.push(`# ${plainValue(repository.missing)} has no repository for this chroot.`);
    else if (repository.keyUrl !== undefined) sections.push(ownSection(id, repository));
    else sections.push(foreignSection(id, repository.url));
  }
  if (sections.length === 0) return missing;
  const text = python(`\n${sections.join('\n')}`);
  return [...missing, `config_opts['dnf.conf' if 'dnf.conf' in config_opts else 'yum.conf'] += ${text}`];
}

/**
 * Packages are checked with the project's key. The metadata comes from the control host itself, through the connection
 * in which it knows the builder by its key, and from nobody in between: a signature would say no more, and dnf takes a
 * keyring of its own to check it each time.
 */
function ownSection(id: string, { name, url, keyUrl }: OwnRepository): string {
  return section(id, {
    name,
    baseurl: url,
    gpgcheck: '1',
    repo_gpgcheck: '0',
    gpgkey: keyUrl,
    // A rebuild may follow seconds after the package that it needs: never trust an older copy.
    metadata_expire: '0',
    enabled: '1',
  });
}

/** Nobody said which key such a repository is signed with, so its packages cannot be checked. */
function foreignSection(id: string, url: string): string {
  return section(id, { name: url, baseurl: url, gpgcheck: '0', repo_gpgcheck: '0', enabled: '1' });
}

function section(id: string, options: Readonly<Record<string, string>>): string {
  const lines = Object.entries(options).map(([key, value]) => `${key}=${plainValue(value)}`);
  return `[${id}]\n${lines.join('\n')}\n`;
}

/** Values stay on their line, and mock's own templates (`{{ … }}`) are not for projects. */
function plainValue(value: string): string {
  return oneLine(value).replaceAll('{', '%7B').replaceAll('}', '%7D');
}

/** A Python string literal: JSON's escapes are a subset of Python's. */
function python(text: string): string {
  return JSON.stringify(text.toWellFormed());
}

function pythonBoolean(value: boolean): string {
  return value ? 'True' : 'False';
}
