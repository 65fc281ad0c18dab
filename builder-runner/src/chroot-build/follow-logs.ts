// Shows a build's logs while they grow: bytes into the published files, complete lines to the code that detects phases.
// Following resumes where it stopped, on a new connection or after a restart of the service: no byte is lost or
// repeated.
import { createWriteStream, type WriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { StringDecoder } from 'node:string_decoder';
import { setTimeout as delay } from 'node:timers/promises';
import { openRegularFile, setAside } from '../base/regular-file.ts';
import type { FollowedLogs } from '../builder/run-detached.ts';
import type { Connection, Stream } from '../builder/ssh.ts';
import { type StreamedLog, streamedLogs } from '../mock/mock-log.ts';

/** What is published of a log while the build runs; the whole of it comes with the results. */
const shownBytes = 64 * 1024 ** 2;
const longestLine = 4096;
/** How long the last lines of a log may take to come, after the process that wrote it has ended. */
const settleSeconds = 1;

interface ShownLog {
  readonly log: StreamedLog;
  readonly file: WriteStream;
  readonly take: (chunk: Buffer) => void;
  /** Bytes that have come. */
  seen: number;
}

/**
 * Makes ready to follow the logs in `remote` (absolute, on the builder) into the folder `local`, after what stands
 * there already.
 */
export async function followLogs(
  remote: string,
  local: string,
  onLine: (log: StreamedLog, line: string) => void,
): Promise<FollowedLogs> {
  await mkdir(local, { recursive: true });
  const logs = await Promise.all(streamedLogs.map((log) => openLog(log, join(local, log), onLine)));
  let streams: Stream[] = [];
  return {
    start: async (connection, pid) => {
      streams = await Promise.all(logs.map((log) => follow(log, connection, remote, pid)));
    },
    settle: async () => {
      const late = new AbortController();
      const limit = delay(settleSeconds * 1000, undefined, { signal: late.signal }).catch(() => undefined);
      await Promise.race([Promise.all(streams.map(({ ended }) => ended)), limit]);
      late.abort();
    },
    stop: () => {
      for (const stream of streams) stream.stop();
      streams = [];
    },
    close: async () => {
      await Promise.all(logs.map(({ file }) => closed(file)));
    },
  };
}

async function openLog(
  log: StreamedLog,
  path: string,
  onLine: (log: StreamedLog, line: string) => void,
): Promise<ShownLog> {
  const { size, lastLine } = await readShown(path);
  const file = createWriteStream(path, { flags: 'a' });
  // A full disk shows when the results are published; a log that cannot be shown must not end the build or the service.
  file.on('error', () => file.destroy());
  return { log, file, take: takeLines((line) => onLine(log, line), lastLine), seen: size };
}

/** How much of the log stands there already, and the line that is not complete yet. */
async function readShown(path: string): Promise<{ readonly size: number; readonly lastLine: string }> {
  const file = await openRegularFile(path);
  if (file !== undefined && 'kind' in file) await setAside(path); // to write to a FIFO would wait for a reader
  if (file === undefined || 'kind' in file) return { size: 0, lastLine: '' };
  try {
    const { size } = await file.stat();
    const end = Buffer.alloc(Math.min(size, longestLine));
    await file.read(end, 0, end.length, size - end.length);
    return { size, lastLine: end.subarray(end.lastIndexOf('\n') + 1).toString() };
  } finally {
    await file.close();
  }
}

function follow(log: ShownLog, connection: Pick<Connection, 'stream'>, remote: string, pid: string): Promise<Stream> {
  const from = `--bytes=+${log.seen + 1}`;
  const command = ['tail', from, '-F', '--sleep-interval=0.2', `--pid=${pid}`, '--', `${remote}/${log.log}`];
  return connection.stream(command, (chunk) => {
    const shown = log.seen < shownBytes;
    log.seen += chunk.length;
    log.take(chunk);
    if (shown && !log.file.destroyed) log.file.write(chunk);
  });
}

function closed(file: WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (file.destroyed) return resolve();
    file.once('close', resolve);
    file.end();
  });
}

/** Cuts bytes into lines, the first of which began with `begun`; the rest of an overlong line is left out. */
export function takeLines(onLine: (line: string) => void, begun = ''): (chunk: Buffer) => void {
  const decoder = new StringDecoder('utf8');
  let rest = begun;
  return (chunk) => {
    const lines = (rest + decoder.write(chunk)).split('\n');
    rest = (lines.pop() ?? '').slice(0, longestLine);
    for (const line of lines) onLine(line.slice(0, longestLine));
  };
}
