// Shows a build's logs while they grow: bytes into the published files, complete lines to whoever wants to know the phase.
import { createWriteStream, type WriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { StringDecoder } from 'node:string_decoder';
import type { Connection } from '../builder/ssh.ts';
import { type StreamedLog, streamedLogs } from './mock-log.ts';

/** What is published of a log while the build runs; the whole of it comes with the results. */
const shownBytes = 64 * 1024 ** 2;
const longestLine = 4096;

export interface FollowedLogs {
  /** Ends following and closes the published files. */
  stop(): Promise<void>;
}

/** Follows the logs in `remote` (absolute, on the builder) into the folder `local`. `pid` is the process that writes them. */
export async function followLogs(
  connection: Connection,
  remote: string,
  pid: string,
  local: string,
  onLine: (log: StreamedLog, line: string) => void,
): Promise<FollowedLogs> {
  await mkdir(local, { recursive: true });
  const files: WriteStream[] = [];
  const streams: { stop(): void }[] = [];
  for (const log of streamedLogs) {
    const file = createWriteStream(join(local, log), { flags: 'w' });
    // A full disk shows when the results are published; a log that cannot be shown must not end the build or the service.
    file.on('error', () => file.destroy());
    files.push(file);
    const take = takeLines((line) => onLine(log, line));
    let shown = 0;
    const command = ['tail', '--bytes=+1', '-F', '--sleep-interval=0.2', `--pid=${pid}`, '--', `${remote}/${log}`];
    streams.push(
      await connection.stream(command, (chunk) => {
        take(chunk);
        if (file.destroyed || shown > shownBytes) return;
        shown += chunk.length;
        file.write(chunk);
      }),
    );
  }
  return {
    stop: async () => {
      for (const stream of streams) stream.stop();
      await Promise.all(files.map(closed));
    },
  };
}

function closed(file: WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (file.destroyed) return resolve();
    file.once('close', resolve);
    file.end();
  });
}

/** Cuts bytes into lines; the rest of an overlong line is left out. */
export function takeLines(onLine: (line: string) => void): (chunk: Buffer) => void {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  return (chunk) => {
    const lines = (rest + decoder.write(chunk)).split('\n');
    rest = (lines.pop() ?? '').slice(0, longestLine);
    for (const line of lines) onLine(line.slice(0, longestLine));
  };
}
