// What a history says is to be written for programs, as texts.
import type { History } from '../src/history/history.ts';
import { subjectOf } from '../src/history/paths.ts';
import { oweEverything, writingFor } from '../src/pages-of.ts';

/** All files of a history, by their paths. */
export function filesOf(history: History, url: string): Map<string, string> {
  const files = new Map<string, string>();
  oweEverything(history);
  settleFiles(history, url, files);
  return files;
}

/** Pages that tell of more than their own builds: what they show is looked at as well. */
const lookedAt: ReadonlySet<string> = new Set(['package', 'projects-list', 'packages-list', 'packages-home']);

/** Brings `files` up to date with what is owed; resolves with the paths that were written. */
export function settleFiles(history: History, url: string, files: Map<string, string>): readonly string[] {
  const written: string[] = [];
  for (const path of history.owed('', 1_000_000)) {
    const subject = subjectOf(path);
    if (subject === undefined) throw new RangeError(`${path} is of nothing`);
    const { files: made, pages, remove = [] } = writingFor(subject, { history, url, brokenPools: [] });
    if (lookedAt.has(subject.kind)) {
      if (Object.keys(pages).length === 0) files.delete(path);
      else files.set(path, JSON.stringify(pages));
    }
    for (const gone of remove)
      for (const file of files.keys()) if (file === gone || file.startsWith(`${gone}/`)) files.delete(file);
    for (const { path: file, content } of made) {
      files.set(file, JSON.stringify(content()));
      written.push(file);
    }
    history.settle(path);
  }
  return written;
}
