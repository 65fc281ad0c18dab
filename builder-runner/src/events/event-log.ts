// The event files: one per day, one line per event, and an index of the days. Only whole lines are appended.
import { constants } from 'node:fs';
import { lstat, mkdir, open, readdir, readFile, rm, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { type CoppiceEvent, eventSchema, published } from '@coppice/config';
import { nothingWhenAbsent } from '../base/absent.ts';
import type { Log } from '../base/log.ts';
import { noteChange } from '../base/published-changes.ts';
import { openRegularFile, setAside } from '../base/regular-file.ts';
import { replaceFile } from '../base/replace-file.ts';

/** Where a reader is: the name of a file, and how many bytes of it were read. */
export interface LogPosition {
  readonly file: string;
  readonly offset: number;
}

const filePattern = /^\d{4}-\d{2}-\d{2}\.jsonl$/;

export function eventsFolder(home: string): string {
  return join(home, 'published', published.events);
}

/** Names of the days' files, oldest first. */
export async function eventFiles(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return entries.flatMap((entry) => (entry.isFile() && filePattern.test(entry.name) ? [entry.name] : [])).sort();
}

export interface EventLog {
  /** Adds lines to the file of this day. Throws what the disk says; then none of them is there. */
  append(events: readonly CoppiceEvent[], now: Date): Promise<void>;
}

/**
 * Takes away the half line that a crash left, and days that are too old; writes the index. What stands in the place of
 * a file, such as a FIFO, is set aside, which `log` tells.
 */
export async function openEventLog(folder: string, retentionDays: number, now: Date, log: Log): Promise<EventLog> {
  await mkdir(folder, { recursive: true });
  const last = (await eventFiles(folder)).at(-1);
  if (last !== undefined) await cutHalfLine(join(folder, last));
  await removeOld(folder, retentionDays, now);
  await writeIndex(folder, log);
  let present: string | undefined = last;
  return {
    append: async (events, at) => {
      // A clock that was set back must not make lines stand before older ones.
      const today = `${at.toISOString().slice(0, 10)}.jsonl`;
      const name = present !== undefined && present > today ? present : today;
      await clearWay(folder, name, log);
      await appendWhole(join(folder, name), events.map((event) => `${JSON.stringify(event)}\n`).join(''));
      if (name === present) return;
      present = name;
      await removeOld(folder, retentionDays, at);
      await writeIndex(folder, log);
    },
  };
}

/** The events in these files whose lines can be read, oldest first. */
export async function* readEvents(folder: string, files: readonly string[]): AsyncGenerator<CoppiceEvent> {
  for (const file of files) {
    for (const line of (await readFile(join(folder, file), 'utf8')).split('\n')) {
      const event = parseEvent(line);
      if (event !== undefined) yield event;
    }
  }
}

/**
 * The event after `position`, and where it ends; undefined when there is none yet. A day that was removed is left out.
 */
export async function nextEvent(
  folder: string,
  position: LogPosition,
): Promise<{ readonly event: CoppiceEvent | undefined; readonly after: LogPosition } | undefined> {
  const files = await eventFiles(folder);
  for (const file of files.filter((name) => name >= position.file)) {
    const offset = file === position.file ? position.offset : 0;
    const line = await readLine(join(folder, file), offset);
    if (line !== undefined) return { event: parseEvent(line.text), after: { file, offset: offset + line.bytes } };
  }
  return undefined;
}

/** Behind all that is there. */
export async function endOfLog(folder: string): Promise<LogPosition> {
  const file = (await eventFiles(folder)).at(-1);
  if (file === undefined) return { file: '', offset: 0 };
  return { file, offset: (await readFile(join(folder, file))).lastIndexOf(0x0a) + 1 };
}

function parseEvent(line: string): CoppiceEvent | undefined {
  if (line === '') return undefined;
  try {
    return eventSchema.parse(JSON.parse(line));
  } catch {
    return undefined;
  }
}

const chunkBytes = 64 * 1024;

/** The whole line that begins at `offset`; undefined when there is none (yet). */
async function readLine(path: string, offset: number): Promise<{ text: string; bytes: number } | undefined> {
  const file = await openRegularFile(path);
  if (file === undefined || 'kind' in file) return undefined;
  try {
    let read = Buffer.alloc(0);
    for (;;) {
      const { bytesRead, buffer } = await file.read(Buffer.alloc(chunkBytes), 0, chunkBytes, offset + read.length);
      if (bytesRead === 0) return undefined;
      const seen = read.length;
      read = Buffer.concat([read, buffer.subarray(0, bytesRead)]);
      const end = read.indexOf(0x0a, seen);
      if (end !== -1) return { text: read.toString('utf8', 0, end), bytes: end + 1 };
    }
  } finally {
    await file.close();
  }
}

/** Moves away what is no regular file: appending to a FIFO would wait for a reader. */
async function clearWay(folder: string, name: string, log: Log): Promise<void> {
  const path = join(folder, name);
  const about = await lstat(path).catch(nothingWhenAbsent);
  if (about === undefined || about.isFile()) return;
  await setAside(path);
  log(
    'error',
    `${published.events}/${name} was no regular file: it is kept as ${name}.damaged, and a new one is begun`,
  );
}

const appendFlags =
  constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK;

async function appendWhole(path: string, text: string): Promise<void> {
  const file = await open(path, appendFlags);
  const { size } = await file.stat();
  try {
    await file.appendFile(text);
    await file.datasync();
    noteChange(path);
  } catch (error) {
    await file.truncate(size).catch(() => undefined); // what is left over is cut at the next start
    throw error;
  } finally {
    await file.close();
  }
}

async function cutHalfLine(path: string): Promise<void> {
  const content = await readFile(path);
  const end = content.lastIndexOf(0x0a) + 1;
  if (end < content.length) await truncate(path, end);
}

async function removeOld(folder: string, days: number, now: Date): Promise<void> {
  const oldest = new Date(now.getTime() - days * 86_400_000).toISOString().slice(0, 10);
  for (const name of await eventFiles(folder)) {
    if (name >= oldest) continue;
    await rm(join(folder, name), { force: true });
    noteChange(join(folder, name));
  }
}

async function writeIndex(folder: string, log: Log): Promise<void> {
  await clearWay(folder, 'index.json', log);
  const text = `${JSON.stringify({ schemaVersion: 1, files: await eventFiles(folder) }, null, 2)}\n`;
  // Each start writes it anew.
  await replaceFile(join(folder, 'index.json'), text, { sync: false });
}
