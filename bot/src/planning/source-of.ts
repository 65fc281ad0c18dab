// The source of a build, of one in the queue or of one that is over.
import type { Queue } from '@coppice/builder-runner/queue';
import type { PinnedSource } from '@coppice/config';
import type { BuildView } from '../vocabulary/build-view.ts';
import type { BuiltIndex } from './built.ts';

/** The source that a build was made of; undefined when its record is gone. */
export async function sourceOf(
  build: BuildView,
  { queue, built }: { readonly queue: Queue; readonly built: BuiltIndex },
): Promise<PinnedSource | undefined> {
  const live = queue.build(build.id);
  if (live !== undefined) return live.source;
  const ref = built.find(build.id);
  if (ref === undefined) return undefined;
  return [...(await built.results(ref)).values()][0]?.source as PinnedSource | undefined;
}
