// Looks after the keys of all projects while the service runs: next keys sign when their time has come, former ones go
// when nothing needs them, those of removed projects are kept as they should be.

import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { defaultTerms, type KeyNote, published } from '@coppice/config';
import { execa } from 'execa';
import { exists } from '../base/absent.ts';
import { describeError } from '../base/errors.ts';
import { isFrozen } from '../base/frozen.ts';
import type { Log } from '../base/log.ts';
import { packageOfBuild } from '../repodata/texts.ts';
import {
  dropFormerKeys,
  ensureKey,
  isMetadataBehind,
  keyFolder,
  metadataIsSigned,
  rotateKey,
} from '../signing/keys.ts';
import { tendRemovedKeys } from '../signing/removed-keys.ts';
import { answerRequest, clearRequests, type RotationRequest, readRequests } from './key-requests.ts';
import { chrootsOf, signMetadata } from './project-life.ts';
import { alone, type ProjectName } from './project-place.ts';
import type { Publisher } from './publisher.ts';

export interface KeyTenderOptions {
  readonly publisher: Publisher;
  /** The projects that there are, without sandboxes. */
  readonly projects: () => readonly ProjectName[];
  /** What keys of removed projects are encrypted to. Default: they stay as they are. */
  readonly backupKeyFile?: string | undefined;
  /** Called when the keys of a project are others than before. */
  readonly onChange: () => unknown;
  readonly log: Log;
  readonly now: () => Date;
  /** Between two looks for what commands ask. Default: 1000. */
  readonly askMilliseconds?: number;
  /** Between two looks at all keys. Default: an hour. */
  readonly lookMilliseconds?: number;
}

export interface ProjectKeys extends ProjectName {
  readonly keys: readonly KeyNote[];
}

export interface KeyTender {
  /** The keys as they were seen last. */
  states(): readonly ProjectKeys[];
  /** Looks at all keys now; what fails is logged. */
  look(): Promise<void>;
  stop(): Promise<void>;
}

const keyOf = ({ owner, name }: ProjectName) => `${owner}/${name}`;

/** Begins to look, now and again and again. */
export async function startKeyTending(options: KeyTenderOptions): Promise<KeyTender> {
  const { publisher, projects, log, now, askMilliseconds = 1000, lookMilliseconds = 3_600_000 } = options;
  const { home } = publisher;
  const states = new Map<string, ProjectKeys>();
  const stopping = new AbortController();
  let looking: Promise<void> | undefined;

  const tend = async (project: ProjectName): Promise<void> => {
    const before = states.get(keyOf(project));
    const keys = await tendKeys(publisher, project, now().getTime());
    if (keys === undefined) return void states.delete(keyOf(project));
    states.set(keyOf(project), { owner: project.owner, name: project.name, keys });
    if (before !== undefined && JSON.stringify(before.keys) !== JSON.stringify(keys)) options.onChange();
  };
  const lookOnce = async (): Promise<void> => {
    const all = projects();
    const known = new Set(all.map(keyOf));
    for (const key of states.keys()) if (!known.has(key)) states.delete(key);
    for (const project of all) {
      if (stopping.signal.aborted) return;
      await tend(project).catch((error: unknown) => {
        log('error', `The keys of ${keyOf(project)} could not be looked after`, { error });
      });
    }
    await tendRemovedKeys(home, { backupKeyFile: options.backupKeyFile, now: now().getTime() }).catch(
      (error: unknown) => log('error', 'Keys of removed projects could not be looked after', { error }),
    );
  };
  const look = (): Promise<void> => {
    looking ??= lookOnce().finally(() => {
      looking = undefined;
    });
    return looking;
  };
  const answer = async (request: RotationRequest): Promise<void> => {
    const { owner, project, atOnce } = request;
    const name = `${owner}/${project}`;
    try {
      if (!projects().some((one) => keyOf(one) === name)) throw new Error(`there is no project ${name}`);
      const terms = publisher.signing?.(owner, project);
      const { keys, wasUnderWay } = await rotateKey(home, owner, project, { terms, atOnce, now: now().getTime() });
      log('info', `The next signing key of ${name}: ${keys.map(({ role, fingerprint }) => `${role} ${fingerprint}`)}`);
      await answerRequest(home, request, { kind: 'rotated', wasUnderWay, keys: [...keys] });
      options.onChange();
      await tend({ owner, name: project });
    } catch (error) {
      log('error', `The signing key of ${name} could not be changed`, { error });
      await answerRequest(home, request, { kind: 'failed', why: describeError(error) });
    }
  };
  const loop = async (): Promise<void> => {
    let lookedAt = Number.NEGATIVE_INFINITY;
    let sawProjects = false;
    while (!stopping.signal.aborted) {
      for (const request of await readRequests(home)) await answer(request);
      // They are known a while after the start.
      const areNew = !sawProjects && projects().length > 0;
      if (areNew || performance.now() - lookedAt >= lookMilliseconds) {
        sawProjects = projects().length > 0;
        await look();
        lookedAt = performance.now();
      }
      await sleep(askMilliseconds, undefined, { signal: stopping.signal, ref: false }).catch(() => undefined);
    }
  };
  await clearRequests(home);
  const running = loop().catch((error: unknown) => log('error', 'Keys are not looked after any more', { error }));
  return {
    states: () => [...states.values()],
    look,
    async stop() {
      stopping.abort();
      await running;
      await looking;
    },
  };
}

/** The keys of one project, brought up to date; undefined when it has none. */
async function tendKeys(
  publisher: Publisher,
  project: ProjectName,
  now: number,
): Promise<readonly KeyNote[] | undefined> {
  const { home, log } = publisher;
  const { owner, name } = project;
  const place = { owner, project: name };
  const terms = publisher.signing?.(owner, name) ?? defaultTerms;
  const current = () =>
    // A project that is removed meanwhile gets no new key of this.
    alone(place, async () =>
      (await exists(keyFolder(home, owner, name)))
        ? await ensureKey(home, owner, name, { terms, now, log })
        : undefined,
    );
  const keys = (await current())?.keys;
  if (keys === undefined) return undefined;
  // What it has published is out of reach: it is signed anew, and tells which keys it needs, once it is put back.
  const isAside = () => isFrozen(publisher, owner, name);
  if (await isAside()) return keys;
  if ((await isMetadataBehind(home, owner, name)) && (await signMetadata(publisher, project)))
    await metadataIsSigned(home, owner, name);
  const former = keys.filter(({ role }) => role === 'former').map(({ fingerprint }) => fingerprint);
  if (former.length === 0 || !(await isLongSigning(home, project, now))) return keys;
  const needed = await signersOf(home, project, former);
  const unneeded = former.filter((fingerprint) => !needed.has(fingerprint));
  if (unneeded.length === 0) return keys;
  return alone(place, async () => {
    // Nothing was found of one that was frozen meanwhile.
    if (await isAside()) return keys;
    await dropFormerKeys(home, owner, name, unneeded);
    return (await ensureKey(home, owner, name, { terms, now, log })).keys;
  });
}

/** Packages that were signed with the key before may not have been published yet. */
const formerMilliseconds = 7 * 86_400_000;

async function isLongSigning(home: string, { owner, name }: ProjectName, now: number): Promise<boolean> {
  const { mtimeMs } = await stat(join(keyFolder(home, owner, name), 'fingerprint'));
  return now - mtimeMs >= formerMilliseconds;
}

const filesAtOnce = 200;

/** Which of these keys have signed a package that is there. The oldest builds are looked at first. */
async function signersOf(
  home: string,
  project: ProjectName,
  fingerprints: readonly string[],
): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  const paths = await publishedRpms(home, project);
  for (let at = 0; at < paths.length && found.size < fingerprints.length; at += filesAtOnce) {
    const format = '%{RSAHEADER:pgpsig} %{DSAHEADER:pgpsig}\n';
    const args = ['-qp', '--nosignature', '--nodigest', '--qf', format, ...paths.slice(at, at + filesAtOnce)];
    const done = await execa('rpm', args, { stdin: 'ignore', timeout: 300_000, reject: false });
    // One that cannot be read, or was just deleted: nothing is known, and no key goes.
    if (done.exitCode !== 0) return new Set(fingerprints);
    const text = done.stdout.toLowerCase();
    for (const each of fingerprints) if (text.includes(`key id ${each.slice(-16).toLowerCase()}`)) found.add(each);
  }
  return found;
}

async function publishedRpms(home: string, { owner, name }: ProjectName): Promise<readonly string[]> {
  const rpms: string[] = [];
  for (const chroot of await chrootsOf(home, { owner, name })) {
    const repository = join(home, 'published', published.repository(owner, name, chroot));
    for (const build of (await readdir(repository)).filter((entry) => packageOfBuild(entry) !== undefined).sort()) {
      const files = await readdir(join(repository, build)).catch(() => []);
      rpms.push(...files.filter((file) => file.endsWith('.rpm')).map((file) => join(repository, build, file)));
    }
  }
  return rpms;
}
