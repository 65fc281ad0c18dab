// What a builder is needed for, in the words that others compare by. Pure.
import { type ChrootName, chrootOf } from '@coppice/config';
import { machineArchitecture } from '../builder/spawn.ts';
import type { BuilderNeed } from './pool.ts';

/** Who may use a builder again: builds of one project at one trust. Owners and projects hold no slash or space. */
export function tenantOf({ owner, project, trust }: Pick<BuilderNeed, 'owner' | 'project' | 'trust'>): string {
  return `${owner}/${project} ${trust}`;
}

/** Of the machine that builds for the chroot, as `uname -m` says it. */
export function architectureFor(chroot: ChrootName): string {
  return machineArchitecture(chrootOf(chroot).architecture);
}

/** The same for needs that the same builders serve, and serve as quickly. */
export function keyOf(need: BuilderNeed): string {
  return `${tenantOf(need)} ${need.chroot} ${need.labels.join()}${need.logins === true ? ' logins' : ''}`;
}
