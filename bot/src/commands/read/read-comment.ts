// Reads a comment within a bounded time: Markdown that is nested on purpose can keep a parser busy for a minute, so
// long comments are parsed in a thread that can be ended.
import { Worker } from 'node:worker_threads';
import { holdsNoCommand, maximumCommentLength, type ParsedComment, parseComment, parseLines } from './parse-comment.ts';

/** The worst comment of this length takes some 50 ms. */
const parsedHereLength = 2000;
/** For parsing alone. An honest comment of full length takes 0.2 s, and on a machine that has ten things to do 2 s. */
const defaultMilliseconds = 5000;

/** The commands of a comment; `tangled` when it could not be read in time. */
export async function readComment(
  markdown: string,
  maximumMilliseconds = defaultMilliseconds,
): Promise<ParsedComment | 'tangled'> {
  if (holdsNoCommand(markdown)) return { commands: [], dropped: 0 };
  if (markdown.length <= parsedHereLength) return parseComment(markdown);
  const worker = new Worker(new URL('./read-comment-thread.ts', import.meta.url), {
    workerData: markdown.slice(0, maximumCommentLength),
  });
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise((resolve, reject) => {
      worker.on('message', (message: 'begun' | readonly string[]) => {
        if (message !== 'begun') return resolve(parseLines(message));
        timer = setTimeout(() => resolve('tangled'), maximumMilliseconds);
      });
      // Markdown that exhausts the thread's stack or memory is as tangled as one that takes too long.
      worker.once('error', (error) => (isExhaustion(error) ? resolve('tangled') : reject(error)));
      worker.once('exit', (code) => reject(new Error(`The thread that reads a comment ended with ${code}`)));
    });
  } finally {
    clearTimeout(timer);
    await worker.terminate();
  }
}

function isExhaustion(error: unknown): boolean {
  return error instanceof RangeError || (error as NodeJS.ErrnoException).code === 'ERR_WORKER_OUT_OF_MEMORY';
}
