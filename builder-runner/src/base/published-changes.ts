// Who writes into `published/` says so here, once it is done; who keeps copies elsewhere hears it. What is not said is
// found when everything is compared, which costs a look at each file.
import { channel } from 'node:diagnostics_channel';
import { relative } from 'node:path';
import { publishedChanges } from '@coppice/config';

const changes = channel(publishedChanges);

/** What is at `path` (absolute, a file or a folder) is new, different or gone. */
export function noteChange(path: string): void {
  changes.publish({ path });
}

/** What was at `path` was taken away, and nobody may get it any more: copies go at once, before anything else. */
export function noteTakedown(path: string): void {
  changes.publish({ path, isTakedown: true });
}

/**
 * Calls `heard` with each path that is said to have changed in `folder`, relative to it, until the function that is
 * returned is called. `heard` must not throw.
 */
export function watchChanges(folder: string, heard: (path: string, isTakedown: boolean) => void): () => void {
  const listen = (message: unknown) => {
    const { path, isTakedown = false } = message as { readonly path: string; readonly isTakedown?: boolean };
    const inside = relative(folder, path);
    if (inside !== '' && !inside.startsWith('..') && !inside.startsWith('/')) heard(inside, isTakedown);
  };
  changes.subscribe(listen);
  return () => changes.unsubscribe(listen);
}
