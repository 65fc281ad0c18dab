// Makes, ends and lists builders through their driver's playbooks (see the contract "Spawn playbook" in the
// documentation).
import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { type ChrootName, chrootOf, type Settings } from '@coppice/config';
import { execa } from 'execa';
import { z } from 'zod';
import { RunnerError } from '../base/errors.ts';
import { driverFolder, driverName } from './driver-facts.ts';
import { makeBuilderKey } from './make-key.ts';
import { withMemoryFolder } from './memory-folder.ts';
import { runPlaybook } from './playbook.ts';

/** What a spawn playbook writes to its result file. */
export const instanceSchema = z.object({
  instance: z.string(),
  host: z.string().min(1),
  port: z.int().min(1).max(65535).default(22),
  user: z.string().min(1).default('root'),
  /** Type and key, without a host name. */
  hostKey: z.string().regex(/^ssh-[a-z0-9-]+ [A-Za-z0-9+/=]+$/),
  arch: z.string().optional(),
  /** Chroots whose base root is there already, kept from an earlier builder (see keep-roots.yml in the contract). */
  roots: z.array(z.string()).optional(),
});
type Instance = z.infer<typeof instanceSchema>;

/** A builder that exists, and the files that belong to it. */
export interface Builder {
  readonly name: string;
  readonly chroot: ChrootName;
  readonly instance: Instance;
  /** `ssh-ed25519 AAAA…`, the one key that opens it. */
  readonly publicKey: string;
  readonly keyFile: string;
  readonly knownHostsFile: string;
  /** Private folder of this builder on the control host. */
  readonly folder: string;
}

/** The playbooks that make a builder, and what its operator says to them. */
export interface BuilderSource {
  /** A folder in ansible/drivers, or the absolute path of another one. */
  readonly driver: string;
  readonly options: Readonly<Record<string, unknown>>;
  /** What the builder has to be, of what the driver offers. Default: nothing special. */
  readonly labels?: readonly string[];
}

/** Where and with what builders are made. */
export interface Driver {
  readonly settings: Settings;
  /** COPPICE_HOME, absolute. */
  readonly home: string;
  /** Default: the first pool of the settings. */
  readonly source?: BuilderSource;
}

/** The start of the names of this service's builders: several services may share a driver's account. */
export function builderPrefix(home: string): string {
  return `coppice-${shortHash(home)}-`;
}

/** What `uname -m` says on a machine that can build for an RPM architecture. */
export function machineArchitecture(architecture: string): string {
  if (architecture === 'i686' || architecture === 'i386') return 'x86_64';
  return architecture === 'armhfp' ? 'aarch64' : architecture;
}

/** The private folder of a builder on the control host. */
export function builderFolder(home: string, name: string): string {
  return join(home, 'state', 'builders', name);
}

/** The driver's own source, or the first pool of the settings. */
export function sourceOf(driver: Driver): BuilderSource {
  return driver.source ?? driver.settings.builders.pools[0] ?? { driver: 'local', options: {} };
}

function playbookOf(driver: Driver, verb: 'spawn' | 'keep-roots' | 'terminate' | 'list'): string {
  return join(driverFolder(sourceOf(driver).driver), `${verb}.yml`);
}

/** What every playbook of a driver is told. */
function commonVariables(driver: Driver): Record<string, unknown> {
  const { driver: path, options } = sourceOf(driver);
  // A driver outside this repository gets its own folder, even when it has the name of one that comes with Coppice.
  const place = isAbsolute(path) ? `${driverName(path)}-${shortHash(path)}` : path;
  return {
    coppice_state_dir: join(driver.home, 'state', 'drivers', place),
    coppice_home: driver.home,
    coppice_options: options,
    coppice_prefix: builderPrefix(driver.home),
  };
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8);
}

/**
 * Makes one builder with a key of its own. Throws RunnerError `spawn`; call `terminateBuilder` with the name whatever
 * happens.
 */
export async function spawnBuilder(
  driver: Driver,
  name: string,
  chroot: ChrootName,
  signal: AbortSignal,
): Promise<Builder> {
  const folder = builderFolder(driver.home, name);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const keyFile = join(folder, 'key');
  const publicKey = await makeBuilderKey(keyFile);
  const resultFile = join(folder, 'instance.json');
  const output = await runPlaybook({
    code: 'spawn',
    playbook: playbookOf(driver, 'spawn'),
    variables: {
      ...commonVariables(driver),
      coppice_name: name,
      coppice_arch: machineArchitecture(chrootOf(chroot).architecture),
      coppice_chroot: chroot,
      coppice_labels: sourceOf(driver).labels ?? [],
      coppice_public_key: publicKey,
      coppice_result_file: resultFile,
      coppice_lifetime_seconds: driver.settings.builders.lifetimeSeconds,
    },
    folder,
    seconds: driver.settings.timeouts.spawnSeconds,
    signal,
  });
  const instance = await readInstance(name, resultFile, output, signal);
  const knownHostsFile = join(folder, 'known_hosts');
  await writeFile(
    knownHostsFile,
    `[${instance.host}]:${instance.port} ${instance.hostKey}\n${instance.host} ${instance.hostKey}\n`,
  );
  return { name, chroot, instance, publicKey, keyFile, knownHostsFile, folder };
}

async function readInstance(name: string, resultFile: string, output: string, signal: AbortSignal): Promise<Instance> {
  const text = await readFile(resultFile, 'utf8').catch(() => undefined);
  if (text !== undefined) {
    const parsed = instanceSchema.safeParse(parseJson(text));
    if (parsed.success) return parsed.data;
    throw new RunnerError(
      'spawn',
      `the spawn playbook's result for ${name} is not good: ${z.prettifyError(parsed.error)}`,
    );
  }
  const host = parseLegacyAddress(output);
  if (host === undefined)
    throw new RunnerError('spawn', `the spawn playbook wrote no result for ${name} and printed no IP=…`);
  const instance = { instance: name, host, port: 22, user: 'root', hostKey: await askHostKey(host, signal) };
  // Terminate is told where the builder is, although this playbook wrote nothing down.
  await writeFile(resultFile, JSON.stringify(instance));
  return instance;
}

/** The address that a playbook of Copr's kind prints as `IP=…`. Pure. */
export function parseLegacyAddress(output: string): string | undefined {
  return /\bIP=([0-9A-Fa-f.:]{3,45}|[A-Za-z0-9][A-Za-z0-9.-]{0,252})/.exec(output)?.[1];
}

/** A legacy playbook cannot tell the host key: the one shown first is pinned. */
async function askHostKey(host: string, signal: AbortSignal): Promise<string> {
  const done = await execa('ssh-keyscan', ['-T', '20', '-t', 'ed25519', '--', host], {
    stdin: 'ignore',
    reject: false,
    timeout: 60_000,
    cancelSignal: signal,
  });
  signal.throwIfAborted();
  const key = /^\S+ (ssh-ed25519 [A-Za-z0-9+/=]+)/m.exec(done.stdout ?? '')?.[1];
  if (key === undefined) throw new RunnerError('spawn', `${host} shows no SSH host key`, { cause: done });
  return key;
}

/**
 * Has the driver keep the base roots of a builder for all that it makes later. Only for a builder that nobody has had:
 * builds of others will work in them. Throws RunnerError `provision`, or the reason of the abort.
 */
export async function keepRoots(driver: Driver, builder: Builder, signal: AbortSignal): Promise<void> {
  await runPlaybook({
    code: 'provision',
    playbook: playbookOf(driver, 'keep-roots'),
    variables: {
      ...commonVariables(driver),
      coppice_name: builder.name,
      coppice_chroot: builder.chroot,
      coppice_result_file: join(builder.folder, 'roots.json'),
    },
    folder: builder.folder,
    seconds: driver.settings.timeouts.provisionSeconds,
    signal,
  });
}

/** For ending and listing: to stop waiting for a new builder soon must not mean to leave it behind. */
function endSeconds({ settings }: Driver): number {
  return Math.max(60, settings.timeouts.spawnSeconds);
}

/**
 * Ends the builder of this name, also one that is half made or gone, and removes its files. Needs no room on the disk:
 * builders are what holds it. Throws RunnerError `terminate`.
 */
export async function terminateBuilder(driver: Driver, name: string): Promise<void> {
  const folder = builderFolder(driver.home, name);
  const known = parseJson(await readFile(join(folder, 'instance.json'), 'utf8').catch(() => '{}'));
  const variables = Object.entries(known ?? {}).filter(
    ([, value]) => typeof value === 'string' || typeof value === 'number',
  );
  await withMemoryFolder((memory) =>
    runPlaybook({
      code: 'terminate',
      playbook: playbookOf(driver, 'terminate'),
      variables: { instance: name, ...Object.fromEntries(variables), ...commonVariables(driver), coppice_name: name },
      folder: memory,
      keepsAllInFolder: true,
      seconds: endSeconds(driver),
    }),
  );
  await rm(folder, { recursive: true, force: true });
}

/** Names of the builders of this service that exist, by their driver. Throws RunnerError `list`. */
export async function listBuilders(driver: Driver): Promise<readonly string[]> {
  return withMemoryFolder(async (folder) => {
    const resultFile = join(folder, 'list.json');
    await runPlaybook({
      code: 'list',
      playbook: playbookOf(driver, 'list'),
      variables: { ...commonVariables(driver), coppice_result_file: resultFile },
      folder,
      keepsAllInFolder: true,
      seconds: endSeconds(driver),
    });
    const parsed = z.array(z.object({ instance: z.string() })).safeParse(parseJson(await readFile(resultFile, 'utf8')));
    if (!parsed.success)
      throw new RunnerError('list', `the list playbook's result is not good: ${z.prettifyError(parsed.error)}`);
    return parsed.data.map(({ instance }) => instance).filter((name) => name.startsWith(builderPrefix(driver.home)));
  });
}

function parseJson(text: string): object | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' ? value : null;
  } catch {
    return null;
  }
}
