// A pull request comes to conflict, or ceases to, when the default branch moves: nobody tells of that, so it is looked.
import type { KnownPull } from '../vocabulary/known-pull.ts';

/**
 * Open pull requests of ours whose check says otherwise than a merge into `base` would go. `conflicts` gives the paths,
 * undefined when that cannot be found out.
 */
export async function findMovedConflicts(
  pulls: readonly KnownPull[],
  base: string,
  conflicts: (base: string, head: string) => Promise<readonly string[] | undefined>,
): Promise<readonly KnownPull[]> {
  const moved: KnownPull[] = [];
  for (const pull of pulls) {
    const isOurs = pull.touched.length > 0 || pull.needsAdmin;
    if (pull.closedAt !== null || !isOurs) continue;
    const found = await conflicts(base, pull.head);
    if (found !== undefined && found.length > 0 !== (pull.conflicts ?? false)) moved.push(pull);
  }
  return moved;
}
