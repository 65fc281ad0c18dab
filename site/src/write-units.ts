// Writes many pages in one run of Eleventy, and when one of them cannot be made or written, all the others still.
import type { Page, PageData } from './render.ts';

/** Pages that belong together. */
export interface Unit {
  /** Where its page is, inside `published/`; for people. */
  readonly name: string;
  readonly data: () => Promise<Partial<PageData>>;
}

export interface UnitsWritten<T extends Unit> {
  /** Pages. */
  readonly written: number;
  readonly failed: readonly { readonly unit: T; readonly why: string }[];
}

interface UnitWriting {
  readonly render: (data: Partial<PageData>) => Promise<readonly Page[]>;
  readonly write: (page: Page) => Promise<void>;
}

/** Faults of the disk or the process, which every page meets. */
const faultsOfAll: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EROFS', 'EMFILE', 'ENFILE', 'ENOMEM']);

/** Those that fail are found by halves. Throws what would befall every page. */
export async function writeUnits<T extends Unit>(units: readonly T[], how: UnitWriting): Promise<UnitsWritten<T>> {
  try {
    const pages = await how.render(joinData(await Promise.all(units.map((unit) => unit.data()))));
    for (const page of pages) await how.write(page);
    return { written: pages.length, failed: [] };
  } catch (error) {
    if (faultsOfAll.has((error as NodeJS.ErrnoException).code ?? '')) throw error;
    const [first] = units;
    if (first === undefined) throw error;
    if (units.length === 1) return { written: 0, failed: [{ unit: first, why: describe(error) }] };
    const middle = Math.ceil(units.length / 2);
    const before = await writeUnits(units.slice(0, middle), how);
    const after = await writeUnits(units.slice(middle), how);
    return { written: before.written + after.written, failed: [...before.failed, ...after.failed] };
  }
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

function describe(error: unknown): string {
  const original = (error as { originalError?: unknown } | undefined)?.originalError ?? error;
  return (original instanceof Error ? original.message : String(original)).split('\n', 1)[0] ?? '';
}
