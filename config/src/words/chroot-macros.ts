// The macros by which specs tell distributions apart, as the chroots of a build have them: from the name of the chroot
// and from its configuration in the config repo. Pure.
import { parseChroot } from './chroot.ts';

type Macros = Readonly<Record<string, string>>;

/** What this machine may be itself: none of these counts for a chroot of another distribution. */
export const distributionMacros = [
  ...['dist', 'fedora', 'rhel', 'centos', 'epel', 'eln', 'amzn', 'mageia', 'openEuler', 'debian', 'ubuntu'],
  ...['suse_version', 'sle_version', 'is_opensuse', 'sapling'],
] as const;

/** What it adds where a project bootstraps: https://docs.fedoraproject.org/en-US/packaging-guidelines/#bootstrapping */
const bootstrapped = '%{?with_bootstrap:~bootstrap}';

const enterprise = /^(epel|rhel|centos|centos-stream|almalinux|rocky|oraclelinux|eurolinux|circlelinux)$/;

/**
 * Macros of a chroot. `config` is the text of its `chroots/<chroot>.cfg`, '' where there is none. What is not known (a
 * release without a number, the minor release of EPEL 10) is left out.
 */
export function chrootMacros(chroot: string, config: string): Macros {
  return { ...byName(chroot), ...byConfig(config) };
}

const others = ['fedora', 'amazonlinux', 'mageia', 'openeuler', 'opensuse-leap', 'sapling'];

/**
 * What a macro of distributions is in a chroot: null when it is surely none there, undefined when that is not known (or
 * it is no macro of distributions).
 */
export function distributionMacro(chroot: string, name: string): string | null | undefined {
  if (!(distributionMacros as readonly string[]).includes(name) && !/^(?:fc|el)\d+$/.test(name)) return undefined;
  const known = byName(chroot)[name];
  if (known !== undefined) return known;
  const { distribution = '', release = '' } = parseChroot(chroot) ?? {};
  const [base = ''] = distribution.split('+');
  const isKnown = (enterprise.test(base) || others.includes(base)) && /^\d/.test(release);
  return isKnown && name !== 'dist' ? null : undefined;
}

function byName(chroot: string): Macros {
  const { distribution = '', release = '' } = parseChroot(chroot) ?? {};
  // `centos-stream+epel-9`: a distribution with EPEL.
  const [base = '', ...with_] = distribution.split('+');
  const [number] = /^\d+/.exec(release) ?? [];
  if (number === undefined) return {};
  if (base === 'fedora') return { fedora: number, [`fc${number}`]: '1', dist: `.fc${number}${bootstrapped}` };
  if (enterprise.test(base)) {
    const isEpel = base === 'epel' || with_.includes('epel');
    const hasMinor = isEpel && Number(number) >= 10;
    return {
      ...{ rhel: number, [`el${number}`]: '1' },
      ...(base.startsWith('centos') ? { centos: number } : {}),
      ...(isEpel ? { epel: number } : {}),
      ...(hasMinor ? {} : { dist: `.el${number}${Number(number) >= 9 ? bootstrapped : ''}` }),
    };
  }
  switch (base) {
    case 'amazonlinux':
      return { amzn: number, dist: `.amzn${number}` };
    case 'mageia':
      return { mageia: number, dist: `.mga${number}` };
    case 'openeuler':
      return { dist: `.oe${release.replaceAll(/[^0-9]/g, '')}` };
    case 'opensuse-leap':
      return { is_opensuse: '1', ...suse(release) };
    case 'sapling':
      return { dist: `.sap${number}` };
    default:
      return {};
  }
}

/** https://en.opensuse.org/openSUSE:Packaging_for_Leap#RPM_Distro_Version_Macros */
function suse(release: string): Macros {
  const [, major = '', minor = '0'] = /^(\d+)(?:\.(\d+))?/.exec(release) ?? [];
  return { suse_version: `${major}00`, ...(major === '15' ? { sle_version: `15${minor.padStart(2, '0')}00` } : {}) };
}

const maximumMacros = 200;
const distLine = /^\s{0,20}config_opts\[['"]dist['"]\]\s{0,20}=\s{0,20}['"]([A-Za-z0-9._~]{1,30})['"]/;
const macroLine =
  /^\s{0,20}config_opts\[['"]macros['"]\]\[['"]%?(\w{1,64})['"]\]\s{0,20}=\s{0,20}(['"])(.{0,1000})\2\s{0,20}$/;

/** Plain assignments; the file is a program, and is not run here. Macros weigh more than mock's short name `dist`. */
function byConfig(config: string): Macros {
  const found: Record<string, string> = {};
  let dist: string | undefined;
  for (const line of config.split('\n')) {
    dist = distLine.exec(line)?.[1] ?? dist;
    const [, name, , body] = macroLine.exec(line) ?? [];
    if (name !== undefined && body !== undefined && Object.keys(found).length < maximumMacros) found[name] = body;
  }
  return { ...(dist === undefined ? {} : { dist: `.${dist}` }), ...found };
}
