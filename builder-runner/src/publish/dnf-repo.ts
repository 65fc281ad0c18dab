// The file that `dnf copr enable OWNER/PROJECT` fetches. Pure.
// Source of its form: https://github.com/fedora-copr/copr (coprs_frontend, `copr_repo.jinja`) and the dnf copr plugin,
// which recognises its repositories by the section name `copr:HOST:OWNER:PROJECT`, the host without a port, and those
// that they need by `coprdep:HOST:OWNER:PROJECT`.
import { createHash } from 'node:crypto';
import { type ChrootName, chrootOf, isPathName, isPathProject, published, readSandbox } from '@coppice/config';

/** Who tries a pull request wants its packages, also where the project has newer ones by now. dnf's default is 99. */
const PREFERRED = 'priority=90\n';

/**
 * The text of `dnf.repo`. `url` is the service's public address, without a slash at the end; `runtimeRepos` are what
 * the packages need besides: projects of this service (`coppice://owner/project`, with their keys) and addresses.
 */
export function dnfRepo(
  url: string,
  owner: string,
  project: string,
  chroot: ChrootName,
  runtimeRepos: readonly string[] = [],
): string {
  const host = new URL(url).hostname;
  const own = ownSection(`copr:${host}:${owner}:${project}`, url, owner, project, chroot);
  const needed = [...new Set(runtimeRepos)].map((address) => {
    const other = coppiceProject(address);
    if (other === undefined) return foreignSection(address);
    return ownSection(`coprdep:${host}:${other.owner}:${other.name}`, url, other.owner, other.name, chroot);
  });
  return [readSandbox(project) === undefined ? own : `${own}${PREFERRED}`, ...needed].join('\n');
}

function ownSection(id: string, url: string, owner: string, project: string, chroot: ChrootName): string {
  const { distribution, release } = chrootOf(chroot);
  const base = `${url}/${published.project(owner, project)}/${distribution}-${release}-$basearch/`;
  return `[${id}]
name=Coppice repository ${owner}/${project}
baseurl=${base}
type=rpm-md
skip_if_unavailable=True
gpgcheck=1
gpgkey=${url}/${published.publicKey(owner, project)}
repo_gpgcheck=1
enabled=1
enabled_metadata=1
`;
}

/** Nobody said which key such a repository is signed with. */
function foreignSection(address: string): string {
  const plain = address.replace(/[^\x21-\x7e]/g, (character) => encodeURIComponent(character.toWellFormed()));
  return `[coppice_external_${foreignId(address)}]
name=External repository ${plain}
baseurl=${plain}
type=rpm-md
skip_if_unavailable=True
gpgcheck=0
repo_gpgcheck=0
enabled=1
enabled_metadata=1
`;
}

/** The address in letters that ids may have, and so much of its hash that two addresses differ. */
function foreignId(address: string): string {
  const words = address.replace(/^https?:\/\//, '').replace(/[^A-Za-z0-9]+/g, '_');
  return `${words.slice(0, 60).replace(/_+$/, '')}_${createHash('sha256').update(address).digest('hex').slice(0, 8)}`;
}

/** `coppice://acme/tools` → its parts; undefined for every other address. */
export function coppiceProject(address: string): { readonly owner: string; readonly name: string } | undefined {
  const match = /^coppice:\/\/([^/]+)\/([^/]+?)\/?$/.exec(address);
  const [owner = '', name = ''] = match?.slice(1) ?? [];
  return isPathName(owner) && isPathProject(name) ? { owner, name } : undefined;
}
