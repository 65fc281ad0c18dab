// Uploads what mock needs for one build: when the build gets its builder, or earlier, while another build of the
// project is still using it.

import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { QueuedBuild, QueuedChroot } from '@coppice/config';
import { detachedScript } from '../builder/detached.ts';
import type { Session } from '../builder/session.ts';
import type { Connection } from '../builder/ssh.ts';
import { uploadTree } from '../builder/upload-tree.ts';
import type { RunnerContext } from '../context/runner-context.ts';
import { baseRootScript, writeMockFiles } from '../mock/base-root.ts';
import { type MockFiles, mockFiles } from '../mock/mock-files.ts';
import { findSrpm } from '../publish/publisher.ts';
import { stagingRoot } from './staged.ts';

export interface Upload {
  readonly context: RunnerContext;
  readonly build: QueuedBuild;
  readonly chroot: QueuedChroot;
  readonly session: Session;
  /** Whether the builder itself reaches a network. */
  readonly builderHasNetwork: boolean;
  /** Whether the root has to be there after the build. Default: it goes with it. */
  readonly keepsRoot?: boolean;
}

/** The name of the folder of a chroot's build on its builder. */
export function folderName(build: QueuedBuild, { chroot }: Pick<QueuedChroot, 'chroot'>): string {
  return `${build.id}-${chroot}`;
}

/** Where the source package of a chroot's build lies on the builder, when its folder is there. */
export async function remoteSrpm(
  { context, build, chroot }: Pick<Upload, 'context' | 'build' | 'chroot'>,
  folder: string,
): Promise<string> {
  return `${folder}/${basename(await findSrpm(context, build, chroot.chroot))}`;
}

/** Puts everything that mock needs into `folder` on the builder; what an interrupted upload left there goes first. */
export async function uploadBuild(upload: Upload, connection: Connection, folder: string): Promise<void> {
  await send(upload, connection, folder, await textsOf(upload, folder));
}

function textsOf({ session: { controlUrl }, context, ...rest }: Upload, folder: string): Promise<MockFiles> {
  return mockFiles({ ...rest, home: context.home, controlUrl, folder });
}

async function send(
  { context, build, chroot }: Upload,
  connection: Connection,
  folder: string,
  texts: MockFiles,
): Promise<void> {
  // Where the next start of a service that was killed removes it.
  const staging = stagingRoot(context.home);
  await mkdir(staging, { recursive: true, mode: 0o700 });
  const local = await mkdtemp(join(staging, 'upload-'));
  try {
    await Promise.all([writeMockFiles(local, texts), mkdir(join(local, 'result'))]);
    await uploadTree(connection, local, folder, [
      detachedScript,
      baseRootScript,
      await findSrpm(context, build, chroot.chroot),
    ]);
  } finally {
    await rm(local, { recursive: true, force: true });
  }
}

/** A build that makes its next builder ready while it waits for it. */
export class UploadAhead {
  #begun: { readonly session: Session; readonly texts: Promise<MockFiles | undefined> } | undefined;

  /** Uploads there, instead of where it did before; a fault shows when the builder is there. */
  begin(upload: Upload, signal: AbortSignal): void {
    this.forget(upload);
    const { session, build, chroot } = upload;
    const folder = session.useFolder(folderName(build, chroot));
    const work = async () => {
      const texts = await textsOf(upload, folder);
      await session.run((connection) => send(upload, connection, folder, texts), signal);
      return texts;
    };
    this.#begun = { session, texts: work().catch(() => undefined) };
  }

  /** The builder is given: does what is not done yet, or not up to date any more. */
  async complete(upload: Upload, connection: Connection, folder: string): Promise<void> {
    const begun = this.#begun;
    this.#begun = undefined;
    // The same connection knows the same builder object.
    const isHere = begun !== undefined && begun.session.builder === upload.session.builder;
    if (begun !== undefined && !isHere) leave(begun.session, upload);
    const [there, texts] = await Promise.all([isHere ? begun.texts : undefined, textsOf(upload, folder)]);
    if (there === undefined || !isDeepStrictEqual(there, texts)) await send(upload, connection, folder, texts);
  }

  /** What was uploaded is not wanted there any more. */
  forget(of: Pick<Upload, 'build' | 'chroot'>): void {
    if (this.#begun !== undefined) leave(this.#begun.session, of);
    this.#begun = undefined;
  }
}

/** The next cleaning removes it. */
function leave(session: Session, { build, chroot }: Pick<Upload, 'build' | 'chroot'>): void {
  session.leaveFolder(folderName(build, chroot));
}
