// Small real RPMs for tests, made by rpmbuild.
import { mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';

/** Makes `<name>-<version>-1.noarch.rpm` and its source package in `folder`. */
export async function makeRpms(folder: string, name: string, version: string): Promise<void> {
  const top = await mkdtemp(join(tmpdir(), 'coppice-rpmbuild-'));
  const spec = `Name: ${name}
Version: ${version}
Release: 1
Summary: Tiny
License: Apache-2.0
BuildArch: noarch
%description
Tiny.
%files
`;
  try {
    await writeFile(join(top, `${name}.spec`), spec);
    const defines = [
      '--define',
      `_topdir ${top}`,
      '--define',
      '_rpmfilename %{NAME}-%{VERSION}-%{RELEASE}.%{ARCH}.rpm',
    ];
    await execa('rpmbuild', ['-ba', '--nodeps', ...defines, join(top, `${name}.spec`)], { env: { HOME: top } });
    for (const kind of ['RPMS', 'SRPMS']) {
      for (const file of await readdir(join(top, kind))) await rename(join(top, kind, file), join(folder, file));
    }
  } finally {
    await rm(top, { recursive: true, force: true });
  }
}
