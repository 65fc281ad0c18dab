// How a builder makes a source package of what was fetched: mock's command lines in their order. Pure; paths are the
// builder's.
import { shellWords } from '../builder/ssh.ts';
import type { FetchedSource } from '../source/fetched-source.ts';

/** What is made on a builder: all but ready source packages. */
export type MakeableSource = Exclude<FetchedSource, { kind: 'srpm' }>;

export interface SrpmPlace {
  /** Absolute path of the configuration for `mock -r`. */
  readonly config: string;
  /** Absolute path of the folder that holds everything. It has no characters that a shell would interpret. */
  readonly folder: string;
}

export interface SrpmPlan {
  /** What the tree is uploaded as: plain files for mock, or an archive that is unpacked inside the chroot alone. */
  readonly upload: 'sources' | 'archive';
  /** Text of the script that is appended to `srpm-steps.sh`. */
  readonly steps: string;
  /** Folder on the builder in which the source package is found. */
  readonly results: string;
  /** What is installed into the chroot first. */
  readonly tool: SrpmTool | undefined;
  /** What else is installed: the package's own wishes. */
  readonly packages: readonly string[];
}

/** A program that a method needs, and the package that usually holds it. */
export interface SrpmTool {
  readonly method: string;
  readonly command: string;
  readonly package: string;
}

const tools = {
  rpkg: { method: 'rpkg', command: 'rpkg', package: 'rpkg' },
  tito: { method: 'tito', command: 'tito', package: 'tito' },
  make_srpm: { method: 'make_srpm', command: 'make', package: 'make' },
  pyp2rpm: { method: 'pypi', command: 'pyp2rpm', package: 'pyp2rpm' },
  pyp2spec: { method: 'pypi', command: 'pyp2spec', package: 'pyp2spec' },
  rubygems: { method: 'rubygems', command: 'gem2rpm', package: 'rubygem-gem2rpm' },
} as const satisfies Readonly<Record<string, SrpmTool>>;

/** Files that go along with every archive and every plan, beside this one. */
export const inChrootScript = 'srpm-in-chroot.sh';
export const stepsScript = 'srpm-steps.sh';

const archive = 'tree.tar';
/** Where the archive goes in the chroot: in the build user's home, which mock makes that user's own. */
const archiveInside = '/builddir/coppice-tree.tar';

/** The words of the chroot's command that come before those of the tool: unpack, then our script. */
const unpack = 'mkdir -p "$1" && cd "$1" && tar --no-same-owner -xf "$0" && exec sh ./srpm-in-chroot.sh "$@"';

/** `extra`: the packages that the project wants in its chroots. */
export function planSrpm(source: MakeableSource, place: SrpmPlace, extra: readonly string[], names: Names): SrpmPlan {
  const mock = ['mock', '-r', place.config, '--resultdir', `${place.folder}/result`];
  if (source.kind === 'tree' && source.method === 'spec') {
    const sources = `${place.folder}/sources`;
    const steps = call(
      'step',
      'buildsrpm',
      ...mock,
      '--buildsrpm',
      '--spec',
      `${sources}/${source.spec}`,
      '--sources',
      sources,
    );
    return { upload: 'sources', steps, results: `${place.folder}/result`, tool: undefined, packages: [] };
  }
  const recipe = recipeOf(source, names);
  const packages = [...new Set([...recipe.packages, ...extra])];
  const wanted = [...(recipe.tool === undefined ? [] : [recipe.tool.package]), ...packages];
  const made = `${place.folder}/made`;
  const user = recipe.asRoot ? [] : ['--unpriv'];
  const network = source.needsNetwork ? ['--enable-network'] : [];
  const steps = [
    call('afterwards', ...mock, '--clean'),
    call('step', 'init', ...mock, '--init'),
    ...(wanted.length === 0 ? [] : [call('step', 'install', ...mock, '--install', ...wanted)]),
    call('step', 'copyin', ...mock, '--copyin', `${place.folder}/${archive}`, archiveInside),
    call(
      'step',
      'run',
      ...mock,
      '--chroot',
      ...user,
      ...network,
      '--',
      'sh',
      '-c',
      unpack,
      archiveInside,
      topOf(recipe),
      ...recipe.inside,
    ),
    call('step', 'copyout', ...mock, '--copyout', `${topOf(recipe)}/out`, made),
    ...(recipe.makes === 'spec' ? [call('build_from', made, ...mock, '--buildsrpm')] : []),
  ].join('');
  const results = recipe.makes === 'spec' ? `${place.folder}/result` : made;
  return { upload: 'archive', steps, results, tool: recipe.tool, packages };
}

/** The build, as a script learns of it. */
export interface Names {
  readonly owner: string;
  readonly project: string;
  readonly package: string;
}

interface Recipe {
  readonly tool: SrpmTool | undefined;
  readonly packages: readonly string[];
  readonly asRoot: boolean;
  /** What `out` holds when it is done. */
  readonly makes: 'srpm' | 'spec';
  /** The words after the folder for our script in the chroot. */
  readonly inside: readonly string[];
}

/** Root of the chroot cannot write to the build user's home everywhere, and the build user nowhere else. */
function topOf({ asRoot }: Pick<Recipe, 'asRoot'>): string {
  return asRoot ? '/coppice' : '/builddir/coppice';
}

function recipeOf(source: Exclude<MakeableSource, { method: 'spec' }>, names: Names): Recipe {
  const top = topOf({ asRoot: false });
  const plain = { packages: [], asRoot: false } as const;
  switch (source.kind) {
    case 'tree':
      return treeRecipe(source);
    case 'pypi':
      return {
        ...plain,
        tool: tools[source.generator],
        makes: 'spec',
        inside: [
          'generate',
          source.file,
          ...(source.generator === 'pyp2rpm' ? pyp2rpm(source, top) : pyp2spec(source)),
        ],
      };
    case 'rubygems': {
      const spec = `${top}/out/rubygem-${source.name}.spec`;
      const command = ['gem2rpm', '--local', '--output', spec, `${top}/tree/${source.file}`];
      return { ...plain, tool: tools.rubygems, makes: 'spec', inside: ['generate', source.file, ...command] };
    }
    case 'script': {
      const results = source.resultFolder ?? '.';
      const facts = {
        OWNER: names.owner,
        PROJECT: names.project,
        PACKAGE: names.package,
        RESULTDIR: `${top}/tree/${results}`,
      };
      const environment = Object.entries(facts).map(([name, value]) => `COPR_${name}=${value}`);
      return {
        ...plain,
        tool: undefined,
        packages: source.buildDependencies,
        makes: 'spec',
        inside: ['script', results, 'env', ...environment, `./${source.script}`],
      };
    }
  }
}

type TreeSource = Extract<MakeableSource, { method: 'rpkg' | 'tito' | 'make_srpm' }>;

function treeRecipe(source: TreeSource): Recipe {
  const asRoot = source.method === 'make_srpm';
  const top = topOf({ asRoot });
  const where = source.subdirectory ?? '.';
  const common = { tool: tools[source.method], packages: [], asRoot, makes: 'srpm' } as const;
  switch (source.method) {
    case 'rpkg': {
      const spec = source.spec === undefined ? [] : ['--spec', source.spec];
      return { ...common, inside: ['run', where, 'rpkg', 'srpm', '--outdir', `${top}/out`, ...spec] };
    }
    case 'tito':
      return { ...common, inside: ['tito', where, 'tito', 'build', '--offline', '--srpm', '--output', `${top}/out`] };
    case 'make_srpm': {
      const spec = [`${top}/tree`, source.subdirectory, source.spec].filter((part) => part !== undefined).join('/');
      const command = ['make', '-f', `${top}/tree/.copr/Makefile`, 'srpm', `outdir=${top}/out`, `spec=${spec}`];
      return { ...common, inside: ['run', where, ...command] };
    }
  }
}

type PypiSource = Extract<MakeableSource, { kind: 'pypi' }>;

/** Without a network it reads the sdist alone, not an installation of it. */
function pyp2rpm(source: PypiSource, top: string): readonly string[] {
  const [base, ...others] = source.python;
  return [
    ...['pyp2rpm', '-s', '-d', `${top}/out`],
    ...(source.needsNetwork ? [] : ['--no-venv']),
    ...(source.template === undefined ? [] : ['-t', source.template]),
    ...(base === undefined ? [] : ['-b', base]),
    ...others.flatMap((version) => ['-p', version]),
    `${top}/tree/${source.file}`,
  ];
}

function pyp2spec(source: PypiSource): readonly string[] {
  const [python] = source.python.filter((version) => version.includes('.'));
  const other = python === undefined ? [] : ['--python-alt-version', python];
  return ['pyp2spec', source.name, '--version', source.version, '--fedora-compliant', '--automode', ...other];
}

/**
 * One line of the steps' script: a function of `srpm-steps.sh` and its words, none of which the shell reads anything
 * into.
 */
function call(name: string, ...words: readonly string[]): string {
  return `${name} ${shellWords(words)}\n`;
}
