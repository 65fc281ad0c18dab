// Small real RPMs for tests, made by rpmbuild.
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';

/** What a spec says beyond the least: lines of its preamble, description, `%install` and `%files`, changelog. */
export interface SpecTexts {
  /** Default: 1. */
  readonly release?: string | undefined;
  readonly preamble?: string | undefined;
  readonly description?: string | undefined;
  readonly changelog?: string | undefined;
  readonly files?: string | undefined;
}

/** Makes `<name>-<version>-1.noarch.rpm` and its source package in `folder`. */
export async function makeRpms(folder: string, name: string, version: string, texts: SpecTexts = {}): Promise<void> {
  const top = await mkdtemp(join(tmpdir(), 'coppice-rpmbuild-'));
  const spec = `# ${'rpm takes no spec whose first lines hold control characters. '.repeat(8)}
Name: ${name}
Version: ${version}
Release: ${texts.release ?? '1'}
Summary: Tiny
License: Apache-2.0
BuildArch: noarch
${texts.preamble ?? ''}
%description
${texts.description ?? 'Tiny.'}
${texts.files ?? '%files'}
%changelog
${texts.changelog ?? ''}
`;
  try {
    await writeFile(join(top, `${name}.spec`), spec);
    const defines = [
      '--define',
      `_topdir ${top}`,
      '--define',
      '_rpmfilename %%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm',
    ];
    await execa('rpmbuild', ['-ba', '--nodeps', ...defines, join(top, `${name}.spec`)], {
      env: { HOME: top, LC_ALL: 'C.UTF-8' },
    });
    for (const kind of ['RPMS', 'SRPMS']) {
      for (const file of await readdir(join(top, kind))) await rename(join(top, kind, file), join(folder, file));
    }
  } finally {
    await rm(top, { recursive: true, force: true });
  }
}

/** How many packages one run of rpmbuild makes. */
const packagesPerSpec = 1_000;

/**
 * Makes `count` different small packages in `folder` and resolves with their paths. They have some files, descriptions
 * and requirements, as packages do, which are not all the same.
 */
export async function makeManyRpms(folder: string, count: number): Promise<readonly string[]> {
  for (let from = 0; from < count; from += packagesPerSpec) {
    const numbers = Array.from({ length: Math.min(packagesPerSpec, count - from) }, (_, index) => from + index);
    const preamble =
      'AutoReqProv: no\n%global _binary_payload w1.gzdio\n%global _build_id_links none\n%global __os_install_post %{nil}';
    const sections = numbers.map(manyPackage);
    const files = [
      '%install',
      ...sections.map(({ install }) => install),
      ...sections.map(({ section }) => section),
    ].join('\n');
    const made = await mkdtemp(join(tmpdir(), 'coppice-many-'));
    await makeRpms(made, `many${from}`, '1.0', {
      preamble,
      files,
      changelog: '* Mon Jan 05 2026 Pat <pat@example.org> - 1.0-1\n- New',
    });
    await mkdir(folder, { recursive: true });
    for (const file of await readdir(made))
      if (file.startsWith('p')) await rename(join(made, file), join(folder, file));
    await rm(made, { recursive: true, force: true });
  }
  return (await readdir(folder)).sort().map((file) => join(folder, file));
}

function manyPackage(number: number): { readonly install: string; readonly section: string } {
  const word = (at: number) =>
    createHash('sha256')
      .update(`${number} ${at}`)
      .digest('hex')
      .slice(0, 4 + (at % 5));
  const name = `p${String(number).padStart(6, '0')}-${word(0)}`;
  const files = Array.from({ length: 3 + (number % 9) }, (_, index) => `/usr/share/${name}/${word(index + 1)}.txt`);
  const requires = Array.from(
    { length: 1 + (number % 4) },
    (_, index) => `Requires: lib${word(20 + index)} >= 1.${index}`,
  );
  const words = Array.from({ length: 30 }, (_, index) => word(40 + index)).join(' ');
  return {
    install: [`mkdir -p %{buildroot}/usr/share/${name}`, ...files.map((file) => `: > %{buildroot}${file}`)].join('\n'),
    section: [
      `%package -n ${name}`,
      `Summary: ${word(90)} ${word(91)}`,
      ...requires,
      `%description -n ${name}`,
      words,
      `%files -n ${name}`,
      ...files,
    ].join('\n'),
  };
}
