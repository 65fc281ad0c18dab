// What may be said in public of a fault: in results, answers, checks and issues, where no path of this machine has a
// place.
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeError, RunnerError } from './errors.ts';

/** Where this installation is. */
const installation = join(import.meta.dirname, '..', '..', '..');

/** An absolute path of two parts or more; not what stands in an address behind its host. */
const absolutePath = /(?<![\w.~/-])\/(?:[^\s/'"`<>|,;:()[\]{}]+\/)+[^\s/'"`<>|,;:()[\]{}]*/g;

/** Each absolute path becomes its last part: for texts in which no path of a package has a place. Pure. */
export function withoutPaths(text: string): string {
  return text.replace(absolutePath, lastPart);
}

/**
 * Paths of the service itself become their last part: for texts in which paths of packages say something. `home` is
 * COPPICE_HOME, absolute.
 */
export function withoutHostPaths(text: string, home: string): string {
  const roots = [home, installation, join(tmpdir(), 'coppice-')];
  return roots.reduce((said, root) => {
    const below = new RegExp(
      `(?<![\\w.~/-])${root.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')}[^\\s'"\`<>|,;:()[\\]{}]*`,
      'g',
    );
    return said.replace(below, (path) => (path === root ? 'COPPICE_HOME' : lastPart(path)));
  }, text);
}

function lastPart(path: string): string {
  return path.split('/').findLast((part) => part !== '') ?? '';
}

/** A fault in words for everybody; the log of the service has them all. */
export function describeForPublic(error: unknown): string {
  if (error instanceof RunnerError) return withoutPaths(describeError(error));
  const { code, syscall } = (error instanceof Error ? error : {}) as NodeJS.ErrnoException;
  if (code !== undefined && syscall !== undefined) {
    return `the service could not do what it must with a file of its own (${syscall}: ${code})`;
  }
  return 'the service met a fault of its own, of which its log says more';
}
