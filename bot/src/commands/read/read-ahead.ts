// Comments are read as soon as they are noted, so that the first reaction need not wait for its turn.
import type { Delivery, Job } from '../../vocabulary/job.ts';
import type { ParsedComment } from './parse-comment.ts';
import { readComment } from './read-comment.ts';

type CommentJob = Extract<Job, { kind: 'comment' }>;

export interface CommentReader {
  /** Begins to read a comment. A fault in that is met again, and told, by `read`. */
  ahead(delivery: Delivery): void;
  /** What a comment says, read once. Rejects on faults of the machinery. */
  read(id: string, job: CommentJob): Promise<ParsedComment | 'tangled'>;
  /** To be called when it has been worked off. */
  forget(id: string): void;
}

/** `heard` is called for each comment that asks for something, or cannot be read, when that is known. */
export function createCommentReader(heard: (job: CommentJob) => void): CommentReader {
  const reading = new Map<string, Promise<ParsedComment | 'tangled'>>();
  const begin = async (job: CommentJob) => {
    const comment = await readComment(job.body);
    if (comment === 'tangled' || comment.commands.length > 0) heard(job);
    return comment;
  };
  const read = (id: string, job: CommentJob) => {
    const parsed = reading.get(id) ?? begin(job);
    reading.set(id, parsed);
    return parsed;
  };
  return {
    ahead({ id, job }) {
      if (job.kind === 'comment') read(id, job).catch(() => undefined);
    },
    read,
    forget: (id) => void reading.delete(id),
  };
}
