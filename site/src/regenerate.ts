// The gate of site/: brings the pages in `published/` up to date with results, queue and projects; only what changed.
import { resolve } from 'node:path';
import { type Changes, mergeChanges } from './model/changes.ts';
import { openSiteWriter, type SiteWriter, type Written } from './site-writer.ts';

export { keyOfChange, type SiteChange } from './model/changes.ts';

export interface RegenerateInput {
  /** The folder `published/`. */
  readonly published: string;
  /** The file in which the site keeps what it has read; not in `published/`. It may be removed at any time but this. */
  readonly history: string;
  /** The builds and repositories that changed since the last call, or `all`: everything again, stale pages removed. */
  readonly changes: Changes;
  /** The public address of the service, without a slash at the end. */
  readonly url: string;
}

/** One folder's line: a call that runs and at most one that waits, into which later calls merge. */
interface Line {
  readonly writer: SiteWriter;
  running: Promise<unknown>;
  waiting: { input: RegenerateInput; done: Promise<Written> } | undefined;
}

const lines = new Map<string, Line>();
/** Eleventy keeps state of its own in the process: its runs follow each other, whatever folder they are for. */
let eleventyFree: Promise<unknown> = Promise.resolve();

/**
 * Writes pages, assets, documentation (`all`) or the pages that the changes touch, and `api/v1/builds.json`. Calls for
 * one folder never overlap; those that come while one runs are merged into one. `problems` are files that were left
 * out, one sentence each. The first call on a folder without a site does `all`. Throws what the file system throws
 * (disk full …).
 */
export function regenerate(input: RegenerateInput): Promise<Written> {
  const folder = resolve(input.published);
  const line = lines.get(folder) ?? {
    writer: openSiteWriter(folder, input.history),
    running: Promise.resolve(),
    waiting: undefined,
  };
  lines.set(folder, line);
  if (line.waiting !== undefined) {
    const { changes } = line.waiting.input;
    line.waiting.input = { ...input, changes: mergeChanges(changes, input.changes) };
    return line.waiting.done;
  }
  const before = line.running;
  const done = (async () => {
    await before;
    return runAlone(() => {
      const merged = line.waiting?.input ?? input;
      line.waiting = undefined;
      return line.writer.write(merged.changes, merged.url.replace(/\/$/, ''));
    });
  })();
  line.waiting = { input, done };
  // The next call follows whether this one fails or not; the failure belongs to who asked.
  line.running = done.catch(() => undefined);
  return done;
}

/**
 * Lets the call that is under way end soon, with what it has not written still owed, and those after it write nothing:
 * of all builds the pages take many minutes. Good until `closeSite`.
 */
export function stopSite(published: string): void {
  lines.get(resolve(published))?.writer.stop();
}

/** Lets go of the files of a folder that no call is under way for. */
export function closeSite(published: string): void {
  const folder = resolve(published);
  lines.get(folder)?.writer.close();
  lines.delete(folder);
}

function runAlone<T>(act: () => Promise<T>): Promise<T> {
  const result = eleventyFree.then(act);
  eleventyFree = result.catch(() => undefined);
  return result;
}
