// Service settings: one YAML file (`COPPICE_SETTINGS`), every key with its default. Secrets only as names of files or
// environment variables.
import { z } from 'zod';
import { builderSettingsSchema } from './builder-settings.ts';
import { eventTypes } from './event.ts';

export type { PoolSettings } from './builder-settings.ts';

const webUrl = z.url({ protocol: /^https?$/, error: 'an address (URL) that begins with http:// or https://' });
/** What paths are put behind. */
const webRoot = webUrl.overwrite((url) => url.replace(/\/+$/, ''));

/**
 * The settings of one service. Paths are absolute or relative to COPPICE_HOME; durations in seconds, sizes in bytes.
 */
export const settingsSchema = z.strictObject({
  /** Where the site and the webhooks are answered. */
  listen: z
    .strictObject({ host: z.string().default('127.0.0.1'), port: z.int().min(0).max(65535).default(8080) })
    .prefault({}),
  /** The address under which readers see the service. Default: http://<host>:<port>. */
  url: webRoot.optional(),
  github: z
    .strictObject({
      /** `embedded` runs the local GitHub; `github` speaks to a real one. */
      mode: z.enum(['embedded', 'github']).default('embedded'),
      /** owner/name of the config repo. */
      repository: z.string().default('acme/packages'),
      apiUrl: webRoot.default('https://api.github.com'),
      /** Where people and Git reach it. */
      webUrl: webRoot.default('https://github.com'),
      appId: z.int().positive().optional(),
      privateKeyFile: z.string().optional(),
      webhookSecretFile: z.string().optional(),
      /** Whether GitHub can reach this service. False (behind NAT): it is asked every `pollSeconds` what is new. */
      webhooks: z.boolean().default(true),
      /** How often to look for what no webhook has brought. */
      reconcileSeconds: z.number().min(1).max(86_400).default(300),
      /** How often to ask without webhooks. What has not changed does not count against GitHub's limits. */
      pollSeconds: z.number().min(1).max(86_400).default(10),
      /** Octokit's own throttling; off only in measurements. */
      throttle: z.boolean().default(true),
    })
    .prefault({}),
  /** Tasks worked on at once; signing and publishing need no builder. */
  workers: z.int().min(1).max(256).default(2),
  /**
   * Whether the service ends, with exit code 1, when a worker dies of a fault of the machinery: what watches the
   * service starts it again, and
   * the start takes up the task that was left. False: another worker takes its place, and the task waits for the next
   * start.
   */
  exitOnWorker: z.boolean().default(false),
  builders: builderSettingsSchema.prefault({}),
  timeouts: z
    .strictObject({
      sourceSeconds: z.number().positive().default(300),
      srpmSeconds: z.number().positive().default(300),
      spawnSeconds: z.number().positive().default(300),
      provisionSeconds: z.number().positive().default(600),
      collectSeconds: z.number().positive().default(600),
    })
    .prefault({}),
  events: z
    .strictObject({
      /** For so many days the lines in `published/events/` are kept. */
      retentionDays: z.int().min(1).max(3650).default(90),
    })
    .prefault({}),
  deletion: z
    .strictObject({
      /**
       * How long after a push that takes the file of a project away its results and its key are deleted; the file put
       * back before keeps them. 0: at once.
       */
      graceSeconds: z
        .int()
        .min(0)
        .max(30 * 86_400)
        .default(3600),
    })
    .prefault({}),
  backup: z
    .strictObject({
      /** A file with the OpenPGP key that signing keys of removed projects are encrypted to. */
      publicKeyFile: z.string().optional(),
    })
    .prefault({}),
  /** Another place that is kept as `published/` is, to be served from there; at most one. Default: none. */
  mirror: z
    .strictObject({
      /** A machine that is reached over SSH and has rsync. */
      rsync: z
        .strictObject({
          host: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9.:-]{0,252}$/, 'a host name or an address'),
          port: z.int().min(1).max(65535).default(22),
          user: z.string().regex(/^[a-z_][a-z0-9_-]{0,31}$/, 'a user name'),
          /** There; all in it that is not published goes. */
          folder: z
            .string()
            .regex(/^\/[A-Za-z0-9._~/-]*[A-Za-z0-9_~-]\/?$/, 'an absolute path of letters, digits and ._~-'),
          /** Its host key, as `ssh-keyscan` prints it after the name: `ssh-ed25519 AAAA…`. */
          hostKey: z.string().regex(/^(?:ssh|ecdsa|sk)-[a-z0-9@.-]+ [A-Za-z0-9+/]+=*$/, 'a type and a key in base64'),
          /** A file with the private key that it takes; readable by the service's user alone. */
          keyFile: z.string().regex(/^[^"\n\r\0]+$/, 'a path without quotation marks'),
        })
        .optional(),
      /** A bucket of S3, or of what speaks like it. */
      s3: z
        .strictObject({
          /** Default: Amazon's of the region. */
          endpoint: webRoot.optional(),
          region: z.string().min(1).default('us-east-1'),
          bucket: z.string().regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'the name of a bucket'),
          /** What names of objects begin with; all that begins so and is not published goes. */
          prefix: z.string().default(''),
          /** Whether the bucket stands in the path of addresses, not in the host: most that are not Amazon's. */
          pathStyle: z.boolean().default(false),
          /** With `secretKeyFile`. Default, for both: where the SDK looks, such as AWS_ACCESS_KEY_ID or a role. */
          accessKeyId: z.string().min(1).optional(),
          /** A file with the secret key; readable by the service's user alone. */
          secretKeyFile: z.string().optional(),
        })
        .refine(({ accessKeyId, secretKeyFile }) => (accessKeyId === undefined) === (secretKeyFile === undefined), {
          message: 'accessKeyId and secretKeyFile belong together',
        })
        .optional(),
    })
    .refine(({ rsync, s3 }) => rsync === undefined || s3 === undefined, { message: 'there can be one mirror, not two' })
    .prefault({}),
  /** Programs that are told of events, each in the order in which they happened. */
  webhooks: z
    .array(
      z.strictObject({
        url: webUrl,
        /** A file with the secret that signs what is sent; readable by the service's user alone. */
        secretFile: z.string(),
        /** Default: all. */
        events: z
          .array(z.enum(eventTypes))
          .min(1)
          .default([...eventTypes]),
      }),
    )
    .default([])
    .refine((hooks) => new Set(hooks.map(({ url }) => url)).size === hooks.length, {
      message: 'two webhooks have the same url',
    }),
  git: z
    .strictObject({
      /** Protocols that sources may use. */
      protocols: z.array(z.enum(['https', 'http', 'file'])).default(['https']),
      /** Prefix of an address → prefix that is fetched instead (Git's url.<base>.insteadOf): local mirrors. */
      mirrors: z.record(z.string(), z.string()).default({}),
    })
    .prefault({}),
  sources: z
    .strictObject({
      /** What the cache of fetched sources may hold, in bytes; what was not used for the longest time goes first. */
      cacheBytes: z
        .int()
        .min(0)
        .default(20 * 2 ** 30),
      /**
       * Whether sources may come from addresses that are not public (10.0.0.0/8, localhost …). Mirrors and the indexes
       * below always may.
       */
      privateAddresses: z.boolean().default(false),
      /** The index of Python packages: it answers at <url>/pypi/<name>/json. */
      pypiUrl: webRoot.default('https://pypi.org'),
      /** The index of Ruby gems: it answers at <url>/api/v1/gems/<name>.json. */
      rubygemsUrl: webRoot.default('https://rubygems.org'),
    })
    .prefault({}),
});
export type Settings = z.infer<typeof settingsSchema>;
