// The file that `dnf copr enable OWNER/PROJECT` fetches. Pure.
// Source of its form: https://github.com/fedora-copr/copr (coprs_frontend, `copr_dir.repo`) and the dnf copr plugin,
// which recognises its repositories by the section name `copr:HOST:OWNER:PROJECT`, the host without a port, and those
// that they need by `coprdep:`.
import {
  type ChrootName,
  chrootOf,
  namePattern,
  plainTerms,
  projectOfRepository,
  published,
  type RepoOptions,
  type RepoTerms,
  releaseInAddress,
} from '@coppice/config';
import { multilibOptions, type ProjectPart, type RepoPart, repoParts } from './repo-parts.ts';

/**
 * The text of `dnf.repo`. `url` is the service's public address, without a slash at the end; `terms` those of the
 * project, also for a sandbox of it.
 */
export function dnfRepo(
  url: string,
  owner: string,
  project: string,
  chroot: ChrootName,
  terms: RepoTerms = plainTerms,
): string {
  const { own, needed } = repoParts(new URL(url).hostname, owner, project, terms);
  const { distribution, release } = chrootOf(chroot);
  const inAddress = releaseInAddress({ distribution, release });
  const ours = (part: ProjectPart, architecture = '$basearch') => {
    const base = `${url}/${published.project(part.owner, part.project)}/${distribution}-${inAddress}-${architecture}/`;
    return section(part, base, `${url}/${published.publicKey(part.owner, part.project)}`, 'signed metadata');
  };
  const companion = terms.multilib.get(`${distribution}-${release}`);
  const multilib = companion === undefined ? [] : [ours(multilibPart(own, companion), companion)];
  const others = needed.map((part) =>
    // Nobody said whether its metadata is signed as well.
    'url' in part ? section(part, part.url, part.key) : ours(part),
  );
  return [ours(own), ...multilib, ...others].join('\n');
}

/** What the plugin takes for the 32-bit repository of the one before it. */
function multilibPart(own: ProjectPart, architecture: string): ProjectPart {
  return { ...own, id: `${own.id}:ml`, name: `${own.name} (${architecture})`, options: multilibOptions(own.options) };
}

function section({ id, name, options }: RepoPart, base: string, key: string | null, metadata?: 'signed metadata') {
  return `[${id}]
name=${name}
baseurl=${base}
type=rpm-md
skip_if_unavailable=True
${key === null ? 'gpgcheck=0' : `gpgcheck=1\ngpgkey=${key}`}
repo_gpgcheck=${metadata === undefined ? 0 : 1}
enabled=1
enabled_metadata=1
${optionLines(options)}`;
}

function optionLines({ priority, cost, moduleHotfixes }: RepoOptions): string {
  const lines = [
    ...(priority === null ? [] : [`priority=${priority}`]),
    ...(cost === null ? [] : [`cost=${cost}`]),
    ...(moduleHotfixes ? ['module_hotfixes=1'] : []),
  ];
  return lines.map((line) => `${line}\n`).join('');
}

/** `coppice://acme/tools` → its parts; undefined for every other address. */
export function coppiceProject(address: string): { readonly owner: string; readonly name: string } | undefined {
  const [owner = '', name = '', ...more] = projectOfRepository(address)?.replace(/\/$/, '').split('/') ?? [];
  return more.length === 0 && namePattern.test(owner) && namePattern.test(name) ? { owner, name } : undefined;
}
