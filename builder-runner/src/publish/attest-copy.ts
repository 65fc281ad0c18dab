// The attestation of packages that were built in another project and signed again: of a fork, and of a promoted build.
import { join } from 'node:path';
import { type BuildPlace, type ChrootName, published, type Result } from '@coppice/config';
import { readRegularFile } from '../base/regular-file.ts';
import { type Accounts, attestAgain, maximumKeyBytes, type SignedFiles } from '../provenance/attest.ts';
import { envelopeSigner } from '../signing/sign.ts';
import type { Publisher } from './publisher.ts';
import { signerOf } from './repository-of.ts';

/** The published key of a project, armored; '' when there is none. */
export async function readPublicKey({ home }: Publisher, owner: string, project: string): Promise<string> {
  const read = await readRegularFile(join(home, 'published', published.publicKey(owner, project)), maximumKeyBytes);
  return read?.kind === 'text' ? read.text : '';
}

/** A build of another project. */
export interface OriginalBuild {
  readonly chroot: ChrootName;
  readonly record: Result;
  /** The key of the project that it was built in, armored. */
  readonly key: string;
}

/**
 * Writes attestation and bill of materials of packages that are `place`'s now, beside them, in place of those that they
 * came with; undefined when they came with none that fits.
 */
export async function attestCopy(
  publisher: Publisher,
  files: SignedFiles,
  place: BuildPlace,
  { chroot, record, key }: OriginalBuild,
): Promise<Accounts | undefined> {
  const signer = envelopeSigner(await signerOf(publisher, place));
  const copied = { place, chroot, url: publisher.url, at: new Date(), original: record, originalKey: key };
  return await attestAgain(signer, files, copied);
}
