// Stand-ins of the programs that make source packages, as packages in a repository: each does what the real one does,
// in the simplest honest way. They are programs of the chroot, so that a test goes the whole way: installed, called,
// its results taken.
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';

/** The package → the name and text of its program. */
const programs = {
  rpkg: ['rpkg', 'test "$1 $2 $4" = "srpm --outdir --spec" || exit 2\nout=$3\nbuild_srpm "$5" .'],
  tito: [
    'tito',
    `test "$1 $2 $3 $4" = "build --offline --srpm --output" || exit 2
out=$5
sed "s/^Release:.*/Release: \${6:+0.test.}1/" treed.spec > "$out/treed.spec"
build_srpm "$out/treed.spec" .`,
  ],
  // As the real one it saves the spec beside the file that it read, under the name of the package.
  pyp2rpm: [
    'pyp2rpm',
    `test "$1 $2 $4" = "-s -d --no-venv" || exit 2
for file; do :; done
base=$(basename "$file" .tar.gz)
write_spec "python-\${base%-*}" "\${base##*-}" "$(basename "$file")" > "$3/python-\${base%-*}.spec"`,
  ],
  'rubygem-gem2rpm': [
    'gem2rpm',
    `test "$1 $2" = "--local --output" || exit 2
base=$(basename "$4" .gem)
test -s "$4" || exit 1
write_spec "rubygem-\${base%-*}" "\${base##*-}" "$(basename "$4")" > "$3"`,
  ],
} as const;

const common = `#!/bin/sh
set -eu
build_srpm() {
  rpmbuild -bs --define "_sourcedir $(cd "$2" && pwd)" --define "_srcrpmdir $out" "$1"
}
write_spec() {
  printf 'Name: %s\\nVersion: %s\\nRelease: 1\\nSummary: Generated\\nLicense: MIT\\nSource0: %s\\nBuildArch: noarch\\n%%%%description\\nGenerated.\\n%%%%files\\n' "$@"
}
`;

/** Makes the repository in `folder`. */
export async function makeToolsRepository(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [name, [program, text]] of Object.entries(programs))
    await makePackage(folder, name, program, `${common}${text}\n`);
  await execa('createrepo_c', ['--quiet', folder]);
}

async function makePackage(folder: string, name: string, program: string, text: string): Promise<void> {
  const top = await mkdtemp(join(tmpdir(), 'coppice-tools-'));
  try {
    await writeFile(join(top, program), text);
    const spec = `Name: ${name}
Version: 1
Release: 1
Summary: Stand-in of ${program}
License: Apache-2.0
BuildArch: noarch
Source0: ${program}
%description
For tests.
%install
install -Dm755 %{SOURCE0} %{buildroot}/usr/bin/${program}
%files
/usr/bin/${program}
`;
    await writeFile(join(top, `${name}.spec`), spec);
    const defines = { _topdir: top, _sourcedir: top, _rpmfilename: '%{NAME}.rpm' };
    const options = Object.entries(defines).flatMap(([macro, value]) => ['--define', `${macro} ${value}`]);
    await execa('rpmbuild', ['-bb', '--nodeps', ...options, join(top, `${name}.spec`)], { env: { HOME: top } });
    for (const file of await readdir(join(top, 'RPMS'))) await rename(join(top, 'RPMS', file), join(folder, file));
  } finally {
    await rm(top, { recursive: true, force: true });
  }
}
