// The part of the service settings that says where builders come from and how long they are kept.
import { z } from 'zod';

const machine = z.string().regex(/^[a-z][a-z0-9_]{1,31}$/, 'an architecture as `uname -m` says it, like x86_64');

/** What a label of builders may be: the same in the settings, in what drivers say of themselves, and in projects. */
export const builderLabelPattern = /^[a-z0-9][a-z0-9._-]{0,62}$/;
const label = z.string().regex(builderLabelPattern, 'a label is lower-case letters, digits, ".", "_" and "-"');

const poolSchema = z
  .strictObject({
    /** What the log, the metrics and the operations issue call it. Default: the driver's name. */
    name: z
      .string()
      .regex(/^[a-z0-9][a-z0-9-]{0,30}$/)
      .optional(),
    /** A folder in ansible/drivers, or the absolute path of another one. */
    driver: z
      .string()
      .regex(/^([a-z][a-z0-9-]*|\/.+)$/, 'the name of a folder in ansible/drivers, or an absolute path')
      .default('local'),
    /** Builders that are kept ready although nothing waits. */
    min: z.int().min(0).max(1000).default(0),
    /** Builders at most. */
    max: z.int().min(1).max(1000).default(4),
    /** How long a builder that nobody uses is kept. */
    idleSeconds: z.number().min(0).max(86_400).default(600),
    /** Default: what the driver offers. */
    architectures: z.array(machine).min(1).optional(),
    /** Added to the driver's. */
    labels: z.array(label).default([]),
    /** Who gets its builders: those that make source packages, which run what packagers wrote, and those that build. */
    trust: z
      .array(z.enum(['source', 'build']))
      .min(1)
      .default(['source', 'build']),
    /**
     * Where builders run on the control host itself: all who may ask for a debug session are trusted with that machine.
     * Elsewhere it means nothing.
     */
    loginsTrusted: z.boolean().default(false),
    /** The driver's own options; given to its playbooks as coppice_options. */
    options: z.record(z.string(), z.unknown()).default({}),
  })
  .refine(({ min, max }) => min <= max, { path: ['min'], message: 'min is more than max' })
  .transform((pool) => ({ ...pool, name: pool.name ?? nameOf(pool.driver) }));

/** The last part of the driver's path, as far as it can be a name. */
function nameOf(driver: string): string {
  const last = driver.split('/').findLast((part) => part !== '') ?? '';
  const plain = last
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
  return plain.slice(0, 31) || 'pool';
}

export const builderSettingsSchema = z.strictObject({
  /** In the order in which they are asked for a builder. */
  pools: z
    .array(poolSchema)
    .min(1)
    .prefault([{}])
    .refine((pools) => new Set(pools.map(({ name }) => name)).size === pools.length, {
      message: 'two pools have the same name: give each a `name`',
    }),
  /** A builder never lives longer than this. */
  lifetimeSeconds: z
    .number()
    .positive()
    .default(6 * 3600),
  /** For so long a builder that went away in the middle of a build is called again, before another one is taken. */
  reconnectSeconds: z.number().min(0).max(3600).default(60),
  /** How often a failure of the infrastructure is tried, each time on another builder. */
  attempts: z.int().min(1).max(10).default(3),
  /** When a pool is not asked for builders any more. */
  breaker: z
    .strictObject({
      /** It opens after this many builders in a row that could not be made. */
      failures: z.int().min(1).max(100).default(3),
      /** It is tried again after this; each time that fails, twice as long, up to an hour. */
      pauseSeconds: z.number().positive().max(3600).default(60),
    })
    .prefault({}),
});

/** Where the builders of one kind come from, with every default filled in. */
export type PoolSettings = z.infer<typeof poolSchema>;
