// What a driver offers: `driver.yml` in its folder, narrowed by the operator's options.
import { realpath } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { builderLabelPattern, type PoolSettings } from '@coppice/config';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import { nothingWhenAbsent } from '../base/absent.ts';
import { RunnerError } from '../base/errors.ts';
import { readRegularFile } from '../base/regular-file.ts';
import { ansibleFolder } from './playbook.ts';

const architectureSchema = z.string().regex(/^[a-z][a-z0-9_]{1,31}$/);
const labelSchema = z.string().regex(builderLabelPattern);

const driverFactsSchema = z.strictObject({
  description: z.string().min(1),
  /** As `uname -m` says them; `machine` is the control host's own. */
  architectures: z.array(architectureSchema).min(1),
  labels: z.array(labelSchema),
  /** Builds go on while the service is stopped, and are taken up again at its next start. */
  outlivesService: z.boolean(),
  /** Builders have a network of their own, which builds without network must be kept from. */
  network: z.boolean(),
  /**
   * The machine outlives the builder, so no debug session may be opened on it. Default: it goes
   * with the builder.
   */
  hostStays: z.boolean().optional(),
  /**
   * Builders share the kernel of the control host, so no debug session may be opened on one unless the pool's settings
   * say that its users are trusted. Default: false.
   */
  onThisMachine: z.boolean().optional(),
  /** It has a playbook keep-roots.yml: base roots of new builders are kept for later ones. Default: false. */
  keepsRoots: z.boolean().optional(),
  /**
   * Where the service is not root, all its builders are this machine and its user's account: there can be one at a
   * time. Default: false.
   */
  oneWithoutRoot: z.boolean().optional(),
});
export type DriverFacts = z.infer<typeof driverFactsSchema>;

/**
 * A folder of playbooks without driver.yml, as Copr's were, is taken for one that makes machines like this one
 * elsewhere.
 */
const legacyFacts: DriverFacts = {
  description: 'Playbooks without driver.yml',
  architectures: ['machine'],
  labels: [],
  outlivesService: true,
  network: true,
};

/** The folder of a driver: settings name one in `ansible/drivers/`, or any other by its absolute path. */
export function driverFolder(driver: string): string {
  return isAbsolute(driver) ? driver : join(ansibleFolder, 'drivers', driver);
}

/** A word for file names and logs: the last part of an absolute path. Pure. */
export function driverName(driver: string): string {
  return driver.split('/').findLast((part) => part !== '') ?? driver;
}

const maximumBytes = 64 * 1024;

/** Reads `driver.yml`. Throws RunnerError `spawn` when it is not good: such a driver makes no builders. */
export async function readDriverFacts(driver: string): Promise<DriverFacts> {
  const path = join(driverFolder(driver), 'driver.yml');
  const real = await realpath(path).catch(nothingWhenAbsent);
  const read = real === undefined ? undefined : await readRegularFile(real, maximumBytes);
  if (read === undefined) return legacyFacts;
  if (read.kind === 'odd') throw new RunnerError('spawn', `${path} cannot be read: ${read.why}`);
  return parseDriverFacts(read.text, path);
}

/** Pure. Throws RunnerError `spawn` that names every key that is not good. */
export function parseDriverFacts(text: string, path: string): DriverFacts {
  let value: unknown;
  try {
    value = parseYaml(text);
  } catch (error) {
    throw new RunnerError('spawn', `${path} is not YAML`, { cause: error });
  }
  const parsed = driverFactsSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new RunnerError('spawn', `${path} is not good: ${z.prettifyError(parsed.error)}`);
}

/** How many builders a pool may have for which the settings say `stated`; `isRoot`: whether the service is. Pure. */
export function mostBuilders({ oneWithoutRoot = false }: DriverFacts, stated: number, isRoot: boolean): number {
  return oneWithoutRoot && !isRoot ? Math.min(stated, 1) : stated;
}

/**
 * Why nobody may log into builders of a pool with these settings; undefined: those who ask for a debug session may.
 * Pure.
 */
export function whyNoLogins(
  facts: Pick<DriverFacts, 'hostStays' | 'onThisMachine'>,
  { loginsTrusted }: Pick<PoolSettings, 'loginsTrusted'>,
): string | undefined {
  if (facts.hostStays === true) return 'the machine of its builder stays when the builder ends';
  if (facts.onThisMachine !== true || loginsTrusted) return undefined;
  return (
    'its builders share the kernel of the machine that runs this service, with its keys: who logs in there may find a ' +
    'way to all of it. Where all who may ask are trusted with that machine, an operator sets `loginsTrusted: true` for ' +
    'the pool in `builders.pools`'
  );
}

/** What builders a pool can have. */
export interface DriverOffer {
  readonly architectures: readonly string[];
  readonly labels: readonly string[];
}

/** The options of every driver that say what it offers; each driver has others of its own. */
const offerOptionsSchema = z.object({
  images: z.record(architectureSchema, z.unknown()).optional(),
  labels: z.record(labelSchema, z.unknown()).optional(),
  hosts: z
    .array(z.object({ architectures: z.array(architectureSchema).optional(), labels: z.array(labelSchema).optional() }))
    .optional(),
});

/**
 * What is offered with these options. An image for some architectures leaves only those; a label is offered when the
 * options say what it means, or when a host has it. Pure. `machine` is the control host's `uname -m`. Throws
 * RunnerError `spawn`.
 */
export function offerOf(facts: DriverFacts, options: Readonly<Record<string, unknown>>, machine: string): DriverOffer {
  const parsed = offerOptionsSchema.safeParse(options);
  if (!parsed.success) {
    throw new RunnerError('spawn', `the options of the driver are not good: ${z.prettifyError(parsed.error)}`);
  }
  const { images, labels, hosts } = parsed.data;
  const known = facts.architectures.map((architecture) => (architecture === 'machine' ? machine : architecture));
  const fromHosts = hosts?.flatMap((host) => host.architectures ?? [machine]);
  const wanted = fromHosts ?? (images === undefined ? known : Object.keys(images));
  return {
    architectures: [...new Set(wanted)].filter((architecture) => known.includes(architecture)),
    labels: [
      ...new Set([
        ...facts.labels,
        ...Object.keys(labels ?? {}),
        ...(hosts ?? []).flatMap((host) => host.labels ?? []),
      ]),
    ],
  };
}

/** This machine's architecture as `uname -m` says it. */
export function thisMachine(): string {
  return (
    { x64: 'x86_64', arm64: 'aarch64', s390x: 's390x', ppc64: 'ppc64le', riscv64: 'riscv64' }[process.arch as string] ??
    process.arch
  );
}
