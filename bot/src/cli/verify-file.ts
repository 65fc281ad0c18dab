// `coppice verify FILE.rpm`: the package against its attestation and its project's key, offline.
import { stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { readRegularFile } from '@coppice/builder-runner/regular-file';
import {
  attestationFile,
  maximumAttestationBytes,
  maximumKeyBytes,
  type RpmVerification,
  RunnerError,
  verifyRpm,
} from '@coppice/builder-runner/runner';
import { sayFileFault } from '../vocabulary/file-fault.ts';
import { oneLine, printableJson } from '../vocabulary/plain-text.ts';
import { type Terminal, table } from './terminal.ts';

interface Given {
  readonly key: string | undefined;
  readonly attestation: string | undefined;
  readonly json: boolean;
}

/** A file that was read, or what to say of why not. */
type Read = { readonly path: string; readonly text: string } | { readonly sentence: string };

/**
 * Prints each check. Returns the exit code: 1 when one of them fails, 2 when the package, its attestation or a key is
 * missing.
 */
export async function verifyFile(terminal: Terminal, file: string, given: Given): Promise<number> {
  const rpm = resolve(file);
  const wrong = (sentence: string): number => {
    terminal.say(clean(sentence));
    return 2;
  };
  const fault = await whyNoFile(rpm);
  if (fault !== undefined) return wrong(`${file} ${fault}. Name an RPM.`);
  const folder = dirname(rpm);
  const attestation = await readFirst(
    given.attestation === undefined ? [join(folder, attestationFile)] : [resolve(given.attestation)],
    maximumAttestationBytes,
    `Take ${attestationFile} from the build's folder, where the package is published too, and name it with --attestation`,
  );
  if ('sentence' in attestation) return wrong(attestation.sentence);
  const key = await readFirst(
    // Beside it, or where the published tree has it: results/OWNER/PROJECT/CHROOT/BUILD/FILE.rpm.
    given.key === undefined ? [folder, join(folder, '..', '..')].map(keyIn) : [resolve(given.key)],
    maximumKeyBytes,
    'Name the public key of the project with --key: pubkey.gpg, which its page links',
  );
  if ('sentence' in key) return wrong(key.sentence);
  try {
    const found = await verifyRpm({ rpm, attestation: attestation.text, keys: key.text });
    const used = { file: rpm, key: key.path, attestation: attestation.path };
    const good = found.checks.every((check) => check.good);
    if (given.json) terminal.print(printableJson({ good, ...used, ...found }));
    else terminal.print(render(found, used, good));
    if (given.key === undefined) {
      terminal.say(
        clean(
          `The key was taken from ${key.path}. Who could change the package there could change it, too: name one that you trust with --key.`,
        ),
      );
    }
    return good ? 0 : 1;
  } catch (error) {
    if (error instanceof RunnerError && error.code === 'keys') {
      return wrong(
        `${key.path} cannot be used as a key: ${error.message}. Name an armored OpenPGP public key with --key.`,
      );
    }
    throw error;
  }
}

const keyIn = (folder: string) => join(folder, 'pubkey.gpg');

/** Why there is no file to be read, to stand behind its name. Links are followed: it is the caller's own file. */
async function whyNoFile(path: string): Promise<string | undefined> {
  try {
    return (await stat(path)).isFile() ? undefined : 'is no regular file';
  } catch (error) {
    return sayFileFault(error);
  }
}

async function readFirst(paths: readonly string[], most: number, advice: string): Promise<Read> {
  for (const path of paths) {
    const read = await readRegularFile(path, most);
    if (read?.kind === 'text') return { path, text: read.text };
    if (read !== undefined) return { sentence: `${path} cannot be used: ${read.why}. ${advice}.` };
  }
  return { sentence: `${paths.join(' and ')} ${paths.length > 1 ? 'are' : 'is'} not there. ${advice}.` };
}

/** Pure. What others wrote is printed without its control characters. */
export function render(
  { sha256, checks, statement }: RpmVerification,
  { file, attestation, key }: Readonly<Record<'file' | 'attestation' | 'key', string>>,
  good: boolean,
): string {
  const rows = checks.map((check) => [check.good ? 'good' : 'BAD', check.check, check.detail]);
  const bad = checks.filter((check) => !check.good).map(({ check }) => check);
  const origin = statement && originOf(statement);
  return [
    table(['', 'check', 'what was found'], rows),
    '',
    ...[`file         ${file}`, `sha256       ${sha256}`, `attestation  ${attestation}`, `key          ${key}`].map(
      clean,
    ),
    ...(origin ?? []).map(clean),
    '',
    good ? 'All of it fits.' : `It does not fit: ${bad.join(', ')}. Do not install it.`,
  ].join('\n');
}

function originOf({ predicate }: NonNullable<RpmVerification['statement']>): readonly string[] {
  const { externalParameters: asked } = predicate.buildDefinition;
  const again = predicate.coppice_signedAgain;
  return [
    `built as     ${asked.project} ${asked.package} for ${asked.chroot}`,
    `config       ${asked.configRepository} ${asked.configCommit}`,
    `request      ${asked.request}`,
    `build        ${predicate.runDetails.metadata.invocationId}`,
    ...(again === undefined ? [] : [`signed again ${again.at} for ${again.project}, build ${again.build}`]),
  ];
}

function clean(text: string): string {
  return oneLine(text).slice(0, 2000);
}
