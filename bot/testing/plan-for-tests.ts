// A plan with something of everything, as tests of what is said of plans need it.
import { type Plan, type PlannedBuild, plainBuildroot } from '@coppice/config';
import { chrootForTests } from './project-for-tests.ts';

/** The commit of the config that `planForTests` is of. */
export const commitForTests = '0123456789abcdef0123456789abcdef01234567';

/** A build for two chroots; `seconds` is how long it takes in the first, in the other nobody knows. */
export function plannedForTests(name: string, stated: Partial<PlannedBuild>, seconds: number | null): PlannedBuild {
  return {
    owner: 'acme',
    project: 'tools',
    package: name,
    source: { type: 'dir', commit: commitForTests, path: `packages/acme/tools/${name}`, tree: 't' },
    chroots: [chrootForTests, 'fedora-42-x86_64' as typeof chrootForTests].map((chroot) => ({
      chroot,
      inputDigest: 'd',
      cause: 'changed',
      buildroot: plainBuildroot,
      expectedSeconds: chroot === chrootForTests ? seconds : null,
    })),
    after: [],
    afterBuilds: [],
    timeoutSeconds: 60,
    memoryBytes: null,
    background: false,
    builderLabels: [],
    ...stated,
  };
}

export const planForTests: Plan = {
  builds: [plannedForTests('libgreet', {}, 40), plannedForTests('hello', { after: [0], afterBuilds: [7] }, 300)],
  skipped: [
    { owner: 'acme', project: 'tools', package: 'old', chroot: chrootForTests, why: 'unchanged since build 3' },
    {
      owner: 'acme',
      project: 'tools',
      package: 'far',
      chroot: null,
      why: 'https://example.test/<x> has no branch "@all"',
    },
  ],
  unknown: [],
  cycles: [{ owner: 'acme', project: 'tools', packages: ['a', 'b'] }],
  expectedSeconds: 340,
};

export const emptyPlan: Plan = { builds: [], skipped: [], unknown: [], cycles: [], expectedSeconds: null };
