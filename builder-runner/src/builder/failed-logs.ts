// What is kept of a builder that could not be made or reached: its own folder goes when it is ended.
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';

const mostLogs = 20;
const logBytes = 256 * 1024;

/** The folder of the logs, for operators; one file for each builder that failed lately. */
export function failedLogsFolder(home: string): string {
  return join(home, 'state', 'failed-builders');
}

/**
 * Keeps the end of what was said while the builder was made, and the last 20 of such logs. Resolves with the file,
 * as seen from COPPICE_HOME, or undefined when it cannot be written: that must not hide why the builder failed.
 */
export async function keepFailedLog(home: string, name: string, text: string, now: Date): Promise<string | undefined> {
  const folder = failedLogsFolder(home);
  // In the order of their names, the oldest come first.
  const file = join(folder, `${now.toISOString().replace(/[:.]/g, '-')}-${name}.log`);
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await writeFile(file, Buffer.from(text).subarray(-logBytes), { mode: 0o600 });
    const names = (await readdir(folder)).filter((each) => each.endsWith('.log')).sort();
    for (const old of names.slice(0, -mostLogs)) await rm(join(folder, old), { force: true });
    return relative(home, file);
  } catch {
    await rm(file, { force: true }).catch(() => undefined);
    return undefined;
  }
}
