// Comments are read as soon as they are noted, so that the first reaction need not wait for its turn.
import type { Command } from '../../vocabulary/command.ts';
import type { Delivery, Job } from '../../vocabulary/job.ts';
import type { ParsedComment } from './parse-comment.ts';
import { readComment } from './read-comment.ts';

type CommentJob = Extract<Job, { kind: 'comment' }>;

export interface CommentReader {
  /** Begins to read a comment. A fault in that is met again, and told, by `read`. */
  ahead(delivery: Delivery): void;
  /** What a comment says, read once. Rejects on faults of the machinery. */
  read(id: string, job: CommentJob): Promise<ParsedComment | 'tangled'>;
  /** True when it is known that all that a comment asks for is answered at once and changes nothing. */
  isQuick(id: string): boolean;
  /** To be called when it has been worked off. */
  forget(id: string): void;
}

/** `heard` is called for each comment that asks for something, or cannot be read, when that is known. */
export function createCommentReader(heard: (job: CommentJob) => void): CommentReader {
  const reading = new Map<string, Promise<ParsedComment | 'tangled'>>();
  const quick = new Set<string>();
  const begin = async (job: CommentJob) => {
    const comment = await readComment(job.body);
    if (comment === 'tangled' || comment.commands.length > 0) heard(job);
    return comment;
  };
  const read = (id: string, job: CommentJob) => {
    const known = reading.get(id);
    if (known !== undefined) return known;
    const parsed = begin(job);
    reading.set(id, parsed);
    parsed.then(
      (comment) => reading.has(id) && isQuick(comment) && quick.add(id),
      () => undefined,
    );
    return parsed;
  };
  return {
    ahead({ id, job }) {
      if (job.kind === 'comment') read(id, job).catch(() => undefined);
    },
    read,
    isQuick: (id) => quick.has(id),
    forget(id) {
      reading.delete(id);
      quick.delete(id);
    },
  };
}

const quickKinds: readonly Command['kind'][] = ['status', 'logs', 'help', 'mistake'];

function isQuick(comment: ParsedComment | 'tangled'): boolean {
  return comment === 'tangled' || comment.commands.every(({ kind }) => quickKinds.includes(kind));
}
