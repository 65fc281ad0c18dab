// `coppice verify`: whether what somebody has is what the service has published.
import type { Terminal } from './terminal.ts';
import { verifyFile } from './verify-file.ts';
import { verifyRepo } from './verify-repo.ts';

/** What to look at. */
export interface VerifyQuestion {
  /** An RPM. */
  readonly file?: string | undefined;
  /** The folder of a repository. */
  readonly repo?: string | undefined;
  /** Files of public keys and of the attestation. Default: where the published tree has them. */
  readonly key?: string | undefined;
  readonly attestation?: string | undefined;
  readonly json: boolean;
}

/** Prints what was found. Returns the exit code: 1 when something does not fit, 2 when something is missing. */
export async function verify(
  terminal: Terminal,
  { file, repo, key, attestation, json }: VerifyQuestion,
): Promise<number> {
  if (file !== undefined && repo !== undefined) {
    terminal.say('Name an RPM or a repository, not both.');
    return 2;
  }
  if (repo !== undefined && attestation !== undefined) {
    terminal.say(
      'A repository has no attestation: each of its packages has one, so name that package instead of --repo.',
    );
    return 2;
  }
  if (repo !== undefined) return await verifyRepo(terminal, repo, { key, json });
  if (file !== undefined) return await verifyFile(terminal, file, { key, attestation, json });
  terminal.say('Name what to verify: coppice verify FILE.rpm, or coppice verify --repo FOLDER');
  return 2;
}
