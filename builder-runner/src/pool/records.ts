// What is written down of each builder in `state/builders/<name>/builder.json`: enough to take it up, or to end it,
// after a crash.

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type ChrootName, parseJsonAs } from '@coppice/config';
import { z } from 'zod';
import { readRegularFile } from '../base/regular-file.ts';
import { replaceFile } from '../base/replace-file.ts';
import { type Builder, builderFolder, instanceSchema } from '../builder/spawn.ts';

const maximumRecordBytes = 1024 * 1024;

const chrootName = z.string().transform((name) => name as ChrootName);

/** What a builder was given to. Builders are used again only by the same project and at the same trust. */
const needSchema = z.object({
  chroot: chrootName,
  owner: z.string(),
  project: z.string(),
  trust: z.enum(['source', 'build']),
  labels: z.array(z.string()).readonly(),
});

const recordSchema = z.object({
  pool: z.string(),
  driver: z.string(),
  options: z.record(z.string(), z.unknown()),
  /** Of the machine, as `uname -m` says it. */
  architecture: z.string(),
  /** What it was made with, beyond what all of its pool are. */
  labels: z.array(z.string()).readonly(),
  /** The chroot that it was made for. */
  chroot: chrootName,
  publicKey: z.string().nullable(),
  spawnedAt: z.iso.datetime(),
  deadline: z.iso.datetime(),
  provisioned: z.boolean(),
  /** Whose build is or was on it; null: nobody's yet. */
  need: needSchema.nullable(),
  /** True while somebody has it in hand. */
  leased: z.boolean(),
  /** Kept for somebody to look at until then. */
  keptUntil: z.iso.datetime().nullable(),
});
export type BuilderRecord = z.infer<typeof recordSchema>;

/**
 * Writes the record as a whole, or leaves the one before. Not synced: it is written for every build, and a builder
 * whose record is lost is ended as one that belongs to nobody. The folder of one that has ended is not made again.
 */
export async function writeRecord(home: string, name: string, record: BuilderRecord): Promise<void> {
  const path = join(builderFolder(home, name), 'builder.json');
  await replaceFile(path, `${JSON.stringify(record, null, 2)}\n`, { sync: false, mode: 0o600, makesFolders: false });
}

/** The record of a builder; undefined when there is none that can be read. */
export async function readRecord(home: string, name: string): Promise<BuilderRecord | undefined> {
  const parsed = recordSchema.safeParse(await readJson(join(builderFolder(home, name), 'builder.json')));
  return parsed.success ? parsed.data : undefined;
}

/** Names of all builders that have a folder. */
export async function recordedNames(home: string): Promise<readonly string[]> {
  const entries = await readdir(builderFolder(home, ''), { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}

/** The builder of a record, as spawning gave it; undefined when it was not spawned to the end. */
export async function readBuilder(home: string, name: string, record: BuilderRecord): Promise<Builder | undefined> {
  const folder = builderFolder(home, name);
  const instance = instanceSchema.safeParse(await readJson(join(folder, 'instance.json')));
  if (!instance.success || record.publicKey === null) return undefined;
  const { chroot, publicKey } = record;
  const files = { keyFile: join(folder, 'key'), knownHostsFile: join(folder, 'known_hosts'), folder };
  return { name, chroot, instance: instance.data, publicKey, ...files };
}

async function readJson(path: string): Promise<unknown> {
  const read = await readRegularFile(path, maximumRecordBytes).catch(() => undefined);
  const json = read?.kind === 'text' ? parseJsonAs(read.text, z.unknown()) : undefined;
  return json?.kind === 'value' ? json.value : undefined;
}
