// A package of acme/tools that does in its %build what a test wants.
import { appendFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Adds it to a checkout of the example config repo. */
export async function addScriptedPackage(checkout: string, name: string, build: string): Promise<void> {
  await appendFile(join(checkout, 'projects/acme/tools.yaml'), `\n  ${name}:\n    source: { type: dir }\n`);
  const folder = join(checkout, 'packages/acme/tools', name);
  await mkdir(folder);
  const head = `Name: ${name}\nVersion: 1\nRelease: 1\nSummary: For tests\nLicense: MIT\nBuildArch: noarch\n`;
  const spec = `${head}\n%description\nFor tests.\n\n%build\n${build}\n\n%files\n`;
  await writeFile(join(folder, `${name}.spec`), spec);
}
