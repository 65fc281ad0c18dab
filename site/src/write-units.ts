// Writes many pages in one run of Eleventy, and when one of them cannot be made or written, all the others still.
import type { Page, PageData } from './render.ts';
import { forEach } from './write-file.ts';

/** Pages that belong together. */
export interface Unit {
  /** Where its pages are, inside `published/`: a folder with a slash at the end, or a file; for people, too. */
  readonly name: string;
  readonly data: () => Promise<Partial<PageData>>;
}

export interface UnitsWritten<T extends Unit> {
  /** Pages. */
  readonly written: number;
  readonly failed: readonly Failed<T>[];
}

interface Failed<T extends Unit> {
  readonly unit: T;
  readonly why: string;
}

interface UnitWriting {
  readonly render: (data: Partial<PageData>) => Promise<readonly Page[]>;
  readonly write: (page: Page) => Promise<void>;
}

interface Drafted<T extends Unit> {
  readonly unit: T;
  readonly data: Partial<PageData>;
}

/** Faults of the disk or the process, which every page meets. */
const faultsOfAll: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EROFS', 'EMFILE', 'ENFILE', 'ENOMEM']);

/**
 * Units whose own content is at fault are found by halves; what cannot be read or written names its unit by itself.
 * Throws what befalls every page.
 */
export async function writeUnits<T extends Unit>(units: readonly T[], how: UnitWriting): Promise<UnitsWritten<T>> {
  const failed = new Map<T, string>();
  const fail = (unit: T, error: unknown) => {
    if (faultsOfAll.has(systemFault(error)?.code ?? '')) throw error;
    if (!failed.has(unit)) failed.set(unit, describe(error));
  };
  const read = await Promise.allSettled(units.map(async (unit) => ({ unit, data: await unit.data() })));
  const drafted = read.flatMap((one, index) => {
    if (one.status === 'fulfilled') return [one.value];
    fail(units[index] as T, one.reason);
    return [];
  });
  const { pages, failed: unrendered } = await renderByHalves(drafted, how.render);
  for (const { unit, why } of unrendered) failed.set(unit, why);
  let written = 0;
  let fault: unknown;
  await forEach(pages, async (page) => {
    try {
      await how.write(page);
      written += 1;
    } catch (error) {
      fault = error;
      const unit = ownerOf(page, units);
      if (unit === undefined) throw error;
      fail(unit, error);
    }
  });
  // No fault of a page: the same would be said of each.
  if (written === 0 && pages.length > 1) throw fault;
  return { written, failed: [...failed].map(([unit, why]) => ({ unit, why })) };
}

async function renderByHalves<T extends Unit>(
  drafted: readonly Drafted<T>[],
  render: UnitWriting['render'],
): Promise<{ readonly pages: readonly Page[]; readonly failed: readonly Failed<T>[] }> {
  const [first] = drafted;
  if (first === undefined) return { pages: [], failed: [] };
  try {
    return { pages: await render(joinData(drafted.map(({ data }) => data))), failed: [] };
  } catch (error) {
    if (systemFault(error) !== undefined) throw error;
    if (drafted.length === 1) return { pages: [], failed: [{ unit: first.unit, why: describe(error) }] };
    const middle = Math.ceil(drafted.length / 2);
    const before = await renderByHalves(drafted.slice(0, middle), render);
    const after = await renderByHalves(drafted.slice(middle), render);
    return { pages: [...before.pages, ...after.pages], failed: [...before.failed, ...after.failed] };
  }
}

/** The unit whose page it is: units may stand in the folders of others. */
function ownerOf<T extends Unit>(page: Page, units: readonly T[]): T | undefined {
  const around = units.filter(({ name }) => page.path === name || (name.endsWith('/') && page.path.startsWith(name)));
  return around.toSorted((one, other) => other.name.length - one.name.length)[0];
}

function joinData(parts: readonly Partial<PageData>[]): Partial<PageData> {
  const joined: Record<string, unknown[]> = {};
  for (const part of parts) {
    for (const [kind, views] of Object.entries(part)) {
      if (!Array.isArray(views)) continue;
      joined[kind] ??= [];
      for (const view of views) joined[kind].push(view);
    }
  }
  // Each list came from a part, under the name that it has there.
  return joined as Partial<PageData>;
}

/** What the operating system refused; Eleventy wraps what it meets. */
function systemFault(error: unknown): NodeJS.ErrnoException | undefined {
  const original = originalOf(error) as NodeJS.ErrnoException | undefined;
  return typeof original?.errno === 'number' ? original : undefined;
}

function originalOf(error: unknown): unknown {
  return (error as { originalError?: unknown } | undefined)?.originalError ?? error;
}

function describe(error: unknown): string {
  const original = originalOf(error);
  return (original instanceof Error ? original.message : String(original)).split('\n', 1)[0] ?? '';
}
