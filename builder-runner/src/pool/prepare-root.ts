// The base root of a chroot, made on a builder before anybody has it: the engine itself fills it, and throws the layer
// above it away.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { plainBuildroot } from '@coppice/config';
import { RunnerError } from '../base/errors.ts';
import { type DetachedEnd, detachedScript } from '../builder/detached.ts';
import { buildUserOf } from '../builder/provision.ts';
import { runDetached } from '../builder/run-detached.ts';
import { openLine, type Session } from '../builder/session.ts';
import type { Builder } from '../builder/spawn.ts';
import { uploadTree } from '../builder/upload-tree.ts';
import { baseRootName, baseRootScript, withBaseRoot, writeMockFiles } from '../mock/base-root.ts';
import { baseConfig } from '../mock/mock-config.ts';
import { GitError, openGit } from '../remote/open-git.ts';
import { readConfigFile } from '../source/read-config-file.ts';

export interface RootOrder {
  /** COPPICE_HOME, absolute. */
  readonly home: string;
  readonly builder: Builder;
  /** Whether the builder itself reaches a network. */
  readonly builderHasNetwork: boolean;
  /** Local port of the HTTP server that serves `published/`. */
  readonly controlPort: number;
  /** For so long the engine may work. */
  readonly seconds: number;
  readonly reconnectSeconds: number;
  readonly now: () => Date;
  readonly signal: AbortSignal;
  readonly warn: (message: string) => void;
}

/**
 * Makes the base root of the builder's chroot, as the default branch of the config repo has it. What a build adds is in
 * no base root, so the following builds find theirs. Throws RunnerError with what the engine says, or the reason of the
 * abort.
 */
export async function prepareRoot(order: RootOrder): Promise<void> {
  const { builder, controlPort, reconnectSeconds, signal, warn } = order;
  const user = buildUserOf(builder);
  const line = await openLine({ builder, user, controlPort, reconnectSeconds, resumes: false, signal });
  try {
    await prepareInSession(order, line.session(warn));
  } finally {
    line.close();
  }
}

async function prepareInSession(order: RootOrder, session: Session): Promise<void> {
  const { seconds, now, signal } = order;
  const folder = session.useFolder('prepare');
  const local = await mkdtemp(join(tmpdir(), 'coppice-prepare-'));
  try {
    await writeFiles(order, session, folder, local);
    const end = await runDetached({
      ...{ session, folder, seconds, isNew: true, now, signal },
      prepare: (connection) => uploadTree(connection, local, folder, [detachedScript, baseRootScript]),
      argv: withBaseRoot(folder, []),
    });
    const complaint =
      end.kind === 'exit' && end.code === 0 ? undefined : await complaintOf(end, session, order, folder);
    await session.run((connection) => connection.must(['rm', '-rf', '--', folder]), signal);
    if (complaint !== undefined) throw new RunnerError('provision', complaint);
  } finally {
    await rm(local, { recursive: true, force: true });
  }
}

async function writeFiles(order: RootOrder, session: Session, folder: string, local: string): Promise<void> {
  const { home, builder, builderHasNetwork, seconds } = order;
  const { chroot } = builder;
  const mirror = join(home, 'state', 'config.git');
  const ownConfig = await readConfigFile(mirror, await defaultCommit(mirror), `chroots/${chroot}.cfg`);
  const config = baseConfig({
    root: baseRootName({ chroot, ownConfig, buildroot: plainBuildroot }),
    ...{ id: 0, chroot, timeoutSeconds: seconds, diskBytes: 0, memoryBytes: null, builderHasNetwork },
    ...{
      controlUrl: session.controlUrl,
      buildroot: plainBuildroot,
      projectRepository: null,
      repos: [],
      keepsRoot: false,
    },
    chrootConfig: ownConfig === undefined ? `/etc/mock/${chroot}.cfg` : `${folder}/chroot.cfg`,
    macros: `${folder}/macros`,
  });
  await writeMockFiles(local, { 'base.cfg': config, 'chroot.cfg': ownConfig ?? '' });
}

/**
 * Where the default branch of the config repo is. The mirror holds no other branch, only heads of pull requests beside
 * it, and the branch that a former name left: the newer one counts. Empty when there is none.
 */
async function defaultCommit(mirror: string): Promise<string> {
  const newest = ['for-each-ref', '--sort=-committerdate', '--count=1', '--format=%(objectname)', 'refs/heads/'];
  try {
    return await openGit({ repository: mirror, timeoutSeconds: 60 }).text(newest);
  } catch (error) {
    if (error instanceof GitError && error.code === 'failed') return '';
    throw error;
  }
}

const complaintBytes = 2000;

async function complaintOf(
  end: DetachedEnd,
  session: Session,
  { seconds, signal }: RootOrder,
  folder: string,
): Promise<string> {
  if (end.kind === 'timeout') return `its base root was not ready after ${seconds} s`;
  const tail = ['tail', `--bytes=${complaintBytes}`, '--', `${folder}/output`];
  const { stdout } = await session.run((connection) => connection.run(tail), signal);
  return `its base root could not be made: ${stdout.trim().split('\n').at(-1) ?? ''}`;
}
