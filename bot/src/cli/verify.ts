// `coppice verify`: whether what somebody has is what the service has published.
import type { Terminal } from './terminal.ts';
import { verifyFile } from './verify-file.ts';

/** What to look at. */
export interface VerifyQuestion {
  /** An RPM. */
  readonly file?: string | undefined;
  /** Files of public keys and of the attestation. Default: where the published tree has them. */
  readonly key?: string | undefined;
  readonly attestation?: string | undefined;
  readonly json: boolean;
}

/** Prints what was found. Returns the exit code: 1 when something does not fit, 2 when something is missing. */
export async function verify(terminal: Terminal, { file, key, attestation, json }: VerifyQuestion): Promise<number> {
  if (file !== undefined) return await verifyFile(terminal, file, { key, attestation, json });
  terminal.say('Name the RPM to verify: coppice verify FILE.rpm');
  return 2;
}
