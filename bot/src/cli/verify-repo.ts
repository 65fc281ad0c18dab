// `coppice verify --repo FOLDER`: the metadata of a repository against its own checksums, its project's key, and what
// createrepo_c says of the same packages.
import { basename, dirname, join, resolve } from 'node:path';
import { readRegularFile } from '@coppice/builder-runner/regular-file';
import { maximumKeyBytes, RunnerError, verifyRepository } from '@coppice/builder-runner/runner';
import { oneLine, printableJson } from '../vocabulary/plain-text.ts';
import type { Terminal } from './terminal.ts';

/**
 * Prints each problem. Returns the exit code: 1 when there is one, 2 when there is no repository, no key or no
 * createrepo_c.
 */
export async function verifyRepo(
  terminal: Terminal,
  given: string,
  { key, json }: { readonly key: string | undefined; readonly json: boolean },
): Promise<number> {
  const named = resolve(given);
  const folder = basename(named) === 'repodata' ? dirname(named) : named;
  // Where the published tree has it: results/OWNER/PROJECT/CHROOT.
  const keyFile = key === undefined ? join(folder, '..', 'pubkey.gpg') : resolve(key);
  const read = await readRegularFile(keyFile, maximumKeyBytes);
  if (read?.kind !== 'text') {
    const why = read === undefined ? 'is not there' : `cannot be used: ${read.why}`;
    terminal.say(oneLine(`${keyFile} ${why}. Name the public key of the project with --key.`));
    return 2;
  }
  try {
    const { rpms, problems } = await verifyRepository(folder, read.text);
    const good = problems.length === 0;
    if (json) terminal.print(printableJson({ good, folder, key: keyFile, packages: rpms, problems }));
    else {
      for (const problem of problems) terminal.print(oneLine(problem));
      const what = `${rpms} ${rpms === 1 ? 'package' : 'packages'} in ${folder}`;
      const found = good ? 'all is as createrepo_c says it, and signed' : `${problems.length} wrong`;
      terminal.print(oneLine(`${what}: ${found}`));
    }
    return good ? 0 : 1;
  } catch (error) {
    if (!(error instanceof RunnerError)) throw error;
    terminal.say(oneLine(`${error.message}. Name the folder of a repository: the one that holds repodata/.`));
    return 2;
  }
}
