// What a build wants of a builder, and for how long. Pure.
import type { QueuedBuild, QueuedChroot } from '@coppice/config';
import type { BuilderNeed } from '../pool/pool.ts';
/**
 * What a chroot's build wants of a builder. Its labels say where it is built and not what comes of it: they are no part
 * of the input digest. Pure.
 */
export function needOf(build: QueuedBuild, { chroot }: Pick<QueuedChroot, 'chroot'>): BuilderNeed {
  const { owner, project, builderLabels } = build;
  return { chroot, owner, project, trust: 'build', labels: builderLabels, seconds: leaseSeconds(build) };
}

/** mock's own time limit counts rpmbuild alone; filling the root gets this much more before the build is ended. */
export const rootSeconds = 1800;

/** For how long a build may have its builder, in seconds: mock's whole run, and what comes before and after it. */
export function leaseSeconds(build: QueuedBuild): number {
  return build.timeoutSeconds + rootSeconds + 300;
}
