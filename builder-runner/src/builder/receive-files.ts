// Receives files from a builder over the existing connection: opening another one, as rsync does, takes longer than
// sending a small build's results.
import { isUtf8 } from 'node:buffer';
import { mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isDiskFull, RunnerError } from '../base/errors.ts';
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

/** Something whose name fits and that did not come. */
export interface LeftFile {
  /** What is not UTF-8 in it is replaced. */
  readonly name: string;
  readonly bytes: number;
  /** It is a link, a folder or the like; larger than a file may be; or its name is not UTF-8. */
  readonly why: 'kind' | 'size' | 'name';
}

/** The names of the files that came and what was left, or that there were more bytes than may come together. */
export type Received =
  | { readonly kind: 'files'; readonly names: readonly string[]; readonly left: readonly LeftFile[] }
  | { readonly kind: 'too-large'; readonly largest: Pick<LeftFile, 'name' | 'bytes'> };

/**
 * Size, time, kind and name of all whose names fit, ended by an empty one; then all that is in the regular files of
 * these up to a size ($1). Nobody writes there any more: both looks see the same. In the locale C, names that are not
 * UTF-8 fit too: they are not left out in silence.
 */
const sendAll = `
export LC_ALL=C
size=$1
shift
find "$@" -printf '%s %Ts %y %f\\0' 2>/dev/null
printf '\\0'
exec find "$@" -type f -size "$size" -exec cat -- {} + 2>/dev/null`;

/** More than a file name, its size and its time. */
const entryBytes = 400;
const mostFiles = 20_000;

/**
 * Takes the regular files of a folder whose names fit. The builder is hostile: names stay in their folder and nothing
 * comes beyond the bounds; what is in the files is for others to judge. How long it takes is for `signal` to say.
 * However it ends, nothing is written to `order.to` afterwards. Throws RunnerError `lost` (it may be done again),
 * `collect` (not what was agreed, or the files cannot be written), the reason of the abort, or what the file system
 * says of a full disk.
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
  channel.stderr.resume();
  channel.on('error', () => undefined); // `lost` tells
  channel.end();
  const over = new AbortController();
  const taking = takeFiles(channel, order, AbortSignal.any([signal, over.signal]));
  try {
    return await Promise.race([taking, connection.lost]);
  } catch (error) {
    signal.throwIfAborted();
    throw asCollectFault(error);
  } finally {
    over.abort(new RunnerError('lost', 'the results are not wanted any more'));
    channel.destroy();
    // The folder may be removed or filled again as soon as this ends.
    await taking.catch(() => undefined);
  }
}

/** What this machine's file system refuses is worth another try; a full disk has a way of its own. */
function asCollectFault(error: unknown): unknown {
  if (error instanceof RunnerError || isDiskFull(error)) return error;
  return new RunnerError('collect', 'the results could not be written to the disk of the service', { cause: error });
}

function commandOf({ from, patterns, fileBytes }: ReceiveOrder): readonly string[] {
  const names = patterns.flatMap((pattern, index) => [...(index === 0 ? [] : ['-o']), '-name', pattern]);
  const size = `-${Math.floor(fileBytes) + 1}c`;
  const tests = ['-mindepth', '1', '-maxdepth', '1', '(', ...names, ')'];
  return ['sh', '-c', sendAll, 'sh', size, from, ...tests];
}

interface Entry extends Pick<LeftFile, 'name' | 'bytes'> {
  readonly time: number;
  readonly isFile: boolean;
  readonly isUtf8: boolean;
}

/**
 * Takes what the builder sends, however it is cut into pieces. Throws as `receiveFiles`, and the reason of `signal`
 * when it is aborted; nothing is written any more when this ends.
 */
export async function takeFiles(
  source: AsyncIterable<Buffer>,
  order: Pick<ReceiveOrder, 'to' | 'fileBytes' | 'totalBytes'>,
  signal: AbortSignal,
): Promise<Received> {
  const stream = new Chunks(source[Symbol.asyncIterator](), signal);
  const entries = await readEntries(stream);
  const sent = entries.filter(({ isFile, bytes }) => isFile && bytes <= Math.floor(order.fileBytes));
  const [largest] = sent.toSorted((one, other) => other.bytes - one.bytes);
  if (largest !== undefined && sent.reduce((sum, { bytes }) => sum + bytes, 0) > order.totalBytes) {
    return { kind: 'too-large', largest: { name: largest.name, bytes: largest.bytes } };
  }
  for (const entry of sent) {
    if (entry.isUtf8) await writeNew(join(order.to, entry.name), entry, stream);
    else for await (const _ of stream.next(entry.bytes)); // the next file begins behind it
  }
  const came = sent.filter(({ isUtf8: isGood }) => isGood);
  const left = entries.filter((entry) => !came.includes(entry)).map(leftFile);
  return { kind: 'files', names: came.map(({ name }) => name), left };
}

function leftFile({ name, bytes, isFile, isUtf8: isGood }: Entry): LeftFile {
  return { name, bytes, why: !isFile ? 'kind' : isGood ? 'size' : 'name' };
}

/** By hand and in order: of a stream that is destroyed, its file may be opened and written a moment later. */
async function writeNew(path: string, { bytes, time }: Entry, stream: Chunks): Promise<void> {
  const file = await open(path, 'wx', 0o644);
  try {
    await file.writeFile(stream.next(bytes));
    await file.utimes(time, time);
  } finally {
    await file.close();
  }
}

async function readEntries(stream: Chunks): Promise<readonly Entry[]> {
  const entries: Entry[] = [];
  const seen = new Set<string>();
  for (;;) {
    const head = await stream.until(0, entryBytes);
    if (head.length === 0) return entries;
    const text = head.toString();
    const [, bytes, time, kind, name = ''] = /^(\d{1,15}) (\d{1,12}) ([A-Za-z?]) ([^/]{1,255})$/s.exec(text) ?? [];
    const isGood = isUtf8(head);
    const isName = name !== '' && name !== '.' && name !== '..' && !(isGood && seen.has(name));
    if (!isName || entries.length >= mostFiles) throw disagreed();
    seen.add(name);
    entries.push({ name, bytes: Number(bytes), time: Number(time), isFile: kind === 'f', isUtf8: isGood });
  }
}

/** A stream of bytes that is taken piece by piece. */
class Chunks {
  #head: Buffer<ArrayBufferLike> = Buffer.alloc(0);
  readonly #chunks: AsyncIterator<Buffer>;
  readonly #aborted: Promise<never>;

  constructor(chunks: AsyncIterator<Buffer>, signal: AbortSignal) {
    this.#chunks = chunks;
    this.#aborted = abortable(signal, new Promise<never>(() => undefined));
    this.#aborted.catch(() => undefined); // told to whoever waits for more
  }

  /** What stands before the next byte `end`, which is not so far away. */
  async until(end: number, most: number): Promise<Buffer> {
    while (!this.#head.includes(end)) {
      if (this.#head.length > most) throw disagreed();
      this.#head = Buffer.concat([this.#head, await this.#more()]);
    }
    const at = this.#head.indexOf(end);
    const before = this.#head.subarray(0, at);
    this.#head = this.#head.subarray(at + 1);
    return before;
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
    const next = await Promise.race([this.#chunks.next(), this.#aborted]);
    if (next.done) throw new RunnerError('lost', 'the connection ended while the results came');
    return next.value;
  }
}

function disagreed(): RunnerError {
  return new RunnerError('collect', 'the builder sent something else than names of files and the files');
}
