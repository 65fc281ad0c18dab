// The mock configuration of one build, as text. Pure; the same file serves real mock and mock-lite, which both run it as Python.
// Source of the keys: https://github.com/rpm-software-management/mock/blob/main/mock/docs/site-defaults.cfg

export interface MockConfigInput {
  readonly id: number;
  readonly chroot: string;
  /** Absolute path, on the builder, of the chroot's configuration. */
  readonly chrootConfig: string;
  /** Where the builder reaches the control host's published tree, without a slash at the end. */
  readonly controlUrl: string;
  readonly timeoutSeconds: number;
  readonly diskBytes: number;
  /** The project's own repository, when it has one already. */
  readonly projectRepository: { readonly name: string; readonly url: string; readonly keyUrl: string } | null;
  /** Further dnf base URLs. */
  readonly repos: readonly string[];
}

/** The text of the build's mock configuration. Nothing in it comes from the package itself. */
export function mockConfig(input: MockConfigInput): string {
  const repositories = repositoryText(input);
  return `# Build ${input.id} for ${input.chroot}.
config_opts['coppice_control'] = ${python(input.controlUrl)}
include(${python(input.chrootConfig)})
config_opts['root'] = ${python(`coppice-${input.id}-${input.chroot}`)}
config_opts['rpmbuild_timeout'] = ${Math.ceil(input.timeoutSeconds)}
config_opts['rpmbuild_networking'] = False
config_opts['use_host_resolv'] = False
config_opts['coppice_disk_quota_bytes'] = ${Math.floor(input.diskBytes)}
${repositories === '' ? '' : `config_opts['dnf.conf' if 'dnf.conf' in config_opts else 'yum.conf'] += ${python(repositories)}\n`}`;
}

function repositoryText(input: MockConfigInput): string {
  const sections: string[] = [];
  const own = input.projectRepository;
  if (own !== null) {
    sections.push(
      section('coppice-project', {
        name: own.name,
        baseurl: own.url,
        gpgcheck: '1',
        repo_gpgcheck: '1',
        gpgkey: own.keyUrl,
        // A rebuild may follow seconds after the package that it needs: never trust an older copy.
        metadata_expire: '0',
        enabled: '1',
      }),
    );
  }
  for (const [index, url] of input.repos.entries()) {
    // Nobody said which key such a repository is signed with, so its packages cannot be checked.
    sections.push(
      section(`coppice-extra-${index + 1}`, {
        name: url,
        baseurl: url,
        gpgcheck: '0',
        repo_gpgcheck: '0',
        enabled: '1',
      }),
    );
  }
  return sections.length === 0 ? '' : `\n${sections.join('\n')}`;
}

function section(id: string, options: Readonly<Record<string, string>>): string {
  const lines = Object.entries(options).map(([key, value]) => `${key}=${plainValue(value)}`);
  return `[${id}]\n${lines.join('\n')}\n`;
}

/** Values stay on their line, and mock's own templates (`{{ … }}`) are not for projects. */
function plainValue(value: string): string {
  return value
    .replace(/[\r\n]/g, ' ')
    .replaceAll('{', '%7B')
    .replaceAll('}', '%7D');
}

/** A Python string literal: JSON's escapes are a subset of Python's. */
function python(text: string): string {
  return JSON.stringify(text);
}
