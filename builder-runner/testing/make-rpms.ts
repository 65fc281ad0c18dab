// Small real RPMs for tests, made by rpmbuild.
import { mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
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
