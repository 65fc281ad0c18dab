// The repositories that a recipe's build uses besides the distribution: real RPMs, real metadata, then whatever is to
// be wrong with them.
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import type { Recipe } from './recipe.ts';

/** Makes them below `published` and returns their sections for dnf.conf. */
export async function makeRepositories(recipe: Recipe, published: string, port: number): Promise<string> {
  let sections = '';
  for (const [id, repository] of Object.entries(recipe.repositories)) {
    const folder = join(published, 'results', 'acme', 'libs', id);
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
    for (const [name, rpm] of Object.entries(repository.rpms)) await makeRpm(folder, name, rpm);
    const shell = (script: string) => execa('bash', ['-e', '-c', script], { cwd: folder });
    await shell(repository.before);
    await execa('createrepo_c', ['--quiet', '--no-database', folder]);
    await shell(repository.after);
    const url = repository.url ?? `http://127.0.0.1:${port}/results/acme/libs/${id}/`;
    const options = repository.options.replaceAll('@URL@', url);
    sections += `\n[${id}]\nname=acme/libs\nbaseurl=${url}\nenabled=1\nmetadata_expire=0\n${options}\n`;
  }
  return sections;
}

type Rpm = Recipe['repositories'][string]['rpms'][string];

async function makeRpm(folder: string, name: string, { head, install, files, scripts }: Rpm): Promise<void> {
  const top = join('/home', 'rpmbuild');
  const spec = `Name: ${name}\nVersion: 1.0\nRelease: 1\nSummary: Small\nLicense: MIT\nBuildArch: noarch\n${head}
%description
Small.
%install
${install}
${scripts}
%files
${files}`;
  await mkdir(top, { recursive: true });
  await writeFile(join(top, `${name}.spec`), spec);
  const options = [`_topdir ${top}`, `_rpmdir ${folder}`, '_rpmfilename %{NAME}-%{VERSION}-%{RELEASE}.%{ARCH}.rpm'];
  const defines = options.flatMap((option) => ['--define', option]);
  await execa('rpmbuild', ['-bb', '--nodeps', ...defines, join(top, `${name}.spec`)]);
}
