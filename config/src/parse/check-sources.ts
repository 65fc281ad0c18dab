// Checks a package's `source:` against the files of the config repo, against the chroots, and for contradictions.
import type { ChrootName } from '../words/chroot.ts';
import type { Problem } from '../words/problem.ts';
import type { Policy } from '../words/project.ts';
import { isScriptText, type Source } from '../words/source.ts';
import { branchFor } from '../words/source-distgit.ts';
import { didYouMean, problemAt } from '../yaml/check-yaml.ts';
import type { YamlFile } from '../yaml/read-nodes.ts';
import type { PackageYaml } from './project-schema.ts';

/** One package and what its source is checked against. */
interface Stated {
  readonly file: YamlFile;
  readonly name: string;
  /** Its folder in the config repo, with a slash at the end. */
  readonly folder: string;
  /** `owner/name` that the project says it had before. */
  readonly renamedFrom: string | undefined;
  /** Whether the folder of that name holds files still. */
  readonly hasFormerFolder: boolean;
  /** The files there. */
  readonly files: readonly string[];
  /** Those that it is built for. */
  readonly chroots: readonly ChrootName[];
  readonly policy: Policy | undefined;
}

type Of<Type extends Source['type']> = Extract<Source, { type: Type }>;

/** All that is wrong with the source of a package beyond its form. */
export function checkSource(source: PackageYaml['source'], stated: Stated): Problem[] {
  switch (source.type) {
    case 'dir':
      return checkFolder(source, stated);
    case 'distgit':
      return checkDistgit(source, stated);
    case 'script':
      return checkScript(source, stated);
    case 'git':
    case 'srpm':
    case 'pypi':
    case 'rubygems':
      return [];
  }
}

/** Said of the first of a project's packages that have their sources in a folder, where there is none of any. */
export function noFolder(
  file: YamlFile,
  first: string,
  stated: Pick<Stated, 'folder' | 'renamedFrom' | 'hasFormerFolder'> & { readonly packages: number },
): Problem {
  const { folder, packages, renamedFrom, hasFormerFolder } = stated;
  const message = `the folder \`${folder}\`, where ${packages} packages have their sources, holds no file`;
  const hint =
    renamedFrom === undefined
      ? 'add the spec files and their sources there, or check the spelling of the folder; of a project that was renamed, move its folder there'
      : formerFolderHint(`packages/${renamedFrom}/`, hasFormerFolder);
  return problemAt(file, ['packages', first, 'source'], message, hint, 'key');
}

function formerFolderHint(former: string, isThere: boolean): string {
  if (isThere) return `folders have the new name too: move \`${former}\` there`;
  return `\`${former}\` is gone as well: put the spec files and their sources there, as \`git revert\` does of the commit that took them away`;
}

function checkFolder(
  { spec }: Of<'dir'>,
  { file, name, folder, renamedFrom, hasFormerFolder, files }: Stated,
): Problem[] {
  const at = ['packages', name, 'source'];
  if (files.length === 0) {
    const hint =
      renamedFrom === undefined
        ? 'add the spec file and its sources there, or check the spelling of the folder; of a project that was renamed, move it there'
        : formerFolderHint(`packages/${renamedFrom}/${name}/`, hasFormerFolder);
    return [problemAt(file, at, `the folder \`${folder}\` holds no file`, hint, 'key')];
  }
  const specs = files.filter((path) => path.endsWith('.spec') && !path.includes('/'));
  if (spec !== undefined) {
    if (files.includes(spec)) return [];
    const hint = () => didYouMean(spec, specs, 'spec files there');
    return [problemAt(file, [...at, 'spec'], `the folder \`${folder}\` holds no \`${spec}\``, hint)];
  }
  if (specs.length === 1) return [];
  if (specs.length === 0) {
    return [problemAt(file, at, `the folder \`${folder}\` holds no spec file`, `add \`${name}.spec\` there`, 'key')];
  }
  const message = `the folder \`${folder}\` holds ${specs.length} spec files`;
  return [problemAt(file, at, message, `say which one with \`spec:\`: ${[...specs].sort().join(', ')}`, 'key')];
}

function checkDistgit(source: Of<'distgit'>, { file, name, chroots }: Stated): Problem[] {
  const at = ['packages', name, 'source'];
  if ((source.instance === undefined) === (source.url === undefined)) {
    const both = source.url !== undefined;
    const message = both ? 'the dist-git is said twice: by `instance` and by `url`' : 'it is not said which dist-git';
    const hint = both
      ? 'keep one of them'
      : 'add `instance: fedora` or another known one, or the `url` of a repository';
    return [problemAt(file, at, message, hint, 'key')];
  }
  if (source.instance === 'copr' && source.package?.split('/').length !== 3) {
    const hint = 'write `package: owner/project/package`';
    return [problemAt(file, at, "Copr's dist-git names packages by owner and project", hint, 'key')];
  }
  const without = chroots.filter((chroot) => branchFor(source, chroot) === undefined);
  if (without.length === 0) return [];
  const message = `no branch is said for ${without.map((chroot) => `\`${chroot}\``).join(', ')}`;
  return [problemAt(file, at, message, 'add `branches:` for them, or `branch:` for all others', 'key')];
}

function checkScript({ script, chroot }: Of<'script'>, { file, name, folder, files, policy }: Stated): Problem[] {
  const at = ['packages', name, 'source'];
  const problems: Problem[] = [];
  if (!isScriptText(script) && !files.includes(script)) {
    const message = `the folder \`${folder}\` holds no \`${script}\``;
    const hint =
      files.length === 0
        ? 'add the script there, or write it here: it begins with `#!`'
        : () => didYouMean(script, files, 'files there');
    problems.push(problemAt(file, [...at, 'script'], message, hint));
  }
  if (chroot !== undefined && policy !== undefined && policy.chrootStates.get(chroot)?.state !== 'active') {
    const message = `the chroot \`${chroot}\` is not one that coppice.yaml allows`;
    problems.push(problemAt(file, [...at, 'chroot'], message, () => didYouMean(chroot, policy.chroots, 'allowed')));
  }
  return problems;
}
