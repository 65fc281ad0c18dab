// `dnf copr enable` of dnf 5, step by step as its source does it (dnf5-plugins/copr_plugin of
// https://github.com/rpm-software-management/dnf5, commit 8a8e2348: copr_config.cpp, copr_repo.cpp, copr_repo.hpp,
// helpers.cpp), for tests on systems that do not package it. What the source would crash over is a TypeError here.

interface Machine {
  /** `ID` of os-release. */
  readonly distribution: string;
  /** `VERSION_ID` of it. */
  readonly release: string;
  /** dnf's `$arch`. */
  readonly arch: string;
}

/** Where the hub is, as a section of `copr.d` says it. */
interface Hub {
  readonly hostname: string;
  readonly protocol: string;
  readonly port: string;
}

interface Part {
  id: string;
  name: string;
  baseurl: string;
  gpgkey: string;
  priority: number;
  cost: number;
  moduleHotfixes: boolean;
}

// biome-ignore lint/suspicious/noExplicitAny: JSON as json-c gives it, whose shape the source never checks
type Json = any;

/** The address that is asked (CoprConfig::get_repo_url). */
export function dnf5RepoUrl(hub: Hub, owner: string, dirname: string, { distribution, release }: Machine): string {
  return `${hub.protocol}://${hub.hostname}:${hub.port}/api_3/rpmrepo/${owner}/${dirname}/${distribution}-${release}/`;
}

/** The file that is written, with its name, from the JSON that was answered. Throws what the user is told. */
export function dnf5CoprEnable(
  json: Json,
  spec: { readonly hub: Hub; readonly owner: string; readonly dirname: string; readonly chroot?: string },
  machine: Machine,
): { readonly name: string; readonly text: string } {
  const { hub, owner, dirname } = spec;
  const chroots = new Set<string>();
  for (const nameVersion of Object.keys(json.repos)) {
    for (const arch of Object.keys(json.repos[nameVersion].arch)) chroots.add(`${nameVersion}-${arch}`);
  }
  if (!Object.keys(json.directories).includes(dirname)) throw new Error(`Directory '${owner}/${dirname}' not found`);
  let { arch } = machine;
  let baseurlChroot = '';
  let selector = '';
  if (spec.chroot !== undefined) {
    baseurlChroot = spec.chroot;
    if (!chroots.has(spec.chroot)) throw new Error(`Chroot not found (${spec.chroot}): ${[...chroots].join()}`);
    const dash = spec.chroot.lastIndexOf('-');
    [selector, arch] = [spec.chroot.slice(0, dash), spec.chroot.slice(dash + 1)];
  } else {
    [baseurlChroot, selector] = repoTriplet(chroots, `${machine.distribution}-${machine.release}`, arch);
    if (baseurlChroot === '') throw new Error(`Chroot not found: ${[...chroots].join()}`);
  }
  const id = `copr:${hub.hostname}:${owner}:${dirname}`;
  const results: string = json.results_url.toString();
  const name = `Copr repo for ${dirname} owned by ${owner}`;
  const gpgkey: string = json.pubkey_url ?? `${results}/${owner}/${dirname.replace(/:.*/, '')}/pubkey.gpg`;
  const parts = new Map<string, Part>();
  const add = (part: Part) => void parts.set(part.id, part);
  const main = json.repos[selector].arch[arch];
  const at = (chroot: string) => `${results}/${owner}/${dirname}/${chroot}/`;
  add(withOpts({ ...plain, id, name, baseurl: at(baseurlChroot), gpgkey }, main));
  if (spec.chroot === undefined && main.multilib !== undefined) {
    Object.keys(main.multilib).forEach((key, index) => {
      const part = { ...plain, id: `${id}:ml${index || ''}`, name: `${name} (${key})`, gpgkey };
      const baseurl = at(baseurlChroot.replaceAll('$basearch', key));
      add(withOpts(withOpts({ ...part, baseurl }, main), main.multilib[key]));
    });
  }
  for (let index = 0; index < json.dependencies.length; index += 1) {
    const dependency = json.dependencies[index];
    const type: string = dependency.type.toString();
    const part = withOpts({ ...plain }, dependency);
    if (type === 'copr') {
      const place = `${results}/${dependency.data.owner}/${dependency.data.projectname}`;
      add({ ...part, gpgkey: `${place}/pubkey.gpg`, baseurl: `${place}/${baseurlChroot}/` });
    } else if (type === 'external_baseurl') {
      const distname = baseurlChroot.replace(/-[^-]+-[^-]+$/, '');
      const pattern: string = dependency.data.pattern.toString();
      add({ ...part, baseurl: pattern.replaceAll('$chroot', () => baseurlChroot).replaceAll('$distname', distname) });
    }
  }
  const sorted = [...parts.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
  return { name: `_copr:${hub.hostname}:${owner}:${dirname}.repo`, text: sorted.map(say).join('\n') };
}

const plain: Part = { id: '', name: '', baseurl: '', gpgkey: '', priority: 99, cost: 0, moduleHotfixes: false };

/** CoprRepoPart::update_from_json_opts. */
function withOpts(part: Part, json: Json): Part {
  if (json.opts === undefined) return part;
  const changed = { ...part };
  for (const [key, value] of Object.entries(json.opts as Record<string, Json>)) {
    const text = value.toString();
    if (key === 'cost') changed.cost = Number.parseInt(text, 10);
    else if (key === 'priority') changed.priority = Number.parseInt(text, 10);
    else if (key === 'module_hotfixes') changed.moduleHotfixes = ['1', 'True', 'true'].includes(text);
    else if (key === 'id') changed.id = text;
    else if (key === 'name') changed.name = text;
  }
  return changed;
}

/** get_repo_triplet, and repo_fallbacks of helpers.cpp. */
function repoTriplet(chroots: ReadonlySet<string>, nameVersion: string, arch: string): [string, string] {
  for (const each of fallbacks(nameVersion)) {
    if (!chroots.has(`${each}-${arch}`)) continue;
    if (each === 'fedora-eln') return [`${each}-$basearch`, each];
    for (const followed of ['fedora', 'opensuse-leap']) {
      if (each.startsWith(`${followed}-`)) return [`${followed}-$releasever-$basearch`, each];
    }
    if (each.startsWith('mageia')) {
      return [`mageia-${each.endsWith('cauldron') ? 'cauldron' : '$releasever'}-$basearch`, each];
    }
    return [`${each}-$basearch`, each];
  }
  return ['', ''];
}

function fallbacks(nameVersion: string): readonly string[] {
  if (/^eln-([0-9]+)$/.test(nameVersion)) return [nameVersion, 'fedora-eln'];
  const [, name, major, minor] = /^(rhel|centos|almalinux)-([0-9]+)(?:.([0-9]+))?$/.exec(nameVersion) ?? [];
  if (name === undefined) return [nameVersion];
  return [nameVersion, ...(minor === undefined ? [] : [`${name}-${major}`]), `epel-${major}`];
}

/** `operator<<` of CoprRepoPart. */
function say(part: Part): string {
  return [
    `[${part.id}]`,
    `name=${part.name}`,
    `baseurl=${part.baseurl}`,
    'type=rpm-md',
    'skip_if_unavailable=True',
    `gpgcheck=${part.gpgkey === '' ? 0 : 1}`,
    ...(part.gpgkey === '' ? [] : [`gpgkey=${part.gpgkey}`]),
    'repo_gpgcheck=0',
    ...(part.cost !== 0 && part.cost !== 1000 ? [`cost=${part.cost}`] : []),
    'enabled=1',
    'enabled_metadata=1',
    ...(part.priority === 99 ? [] : [`priority=${part.priority}`]),
    ...(part.moduleHotfixes ? ['module_hotfixes=1'] : []),
    '',
  ].join('\n');
}
