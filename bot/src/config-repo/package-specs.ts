// What the specs in a config repo's package folders say of the order of builds: read without running them, remembered
// by their content.
import {
  type ConfigRepo,
  outlineSpec,
  type Package,
  plainBuildroot,
  projectKey,
  type SpecRequires,
  type SpecView,
  scanSpec,
} from '@coppice/config';

/** A spec in a commit. */
export interface SpecFile {
  readonly path: string;
  /** Git's object id of its content. */
  readonly id: string;
  readonly bytes: number;
}

/**
 * Larger ones are left out: anybody may open a pull request with a spec, and what is left out only has no say in the
 * order.
 */
const maximumSpecBytes = 256 * 1024;
/** All specs of one commit that were not known before. */
const maximumNewBytes = 16 * 1024 * 1024;
const maximumRemembered = 50_000;

/** A spec, to be read as each build reads it. */
export interface KnownSpec {
  /** What it requires and provides in one chroot, with what the package asks for there. */
  read(view: SpecView): SpecRequires;
}

/** Anywhere in the folder of a package: `spec:` may name one further down. Pure. */
export function isPackageSpec(path: string): boolean {
  return /^packages\/[^/]+\/[^/]+\/[^/]+\/.+\.spec$/.test(path);
}

/** `readTexts` gives the texts of files by path. The function that it returns gives what each spec says, by path. */
export function createSpecScanner<T extends SpecFile>(
  readTexts: (files: readonly T[]) => Promise<ReadonlyMap<string, string>>,
): (files: readonly T[]) => Promise<ReadonlyMap<string, KnownSpec>> {
  const known = new Map<string, KnownSpec>();
  return async (files) => {
    let bytes = 0;
    const wanted = files.filter((file) => {
      if (known.has(file.id) || file.bytes > maximumSpecBytes || bytes + file.bytes > maximumNewBytes) return false;
      bytes += file.bytes;
      return true;
    });
    const texts = await readTexts(wanted);
    if (known.size + wanted.length > maximumRemembered) known.clear();
    for (const { path, id } of wanted) known.set(id, knowSpec(texts.get(path) ?? ''));
    return new Map(
      files.flatMap(({ path, id }) => {
        const spec = known.get(id);
        return spec === undefined ? [] : [[path, spec] as const];
      }),
    );
  };
}

/** Readings of one spec that are remembered; projects have few ways to ask. */
const maximumReadings = 100;

function knowSpec(text: string): KnownSpec {
  const outline = outlineSpec(text);
  const readings = new Map<string, SpecRequires>();
  return {
    read({ chroot, buildroot: { macros, with: on, without } }) {
      // Without macros and conditions every build reads the same.
      const key = outline.includes('%') ? JSON.stringify([chroot, macros, on, without]) : '';
      const known = readings.get(key);
      if (known !== undefined) return known;
      const { buildRequires, provides } = scanSpec(outline, { chroot, buildroot: { macros, with: on, without } });
      if (readings.size >= maximumReadings) readings.clear();
      readings.set(key, { buildRequires, provides });
      return { buildRequires, provides };
    },
  };
}

/** What a package requires and provides in any of its chroots: the order of builds is one for all of them. */
function inAllChroots({ chroots, buildroots }: Package, spec: KnownSpec): SpecRequires {
  const readings = chroots.map((chroot) => spec.read({ chroot, buildroot: buildroots.get(chroot) ?? plainBuildroot }));
  return {
    buildRequires: [...new Set(readings.flatMap(({ buildRequires }) => buildRequires))],
    provides: [...new Set(readings.flatMap(({ provides }) => provides))],
  };
}

/**
 * By `owner/project/package`: of packages whose source is their folder, the spec that they name, or the only one there.
 * Pure.
 */
export function specsOfPackages(
  config: ConfigRepo,
  specs: ReadonlyMap<string, KnownSpec>,
): ReadonlyMap<string, SpecRequires> {
  const byFolder = new Map<string, string[]>();
  for (const path of specs.keys()) {
    const folder = path.slice(0, path.lastIndexOf('/'));
    byFolder.set(folder, [...(byFolder.get(folder) ?? []), path]);
  }
  const found = new Map<string, SpecRequires>();
  for (const project of config.projects) {
    for (const each of project.packages) {
      const { name, source } = each;
      if (source.type !== 'dir') continue;
      const key = `${projectKey(project)}/${name}`;
      const there = byFolder.get(`packages/${key}`) ?? [];
      const path = source.spec === undefined ? there[0] : `packages/${key}/${source.spec}`;
      const spec = path === undefined || (source.spec === undefined && there.length > 1) ? undefined : specs.get(path);
      if (spec !== undefined) found.set(key, inAllChroots(each, spec));
    }
  }
  return found;
}
