// Brings the texts of a commit to what is wrong with its sources: they are read again only when something is.
import type { ConfigRepoMirror } from '../config-repo/mirror.ts';
import { sourceAnnotations } from '../reply/source-annotations.ts';
import type { CheckAnnotation } from '../vocabulary/bot-state.ts';
import type { PinnedPlan } from './plan-requests.ts';

/** Annotations on the lines of the sources that a plan of `commit` could not pin. Throws GitError. */
export async function annotateSources(
  { unpinned }: Pick<PinnedPlan, 'unpinned'>,
  commit: string,
  mirror: Pick<ConfigRepoMirror, 'read'>,
): Promise<readonly CheckAnnotation[]> {
  return unpinned.length === 0 ? [] : sourceAnnotations(unpinned, (await mirror.read(commit)).tree.texts);
}
