// Projects as tests need them: complete, stating no more than they must, and different only in what matters there.
import { type ChrootName, type Package, type Project, plainBuildroot } from '@coppice/config';

/** The only chroot of `projectForTests` and `packageForTests`. */
export const chrootForTests = 'sapling-12-x86_64' as ChrootName;

/** The project `acme/tools` without packages; `changes` says what matters. */
export function projectForTests(changes: Partial<Project> = {}): Project {
  return {
    owner: 'acme',
    name: 'tools',
    description: '',
    instructions: '',
    homepage: null,
    contact: null,
    chroots: [chrootForTests],
    maintainers: ['octocat'],
    builders: [],
    repos: [],
    runtimeRepos: [],
    repoOptions: { priority: null, cost: null, moduleHotfixes: false, multilib: false },
    network: false,
    background: false,
    builderLabels: [],
    retention: {},
    metadata: { comps: null, appstream: null },
    keyKind: 'rsa4096',
    frozen: null,
    deleteAfter: null,
    publish: 'each',
    pinned: false,
    forkedFrom: null,
    renamedFrom: null,
    packages: [],
    path: 'projects/acme/tools.yaml',
    ...changes,
  };
}

/** A package whose sources stand in the config repo; `changes` says what matters. */
export function packageForTests(name: string, changes: Partial<Package> = {}): Package {
  return {
    name,
    source: { type: 'dir' },
    needs: [],
    timeoutSeconds: 3600,
    memoryBytes: null,
    background: false,
    builderLabels: [],
    rebuildOnNeeds: false,
    allowsDowngrade: false,
    chroots: [chrootForTests],
    buildroots: new Map([[chrootForTests, plainBuildroot]]),
    ...changes,
  };
}
