// `coppice rotate-key OWNER/PROJECT`: the running service makes the next signing key; where none runs, this command.
import { access, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { lockFolder, QueueError } from '@coppice/builder-runner/queue';
import { askRotation, isWithheld, keyFolder, type RotationAnswer, rotateKey } from '@coppice/builder-runner/runner';
import { defaultTerms, findProject, type KeyNote, readSandbox, termsOf } from '@coppice/config';
import { type Environment, type Home, readHome } from '../service/home.ts';
import { ServiceError } from '../vocabulary/errors.ts';
import { oneLine, printableJson } from '../vocabulary/plain-text.ts';
import { configOfHome } from './plan-fates.ts';
import type { Terminal } from './terminal.ts';

export interface RotationOrder {
  readonly owner: string;
  readonly name: string;
  /** The next key signs at once. */
  readonly atOnce: boolean;
  readonly json: boolean;
}

/** A service makes a key in a second, when it does not sign large packages with the one before. */
const waitMilliseconds = 300_000;

/** Prints the keys that the project has then. Returns the exit code: 1 when nothing changes. Throws ServiceError. */
export async function rotateKeyOf(terminal: Terminal, environment: Environment, order: RotationOrder): Promise<number> {
  const { owner, name, atOnce, json } = order;
  const project = `${owner}/${name}`;
  if (readSandbox(name) !== undefined) {
    terminal.say(`${project} belongs to a pull request: its key goes with it, and no other one follows.`);
    return 1;
  }
  const home = readHome(environment);
  await assertKey(home, order);
  const lock = await lockFolder(join(home.state, 'queue')).catch((error: unknown) => {
    if (error instanceof QueueError && error.code === 'locked') return undefined;
    throw error;
  });
  let answer: RotationAnswer | undefined;
  try {
    answer =
      lock === undefined
        ? await askRotation(home.folder, { owner, project: name, atOnce }, waitMilliseconds)
        : await rotateHere(home, order);
  } finally {
    await lock?.release();
  }
  if (answer?.kind !== 'rotated') {
    const why = answer?.why ?? 'the service has not answered; its log may say why';
    terminal.say(`The signing key of ${project} stays as it is: ${oneLine(why)}.`);
    return 1;
  }
  const { keys, wasUnderWay } = answer;
  if (json) terminal.print(printableJson({ wasUnderWay, keys }));
  else {
    const isFrozen = await isWithheld(home.folder, owner, name);
    terminal.print(describeRotation(project, keys, { wasUnderWay, serviceRuns: lock === undefined, isFrozen }));
  }
  return 0;
}

async function assertKey(home: Home, { owner, name }: RotationOrder): Promise<void> {
  const folder = keyFolder(home.folder, owner, name);
  try {
    const { uid } = await stat(home.state);
    if (process.getuid !== undefined && process.getuid() !== uid)
      throw new ServiceError('home', `${home.state} belongs to another user: run this as the user of the service.`);
    await access(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    const what = `${owner}/${name} has no signing key in ${home.folder}: the service makes the first one of each project that the config repo states.`;
    throw new ServiceError('home', `${what} Is the name right, and does COPPICE_HOME name the folder of the service?`);
  }
}

/** Under the lock that keeps a service from starting meanwhile. */
async function rotateHere(home: Home, { owner, name, atOnce }: RotationOrder): Promise<RotationAnswer> {
  const at = await configOfHome(home);
  const project = at && findProject(at.config.projects, owner, name);
  const terms = at === undefined || project === undefined ? defaultTerms : termsOf(at.config.policy, project);
  const { keys, wasUnderWay } = await rotateKey(home.folder, owner, name, { terms, atOnce });
  return { kind: 'rotated', keys: [...keys], wasUnderWay };
}

/** Pure: which keys there are, what each is for, and what happens next. */
export function describeRotation(
  project: string,
  keys: readonly KeyNote[],
  at: { readonly wasUnderWay: boolean; readonly serviceRuns: boolean; readonly isFrozen: boolean },
): string {
  const lines = keys.map(({ fingerprint, kind, role, endsAt }) => {
    const until = endsAt === null ? 'never ends' : `ends on ${endsAt.slice(0, 10)}`;
    return `  ${role.padEnd(8)} ${fingerprint}  ${kind}, ${until}`;
  });
  const next = keys.find(({ role }) => role === 'next');
  const then = next === undefined ? sayNewKey(at) : sayNextKey(next, at);
  const frozen = `${project} is frozen: pubkey.gpg is out of reach with the rest, and metadata is signed with the new key after \`/resolve ${project}\`.`;
  return [`Signing keys of ${project}:`, ...lines, then, ...(at.isFrozen ? [frozen] : [])].join('\n');
}

function sayNewKey({ serviceRuns, isFrozen }: { readonly serviceRuns: boolean; readonly isFrozen: boolean }): string {
  const metadata = isFrozen
    ? ''
    : `; metadata is signed with it ${serviceRuns ? 'now' : 'when the service runs again'}`;
  return `The new key signs from now on${metadata}. The former one stays in pubkey.gpg as long as packages are there that it has signed.`;
}

function sayNextKey({ signsFrom }: KeyNote, { wasUnderWay }: { readonly wasUnderWay: boolean }): string {
  const made = wasUnderWay ? 'The next key was made before, and no other one is made. It' : 'The next key';
  return `${made} is in pubkey.gpg already, and signs from ${signsFrom?.slice(0, 16).replace('T', ' ')} UTC on; with --now it does so at once.`;
}
