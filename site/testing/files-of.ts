// What a history says is to be written, as texts.
import type { History } from '../src/history/history.ts';
import { subjectOf } from '../src/history/paths.ts';
import { bytesOf } from '../src/model/site-file.ts';
import { oweEverything, writingFor } from '../src/pages-of.ts';

/** All files of a history by their paths, and what its pages are made of by `page PATH`. */
export function filesOf(history: History, url: string): Map<string, string> {
  const files = new Map<string, string>();
  oweEverything(history);
  settleFiles(history, url, files);
  return files;
}

/** Brings `files` up to date with what is owed; resolves with the paths that were written. */
export function settleFiles(history: History, url: string, files: Map<string, string>): readonly string[] {
  const written: string[] = [];
  for (const path of history.owed('', 1_000_000)) {
    const subject = subjectOf(path);
    if (subject === undefined) throw new RangeError(`${path} is of nothing`);
    const writing = writingFor(subject, { history, url, queue: null, service: null });
    const { pages, files: made, remove = [], buildrootsOf } = writing;
    for (const gone of remove)
      for (const file of files.keys()) if (file === gone || file.startsWith(`${gone}/`)) files.delete(file);
    if (Object.keys(pages).length === 0) files.delete(`page ${path}`);
    else files.set(`page ${path}`, JSON.stringify([pages, buildrootsOf]));
    for (const file of made) {
      files.set(file.path, bytesOf(file).toString());
      written.push(file.path);
    }
    history.settle(path);
  }
  return written;
}
