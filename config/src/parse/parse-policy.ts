// `coppice.yaml` → Policy.
import { z } from 'zod';
import { type Architecture, architectures, type ChrootName, chrootStates } from '../words/chroot.ts';
import type { Problem } from '../words/problem.ts';
import type { ChrootStatus, Policy } from '../words/project.ts';
import { keyWarningSeconds } from '../words/signing.ts';
import { type Checked, checkYaml, problemAt } from '../yaml/check-yaml.ts';
import { checkCount, chroot, duration, keptAfter, listOf, loginOrTeam, size } from '../yaml/fields.ts';
import type { YamlFile } from '../yaml/read-nodes.ts';
import { day, httpsAddress, isolation, keptBuilds, projectRef } from './project-fields.ts';

/** The one policy file of a config repo. */
export const policyPath = 'coppice.yaml';

const maximumChroots = 500;

const count = z.int().min(1).max(10_000);

const byArchitecture = Object.fromEntries(architectures.map((name) => [name, count.exactOptional()]));

const chrootStatus = z
  .strictObject({
    state: z
      .enum(chrootStates)
      .prefault('active')
      .describe('active; inactive: nothing is built for it now; eol (end of life): nothing any more.'),
    keepUntil: day
      .describe(
        'The day until which results of a chroot that is not active are kept at least; default: no day is promised.',
      )
      .exactOptional(),
  })
  .nullable()
  .describe('What the admins say of the chroot.');

const chroots = z
  .union(
    [
      listOf(chroot, 'a list of chroot names', { minimum: 1, maximum: maximumChroots }),
      z.record(chroot, chrootStatus).superRefine(checkCount('chroot', maximumChroots)),
    ],
    { error: 'a list of chroot names, or a mapping from names to their states' },
  )
  .describe('What projects may build for: a list of names, or a mapping from names to their states.');

const limits = z.strictObject({
  timeout: duration.prefault('1h').describe('How long one build may take where its package says nothing.'),
  maximumTimeout: duration.prefault('8h').describe('The longest timeout that a package may ask for.'),
  disk: size.prefault('10 GiB').describe('What one build may write on its builder.'),
  sources: size.prefault('1 GiB').describe('What the sources of one package may hold together.'),
  memory: size
    .describe('What memory one build may use where its package says nothing; default: maximumMemory.')
    .exactOptional(),
  maximumMemory: size.describe('The most memory that a package may ask for; default: no bound.').exactOptional(),
  perOwner: count
    .describe('How many builds of one owner run at once, each chroot counted; default: no bound.')
    .exactOptional(),
  perChroot: z
    .record(chroot, count)
    .prefault({})
    .describe('How many builds run at once for a chroot; default: no bound.'),
  perArchitecture: z
    .strictObject(byArchitecture)
    .prefault({})
    .describe('How many builds run at once for an architecture; default: no bound.'),
});

const allow = z.strictObject({
  network: z
    .union([z.boolean(), listOf(projectRef, 'a list of projects')], {
      error: '`true`, `false` or a list of projects',
    })
    .prefault(false)
    .describe('Which projects may let builds reach the network: true, false, or a list of owner/project.'),
  repos: listOf(httpsAddress, 'a list of https addresses')
    .describe('Below which https addresses the repositories of projects lie; default: any.')
    .exactOptional(),
  isolation: listOf(isolation, 'a list of isolations')
    .prefault(['auto', 'simple', 'nspawn'])
    .describe('Which isolations packages may ask for; auto always.'),
});

const retention = z.strictObject({
  failed: duration.prefault('30d').describe('How long builds are kept that did not succeed.'),
  superseded: duration
    .prefault('90d')
    .describe('How long builds are kept after a newer one of the same package and chroot succeeded.'),
  failedBuilds: keptBuilds
    .describe('How many builds of a package and chroot that did not succeed are kept, the newest; default: no bound.')
    .exactOptional(),
  supersededBuilds: keptBuilds
    .describe('How many superseded builds of a package and chroot are kept, the newest; default: no bound.')
    .exactOptional(),
  pullRequests: duration
    .prefault('14d')
    .describe('How long repositories of pull requests are kept after these were closed.'),
  removed: keptAfter
    .prefault('14d')
    .describe(
      'What becomes of what a package has published when it leaves its project: keep, remove, or how long it stays.',
    ),
});

const signing = z.strictObject({
  expires: duration
    .prefault('730d')
    .describe('How long a signing key lasts from the day on which it is made: more than 60d.'),
  overlap: duration
    .prefault('7d')
    .describe('For how long the next key of a project is published beside the one that signs before it signs itself.'),
});

export const policySchema = z
  .strictObject({
    admins: listOf(loginOrTeam, 'a list of logins', { minimum: 1 }).describe(
      'May change this file, chroots/, and every project.',
    ),
    chroots,
    limits: limits.prefault({}).describe('Bounds of every build.'),
    allow: allow.prefault({}).describe('What projects may ask for.'),
    signing: signing.prefault({}).describe('Keys that sign packages and metadata, one for each project.'),
    retention: retention
      .prefault({})
      .describe('How long results are kept that nobody is given any more. Projects may keep less.'),
  })
  .describe('coppice.yaml: what the admins decided for the whole service.');
type PolicyYaml = z.infer<typeof policySchema>;

/** The policy of a file, or its problems. */
export function parsePolicy(file: YamlFile): Checked<Policy> {
  const { value, problems } = checkYaml(policySchema, file);
  if (value === undefined) return { value, problems };
  const statuses = statusesOf(value);
  const found = [...checkLimits(file, value, statuses), ...checkStatuses(file, statuses), ...checkSigning(file, value)];
  return found.length > 0 ? { value: undefined, problems: found } : { value: toPolicy(value, statuses), problems: [] };
}

function statusesOf({ chroots: stated }: PolicyYaml): Map<ChrootName, ChrootStatus> {
  if (Array.isArray(stated)) return new Map(stated.map((name) => [name, { state: 'active', keepUntil: null }]));
  return new Map(
    Object.entries(stated).map(([name, status]) => [
      // The schema gave the keys their type; Object.entries forgets it.
      name as ChrootName,
      { state: status?.state ?? 'active', keepUntil: status?.keepUntil ?? null },
    ]),
  );
}

function checkLimits(file: YamlFile, value: PolicyYaml, statuses: ReadonlyMap<ChrootName, ChrootStatus>): Problem[] {
  const { timeout, maximumTimeout, memory, maximumMemory, perChroot } = value.limits;
  const problems: Problem[] = [];
  if (timeout > maximumTimeout) {
    const message = '`limits.timeout` is longer than `limits.maximumTimeout`';
    problems.push(problemAt(file, ['limits', 'timeout'], message, 'make it shorter, or the maximum longer'));
  }
  if (memory !== undefined && memory > (maximumMemory ?? memory)) {
    const message = '`limits.memory` is more than `limits.maximumMemory`';
    problems.push(problemAt(file, ['limits', 'memory'], message, 'make it smaller, or the maximum greater'));
  }
  for (const name of Object.keys(perChroot)) {
    if (statuses.has(name as ChrootName)) continue;
    const message = `\`${name}\` is not one of \`chroots\``;
    problems.push(problemAt(file, ['limits', 'perChroot', name], message, 'add it there, or remove it here', 'key'));
  }
  return problems;
}

function checkStatuses(file: YamlFile, statuses: ReadonlyMap<ChrootName, ChrootStatus>): Problem[] {
  return [...statuses].flatMap(([name, { state, keepUntil }]) => {
    if (state !== 'active' || keepUntil === null) return [];
    const message = `\`${name}\` is active: its results are kept`;
    return [problemAt(file, ['chroots', name, 'keepUntil'], message, 'remove `keepUntil`, or say `state: eol`', 'key')];
  });
}

/** A key is told of before it ends, and another one has to come in good time. */
function checkSigning(file: YamlFile, { signing: { expires, overlap } }: PolicyYaml): Problem[] {
  const problems: Problem[] = [];
  if (expires <= keyWarningSeconds) {
    const message = '`signing.expires` is so short that keys are about to end when they are made';
    problems.push(problemAt(file, ['signing', 'expires'], message, 'more than `60d`; `730d` where it is left out'));
  }
  if (overlap >= keyWarningSeconds) {
    const message = '`signing.overlap` is longer than the time for which the end of a key is known before';
    problems.push(problemAt(file, ['signing', 'overlap'], message, 'less than `60d`; `7d` where it is left out'));
  }
  return problems;
}

function toPolicy(value: PolicyYaml, statuses: ReadonlyMap<ChrootName, ChrootStatus>): Policy {
  const stated = value.limits;
  return {
    admins: value.admins,
    chroots: [...statuses].filter(([, { state }]) => state === 'active').map(([name]) => name),
    chrootStates: statuses,
    limits: {
      timeoutSeconds: stated.timeout,
      maximumTimeoutSeconds: stated.maximumTimeout,
      diskBytes: stated.disk,
      sourceBytes: stated.sources,
      memoryBytes: stated.memory ?? stated.maximumMemory ?? null,
      maximumMemoryBytes: stated.maximumMemory ?? null,
      perOwner: stated.perOwner ?? null,
      perChroot: new Map(Object.entries(stated.perChroot) as [ChrootName, number][]),
      perArchitecture: new Map(Object.entries(stated.perArchitecture) as [Architecture, number][]),
    },
    allow: { ...value.allow, repos: value.allow.repos ?? ['https://'] },
    signing: { lifeSeconds: value.signing.expires, overlapSeconds: value.signing.overlap },
    retention: {
      failedSeconds: value.retention.failed,
      supersededSeconds: value.retention.superseded,
      failedBuilds: value.retention.failedBuilds ?? null,
      supersededBuilds: value.retention.supersededBuilds ?? null,
      pullRequestsSeconds: value.retention.pullRequests,
      removedSeconds: value.retention.removed,
    },
  };
}
