// Package URLs of RPMs, https://github.com/package-url/purl-spec/blob/main/types-doc/rpm-definition.md. Pure.
import type { Nevra } from '@coppice/config';
import { PackageURL } from 'packageurl-js';

/**
 * `pkg:rpm/hello@2.12-1?arch=x86_64&distro=fedora-42`. Without a namespace: that would say who made a package, which
 * neither its header nor the list of a buildroot proves. `repository`: the address of the repository it is in.
 */
export function packageUrl(nevra: Nevra, distribution: string, repository?: string): string {
  const { name, epoch, version, release, architecture } = nevra;
  const qualifiers = {
    arch: architecture,
    distro: distribution,
    ...(epoch === 0 ? {} : { epoch: String(epoch) }),
    ...(repository === undefined ? {} : { repository_url: repository }),
  };
  return new PackageURL('rpm', undefined, name, `${version}-${release}`, qualifiers, undefined).toString();
}
