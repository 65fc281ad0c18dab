// The file that `dnf copr enable OWNER/PROJECT` fetches. Pure.
// Source of its form: https://github.com/fedora-copr/copr (coprs_frontend, `copr_repo.jinja`) and the dnf copr plugin, which
// recognises its repositories by the section name `copr:HOST:OWNER:PROJECT`, the host without a port.
import { type ChrootName, chrootOf, published } from '@coppice/config';

/** The text of `dnf.repo`. `url` is the service's public address, without a slash at the end. */
export function dnfRepo(url: string, owner: string, project: string, chroot: ChrootName): string {
  const { distribution, release } = chrootOf(chroot);
  const base = `${url}/${published.project(owner, project)}/${distribution}-${release}-$basearch/`;
  return `[copr:${new URL(url).hostname}:${owner}:${project}]
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
