// The files that mock needs on a builder: the build's configuration, the chroot's own, the macros. Texts only;
// uploading is done elsewhere.
import { join } from 'node:path';
import type { QueuedBuild, QueuedChroot } from '@coppice/config';
import { macroFile } from '../rpm/macro-file.ts';
import { readConfigFile } from '../source/read-config-file.ts';
import { baseRootName } from './base-root.ts';
import { findRepositories, findRepository } from './input-repositories.ts';
import { baseConfig, type MockConfigInput, mockConfig } from './mock-config.ts';

export interface MockFilesInput {
  /** COPPICE_HOME, absolute. */
  readonly home: string;
  readonly build: QueuedBuild;
  readonly chroot: Pick<QueuedChroot, 'chroot' | 'buildroot'>;
  /** Address of the control host's published tree as the builder sees it. */
  readonly controlUrl: string;
  /** Absolute path, on the builder, of the folder that gets the files. */
  readonly folder: string;
  readonly builderHasNetwork: boolean;
  /** Whether the root has to be there after the command. Default: it goes with it. */
  readonly keepsRoot?: boolean;
  /** What is not as in the build itself. */
  readonly instead?: Partial<Pick<MockConfigInput, 'timeoutSeconds' | 'buildroot'>>;
}

/** File name in `folder` → text. `build.cfg` is what mock is given with `-r`, `base.cfg` what makes the base root. */
export type MockFiles = Readonly<Record<'build.cfg' | 'base.cfg' | 'chroot.cfg' | 'macros', string>>;

/** Reads the chroot's configuration from the config repo; where there is none, mock's own of that name is included. */
export async function mockFiles(input: MockFilesInput): Promise<MockFiles> {
  const { home, build, controlUrl, folder, builderHasNetwork } = input;
  const { chroot } = input.chroot;
  const mirror = join(home, 'state', 'config.git');
  const ownConfig = await readConfigFile(mirror, build.configCommit, `chroots/${chroot}.cfg`);
  const place = { published: join(home, 'published'), controlUrl, chroot };
  const buildroot = input.instead?.buildroot ?? input.chroot.buildroot;
  const config = {
    id: build.id,
    chroot,
    root: baseRootName({ chroot, ownConfig, buildroot }),
    chrootConfig: ownConfig === undefined ? `/etc/mock/${chroot}.cfg` : `${folder}/chroot.cfg`,
    macros: `${folder}/macros`,
    controlUrl,
    timeoutSeconds: build.timeoutSeconds,
    diskBytes: build.diskBytes,
    memoryBytes: build.memoryBytes,
    builderHasNetwork,
    projectRepository: (await findRepository(place, build.owner, build.project)) ?? null,
    keepsRoot: input.keepsRoot ?? false,
    repos: await findRepositories(place, [...build.repos, ...buildroot.repos]),
    ...input.instead,
    buildroot,
  };
  return {
    'build.cfg': mockConfig(config),
    'base.cfg': baseConfig(config),
    'chroot.cfg': ownConfig ?? '',
    macros: macroFile(buildroot),
  };
}
