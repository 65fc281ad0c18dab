// What the service tells programs about builds as it happens: one line of JSON each in `published/events/`, and
// webhooks of the same form.
import { z } from 'zod';
import { buildStates, failureReasons } from './build.ts';

export const eventTypes = ['worker.create', 'build.start', 'chroot.start', 'chroot.end', 'build.end'] as const;
export type EventType = (typeof eventTypes)[number];

const common = {
  schemaVersion: z.literal(1),
  /** Names the event: the same when it is told twice. Letters, digits, `.`, `_` and `-`. */
  id: z.string().regex(/^[A-Za-z0-9._-]{1,200}$/),
  /** When it happened, ISO 8601 UTC. */
  at: z.iso.datetime(),
};

const build = z.strictObject({
  id: z.int().positive(),
  owner: z.string(),
  project: z.string(),
  package: z.string(),
  requestedBy: z.string(),
  /** Address of the comment or commit that asked. */
  request: z.string(),
  /** Address of its page. */
  url: z.string(),
});

const end = {
  state: z.enum(buildStates),
  reason: z.enum(failureReasons).nullable(),
};

/** One event. Texts of people and builds are as they came: code that shows them must escape them. */
export const eventSchema = z.discriminatedUnion('type', [
  z.strictObject({ ...common, type: z.literal('worker.create'), worker: z.string() }),
  /** Somebody has begun to do something for the build. */
  z.strictObject({ ...common, type: z.literal('build.start'), build }),
  /** An attempt at one chroot; `attempt` counts from 1. */
  z.strictObject({
    ...common,
    type: z.literal('chroot.start'),
    build,
    chroot: z.string(),
    attempt: z.int().positive(),
  }),
  z.strictObject({
    ...common,
    ...{ type: z.literal('chroot.end'), build, chroot: z.string(), attempts: z.int().nonnegative() },
    ...end,
    /** One sentence for people when it ended badly. */
    message: z.string().nullable(),
  }),
  z.strictObject({
    ...common,
    ...{ type: z.literal('build.end'), build },
    ...end,
    chroots: z.array(z.strictObject({ chroot: z.string(), ...end })),
  }),
]);
export type CoppiceEvent = z.infer<typeof eventSchema>;

/** `events/index.json`: the days that are there, oldest first, each the name of a file of JSON lines. */
export const eventIndexSchema = z.strictObject({
  schemaVersion: z.literal(1),
  files: z.array(z.string().regex(/^\d{4}-\d{2}-\d{2}\.jsonl$/)),
});
