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
import { BoundedMemory } from './bounded-memory.ts';

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

/** A spec, to be read as each build reads it. */
export interface KnownSpec {
  /** What it requires and provides in one chroot, with what the package asks for there. */
  read(view: SpecView): SpecRequires;
}

/** Anywhere in the folder of a package: `spec:` may name one further down. Pure. */
export function isPackageSpec(path: string): boolean {
  return /^packages\/[^/]+\/[^/]+\/[^/]+\/.+\.spec$/.test(path);
}

/**
 * `readTexts` gives the texts of files by path. The function that it returns gives what each spec says, by path.
 * `rememberedBytes` bounds what is kept for the next commit, and again what was read of it. Default: 64 MiB.
 */
export function createSpecScanner<T extends SpecFile>(
  readTexts: (files: readonly T[]) => Promise<ReadonlyMap<string, string>>,
  rememberedBytes = 64 * 1024 * 1024,
): (files: readonly T[]) => Promise<ReadonlyMap<string, KnownSpec>> {
  const known = new BoundedMemory<KnownSpec>(rememberedBytes);
  const readings: Readings = new BoundedMemory(rememberedBytes);
  return async (files) => {
    // Of this commit, whatever is forgotten meanwhile.
    const found = new Map<string, KnownSpec>();
    const wanted = new Map<string, T>();
    let bytes = 0;
    for (const file of files) {
      const spec = known.get(file.id);
      if (spec !== undefined) found.set(file.id, spec);
      else if (!wanted.has(file.id) && file.bytes <= maximumSpecBytes && bytes + file.bytes <= maximumNewBytes) {
        bytes += file.bytes;
        wanted.set(file.id, file);
      }
    }
    const texts = await readTexts([...wanted.values()]);
    for (const { path, id } of wanted.values()) {
      const outline = outlineSpec(texts.get(path) ?? '');
      const spec = knowSpec(id, outline, readings);
      found.set(id, spec);
      known.set(id, spec, outline.length);
    }
    return new Map(
      files.flatMap(({ path, id }) => {
        const spec = found.get(id);
        return spec === undefined ? [] : [[path, spec] as const];
      }),
    );
  };
}

/** By the spec and how it is read. */
type Readings = BoundedMemory<SpecRequires>;

function knowSpec(id: string, outline: string, readings: Readings): KnownSpec {
  return {
    read({ chroot, buildroot: { macros, with: on, without } }) {
      // Without macros and conditions every build reads the same.
      const key = outline.includes('%') ? `${id} ${JSON.stringify([chroot, macros, on, without])}` : id;
      const known = readings.get(key);
      if (known !== undefined) return known;
      const { buildRequires, provides, version } = scanSpec(outline, {
        chroot,
        buildroot: { macros, with: on, without },
      });
      const names = [...buildRequires, ...provides];
      const reading = { buildRequires, provides, version };
      readings.set(key, reading, charactersOf(names));
      return reading;
    },
  };
}

/** With what each text takes besides its characters. */
function charactersOf(texts: readonly string[]): number {
  return texts.reduce((sum, text) => sum + text.length + 16, 0);
}

/** What a package requires and provides in any of its chroots, and its version where it is one for all of them. */
function inAllChroots({ chroots, buildroots }: Package, spec: KnownSpec): SpecRequires {
  const readings = chroots.map((chroot) => spec.read({ chroot, buildroot: buildroots.get(chroot) ?? plainBuildroot }));
  return {
    buildRequires: [...new Set(readings.flatMap(({ buildRequires }) => buildRequires))],
    provides: [...new Set(readings.flatMap(({ provides }) => provides))],
    version: readings.every(({ version }) => version === readings[0]?.version) ? (readings[0]?.version ?? null) : null,
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
