// One file from a builder through the connection that is there already: another one, as rsync makes it, takes longer than a small file.
import { createWriteStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { RunnerError } from '../errors.ts';
import { type Connection, openChannel } from './ssh.ts';

export interface ReceiveOrder {
  /** Absolute path of a folder on the builder. */
  readonly from: string;
  /** The file's name ends so; no character of it is special. */
  readonly ending: string;
  /** Folder of this machine, made anew. */
  readonly to: string;
  readonly bytes: number;
  readonly seconds: number;
  readonly signal: AbortSignal;
}

/** What came of it; `count` is how many regular files the builder says to have. */
export type Received =
  | { readonly kind: 'file'; readonly name: string }
  | { readonly kind: 'not-one'; readonly count: number }
  | { readonly kind: 'too-large' };

/** The builder says how many files fit and, when it is one, its name, its size and what is in it. Links are no files. */
const sendOne = `
cd "$1" 2>/dev/null || { echo 0; exit; }
count=0
for each in *"$2"; do
  if [ -f "$each" ] && [ ! -L "$each" ]; then count=$((count + 1)) name=$each; fi
done
echo "$count"
[ "$count" = 1 ] || exit 0
printf '%s\\n' "$name"
stat --format=%s -- "$name"
exec cat -- "$name"`;

/** More than a file name of a package, and the number before it. */
const headBytes = 300;
const namePattern = /^[A-Za-z0-9_][A-Za-z0-9._+~^-]*$/;

/**
 * Takes the one regular file of a folder whose name ends so. The builder is hostile: its name is a plain one, and nothing comes
 * beyond `bytes`; what is in it is for others to judge. Throws RunnerError `lost`, `collect` (too slow, or not what was agreed), or the reason of the abort.
 */
export async function receiveFile(connection: Connection, order: ReceiveOrder): Promise<Received> {
  await rm(order.to, { recursive: true, force: true });
  await mkdir(order.to, { recursive: true, mode: 0o700 });
  const limit = AbortSignal.timeout(order.seconds * 1000);
  const ends = AbortSignal.any([order.signal, limit]);
  const argv = ['sh', '-c', sendOne, 'sh', order.from, order.ending];
  const channel = await Promise.race([openChannel(connection.client, argv), connection.lost]);
  const stop = () => channel.destroy();
  ends.addEventListener('abort', stop, { once: true });
  channel.stderr.resume();
  channel.on('error', () => undefined); // `lost` tells
  channel.end();
  try {
    return await Promise.race([takeFrom(channel, order), connection.lost]);
  } catch (error) {
    order.signal.throwIfAborted();
    if (limit.aborted) throw new RunnerError('collect', `fetching the results took longer than ${order.seconds} s`);
    throw error;
  } finally {
    ends.removeEventListener('abort', stop);
    channel.destroy();
  }
}

async function takeFrom(channel: AsyncIterable<Buffer>, order: ReceiveOrder): Promise<Received> {
  const chunks = channel[Symbol.asyncIterator]();
  let head: Buffer<ArrayBufferLike> = Buffer.alloc(0);
  const line = async () => {
    while (!head.includes('\n')) {
      const next = await chunks.next();
      if (next.done || head.length > headBytes) throw disagreed();
      head = Buffer.concat([head, next.value]);
    }
    const end = head.indexOf('\n');
    const text = head.toString('latin1', 0, end);
    head = head.subarray(end + 1);
    return text;
  };
  const count = await line();
  if (!/^\d{1,9}$/.test(count)) throw disagreed();
  if (count !== '1') return { kind: 'not-one', count: Number(count) };
  const name = await line();
  if (name.length > 255 || !namePattern.test(name)) throw disagreed();
  const size = Number(await line());
  if (size > order.bytes) return { kind: 'too-large' };
  let bytes = 0;
  async function* bounded() {
    for (let next: IteratorResult<Buffer> = { value: head }; !next.done; next = await chunks.next()) {
      bytes += next.value.length;
      if (bytes > size) throw disagreed();
      yield next.value;
    }
  }
  await pipeline(bounded, createWriteStream(join(order.to, name), { flags: 'w', mode: 0o644 }));
  // A connection that breaks looks like an end.
  if (bytes !== size) throw new RunnerError('lost', `${bytes} bytes of a file of ${size} came from the builder`);
  return { kind: 'file', name };
}

function disagreed(): RunnerError {
  return new RunnerError('collect', 'the builder sent something else than the name of a file and the file');
}
