// A recipe's spec and sources as files, and the source package made of them by the machine's own rpmbuild.
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import type { Recipe } from './recipe.ts';

const section = (name: string, body: string) => (body === '' ? '' : `\n%${name}\n${body.trimEnd()}\n`);

/** The spec that a recipe describes. */
function specOf(recipe: Recipe): string {
  if (recipe.spec !== undefined) return recipe.spec;
  return [
    `Name: ${recipe.package}\nVersion: 1.0\nRelease: 1%{?dist}\nSummary: Says hello\nLicense: MIT\n${recipe.head}`,
    section('description', 'Says hello.'),
    section('prep', recipe.prep),
    section('build', recipe.build),
    section('install', recipe.install),
    section('check', recipe.check),
    `\n%files\n${recipe.files}`,
    recipe.tail,
  ].join('');
}

/** Writes the spec and the sources into `folder`, then runs the recipe's script there. */
export async function writeSources(recipe: Recipe, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [name, text] of Object.entries(recipe.sources)) await writeFile(join(folder, name), text);
  await writeFile(join(folder, `${recipe.package}.spec`), specOf(recipe));
  await execa('bash', ['-e', '-c', recipe.script], { cwd: folder });
}

/** Makes the source package of `folder`/sources; returns its path. */
export async function makeSrpm(recipe: Recipe, folder: string): Promise<string> {
  const definitions = [`_topdir ${folder}`, `_sourcedir ${folder}/sources`, `_srcrpmdir ${folder}`, 'dist .sap12'];
  const options = definitions.flatMap((definition) => ['--define', definition]);
  const spec = join(folder, 'sources', `${recipe.package}.spec`);
  await execa('rpmbuild', ['-bs', '--nodeps', '--target', 'x86_64', ...options, spec]);
  const file = (await readdir(folder)).find((name) => name.endsWith('.src.rpm'));
  if (file === undefined) throw new Error(`${recipe.name}: no source package was made`);
  await execa('bash', ['-e', '-c', recipe.srpm, 'srpm', join(folder, file)]);
  return join(folder, file);
}
