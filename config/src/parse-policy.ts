// `coppice.yaml` → Policy.
import { z } from 'zod';
import { type Checked, checkYaml, problemAt } from './check-yaml.ts';
import { chroot, duration, listOf, login, size } from './fields.ts';
import type { Policy } from './project.ts';
import type { YamlFile } from './read-nodes.ts';

/** The one policy file of a config repo. */
export const policyPath = 'coppice.yaml';

export const policySchema = z
  .strictObject({
    admins: listOf(login, 'a list of logins', 1).describe('May change this file, chroots/, and every project.'),
    chroots: listOf(chroot, 'a list of chroot names', 1).describe('What projects may build for.'),
    limits: z
      .strictObject({
        timeout: duration.prefault('1h').describe('How long one build may take where its package says nothing.'),
        maximumTimeout: duration.prefault('8h').describe('The longest timeout that a package may ask for.'),
        disk: size.prefault('10 GiB').describe('What one build may write on its builder.'),
        sources: size.prefault('1 GiB').describe('What the sources of one package may hold together.'),
      })
      .prefault({})
      .describe('Bounds of every build.'),
  })
  .describe('coppice.yaml: what the admins decided for the whole service.');

/** The policy of a file, or its problems. */
export function parsePolicy(file: YamlFile): Checked<Policy> {
  const { value, problems } = checkYaml(policySchema, file);
  if (value === undefined) return { value, problems };
  const { timeout, maximumTimeout, disk, sources } = value.limits;
  if (timeout > maximumTimeout) {
    const message = '`limits.timeout` is longer than `limits.maximumTimeout`';
    const fault = problemAt(file, ['limits', 'timeout'], message, 'make it shorter, or the maximum longer');
    return { value: undefined, problems: [fault] };
  }
  const limits = {
    memoryBytes: null,
    maximumMemoryBytes: null,
    perOwner: null,
    perChroot: new Map(),
    perArchitecture: new Map(),
    timeoutSeconds: timeout,
    maximumTimeoutSeconds: maximumTimeout,
    diskBytes: disk,
    sourceBytes: sources,
  };
  const day = 24 * 3600;
  const policy: Policy = {
    admins: value.admins,
    chroots: value.chroots,
    chrootStates: new Map(value.chroots.map((name) => [name, { state: 'active', keepUntil: null }])),
    limits,
    allow: { network: false, repos: ['https://'], isolation: ['auto', 'simple', 'nspawn'] },
    retention: { failedSeconds: 30 * day, supersededSeconds: 90 * day, pullRequestsSeconds: 14 * day },
  };
  return { value: policy, problems: [] };
}
