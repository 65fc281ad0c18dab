// Receives files from a builder over the existing connection: opening another one, as rsync does, takes longer than
// sending a small build's results.
import { createWriteStream } from 'node:fs';
import { mkdir, rm, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { RunnerError } from '../base/errors.ts';
import { abortable, type Connection, openChannel } from './ssh.ts';

export interface ReceiveOrder {
  /** Absolute path of a folder on the builder. */
  readonly from: string;
  /** Globs of file names, as `find` knows them. */
  readonly patterns: readonly string[];
  /** Folder of this machine, made anew. */
  readonly to: string;
  /** Larger files are left where they are. */
  readonly fileBytes: number;
  /** More than this together does not come. */
  readonly totalBytes: number;
  readonly signal: AbortSignal;
}

/** The names of the files that came, or that there were more bytes than may come. */
export type Received = { readonly kind: 'files'; readonly names: readonly string[] } | { readonly kind: 'too-large' };

/**
 * Size, time and name of each file, ended by an empty one; then all that is in them. Nobody writes there any more: both
 * looks see the same.
 */
const sendAll = `
find "$@" -printf '%s %Ts %f\\0' 2>/dev/null
printf '\\0'
exec find "$@" -exec cat -- {} + 2>/dev/null`;

/** More than a file name, its size and its time. */
const entryBytes = 400;
const mostFiles = 20_000;

/**
 * Takes the regular files of a folder whose names fit. The builder is hostile: names stay in their folder and nothing
 * comes beyond the bounds; what is in the files is for others to judge. How long it takes is for `signal` to say.
 * Throws RunnerError `lost` (it may be done again),
 * `collect` (not what was agreed), or the reason of the abort.
 */
export async function receiveFiles(connection: Connection, order: ReceiveOrder): Promise<Received> {
  await rm(order.to, { recursive: true, force: true });
  await mkdir(order.to, { recursive: true, mode: 0o700 });
  const { signal } = order;
  signal.throwIfAborted();
  const opening = openChannel(connection.client, commandOf(order));
  const channel = await abortable(signal, Promise.race([opening, connection.lost])).catch((error) => {
    opening.then(
      (late) => late.destroy(),
      () => undefined,
    );
    throw error;
  });
  const stop = () => channel.destroy();
  signal.addEventListener('abort', stop, { once: true });
  channel.stderr.resume();
  channel.on('error', () => undefined); // `lost` tells
  channel.end();
  try {
    return await Promise.race([takeFiles(channel, order), connection.lost]);
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener('abort', stop);
    channel.destroy();
  }
}

function commandOf({ from, patterns, fileBytes }: ReceiveOrder): readonly string[] {
  const names = patterns.flatMap((pattern, index) => [...(index === 0 ? [] : ['-o']), '-name', pattern]);
  const size = `-${Math.floor(fileBytes) + 1}c`;
  const tests = ['-mindepth', '1', '-maxdepth', '1', '-type', 'f', '-size', size, '(', ...names, ')'];
  return ['sh', '-c', sendAll, 'sh', from, ...tests];
}

interface Entry {
  readonly name: string;
  readonly bytes: number;
  readonly time: number;
}

/** Takes what the builder sends, however it is cut into pieces. Throws as `receiveFiles`. */
export async function takeFiles(
  sent: AsyncIterable<Buffer>,
  order: Pick<ReceiveOrder, 'to' | 'totalBytes'>,
): Promise<Received> {
  const stream = new Chunks(sent[Symbol.asyncIterator]());
  const entries = await readEntries(stream);
  if (entries.reduce((sum, { bytes }) => sum + bytes, 0) > order.totalBytes) return { kind: 'too-large' };
  for (const { name, bytes, time } of entries) {
    const path = join(order.to, name);
    await pipeline(stream.next(bytes), createWriteStream(path, { flags: 'wx', mode: 0o644 }));
    await utimes(path, time, time);
  }
  return { kind: 'files', names: entries.map(({ name }) => name) };
}

async function readEntries(stream: Chunks): Promise<readonly Entry[]> {
  const entries = new Map<string, Entry>();
  for (;;) {
    const text = await stream.until(0, entryBytes);
    if (text === '') return [...entries.values()];
    const [, bytes, time, name = ''] = /^(\d{1,15}) (\d{1,12}) ([^/]{1,255})$/s.exec(text) ?? [];
    const isName = name !== '' && name !== '.' && name !== '..' && !entries.has(name);
    if (!isName || entries.size >= mostFiles) throw disagreed();
    entries.set(name, { name, bytes: Number(bytes), time: Number(time) });
  }
}

/** A stream of bytes that is taken piece by piece. */
class Chunks {
  #head: Buffer<ArrayBufferLike> = Buffer.alloc(0);
  readonly #chunks: AsyncIterator<Buffer>;

  constructor(chunks: AsyncIterator<Buffer>) {
    this.#chunks = chunks;
  }

  /** What stands before the next byte `end`, which is not so far away. */
  async until(end: number, most: number): Promise<string> {
    while (!this.#head.includes(end)) {
      if (this.#head.length > most) throw disagreed();
      this.#head = Buffer.concat([this.#head, await this.#more()]);
    }
    const at = this.#head.indexOf(end);
    const text = this.#head.toString('utf8', 0, at);
    this.#head = this.#head.subarray(at + 1);
    return text;
  }

  async *next(bytes: number): AsyncGenerator<Buffer> {
    let left = bytes;
    while (left > 0) {
      if (this.#head.length === 0) this.#head = await this.#more();
      const piece = this.#head.subarray(0, left);
      this.#head = this.#head.subarray(piece.length);
      left -= piece.length;
      yield piece;
    }
  }

  /** A connection that breaks looks like an end. */
  async #more(): Promise<Buffer<ArrayBufferLike>> {
    const next = await this.#chunks.next();
    if (next.done) throw new RunnerError('lost', 'the connection ended while the results came');
    return next.value;
  }
}

function disagreed(): RunnerError {
  return new RunnerError('collect', 'the builder sent something else than names of files and the files');
}
