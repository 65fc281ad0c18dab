// What the check "coppice / config" says on the lines of sources that could not be pinned. Pure.
import { type SkippedBuild, sourcePlaces } from '@coppice/config';
import type { CheckAnnotation } from '../vocabulary/answer.ts';
import { maximumAnnotations } from './config-problems.ts';

/**
 * `texts` are the files of the commit that was planned. One annotation for each source and each thing that is wrong
 * with it.
 */
export function sourceAnnotations(
  unpinned: readonly SkippedBuild[],
  texts: ReadonlyMap<string, string>,
): readonly CheckAnnotation[] {
  const groups = new Map<string, SkippedBuild[]>();
  for (const one of unpinned) {
    const key = JSON.stringify([one.owner, one.project, one.package, one.why]);
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  const places = new Map<string, ReturnType<typeof sourcePlaces>>();
  return [...groups.values()].slice(0, maximumAnnotations).flatMap((group): CheckAnnotation[] => {
    const [first] = group;
    if (first === undefined) return [];
    const path = `projects/${first.owner}/${first.project}.yaml`;
    const place = places.get(path) ?? sourcePlaces(texts.get(path) ?? '', path);
    places.set(path, place);
    const chroots = group.flatMap(({ chroot }) => chroot ?? []);
    const where = chroots.length === 0 ? '' : ` for ${chroots.join(', ')}`;
    const message = `${first.package} is not built${where}: ${first.why}`.slice(0, 4000);
    return [{ path, ...place(first.package), message, level: 'warning' }];
  });
}
