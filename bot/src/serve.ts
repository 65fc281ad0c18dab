// The composition root: every part of the service is made here, in the order in which it is needed, and ended in the
// reverse.
import { existsSync } from 'node:fs';
import { flushCompileCache } from 'node:module';
import { join } from 'node:path';
import { noLimits, openQueue, type Queue, type QueueOptions } from '@coppice/builder-runner/queue';
import { makeFolder } from '@coppice/builder-runner/replace-file';
import {
  type DebugSessions,
  ensureKey,
  generationsInUse,
  type KeyTender,
  type Log,
  openBuildNumbers,
  openDebugSessions,
  openEvents,
  openMirror,
  openPool,
  type ProjectsPort,
  type Pruned,
  type PruneOptions,
  prune,
  type Runner,
  renameOldSandboxes,
  runnerProjects,
  startKeyTending,
  startOutgoingWebhooks,
  startProviding,
  startRunner,
  writeSandboxRepoFiles,
} from '@coppice/builder-runner/runner';
import {
  defaultTerms,
  findPresent,
  findProject,
  plainTerms,
  projectKey,
  readSandbox,
  repoTerms,
  type Settings,
  type SigningTerms,
  termsOf,
} from '@coppice/config';
import { hookFaults } from './answers/faults/hook-faults.ts';
import { keyFault } from './answers/faults/key-fault.ts';
import { mirrorFaults } from './answers/faults/mirror-fault.ts';
import { brokenPools, poolFaults } from './answers/faults/pool-faults.ts';
import type { FaultReport } from './answers/faults/standing-faults.ts';
import { createBot } from './bot.ts';
import { type ConfigAtCommit, type ConfigInForce, createConfigInForce } from './config-repo/config-in-force.ts';
import { openConfigReader } from './config-repo/mirror.ts';
import { statedRepositories } from './config-repo/stated-repositories.ts';
import { startBuilderServer } from './service/builder-server.ts';
import { controlAction, startControlServer } from './service/control-server.ts';
import { diskWarning, findSplit, fullFolders, saySplit } from './service/disk-room.ts';
import { writeEndpoint } from './service/endpoint.ts';
import { introduce, stepper, tellUntilIdle } from './service/first-words.ts';
import { backupKeyFile, type Environment, type Home, readHome, readSettings, withheldIn } from './service/home.ts';
import { startHttpServer, webhooksPath } from './service/http-server.ts';
import { createLog } from './service/log.ts';
import { startMetrics } from './service/metrics.ts';
import { openGithub } from './service/open-github.ts';
import { startSettingsReload } from './service/reload-settings.ts';
import { hookSecrets } from './service/secrets.ts';
import { createServiceState, type ServiceState } from './service/service-state.ts';
import { type SiteUpdates, startSiteUpdates } from './service/site-updates.ts';
import { ServiceError } from './vocabulary/errors.ts';
import { sayFileFault } from './vocabulary/file-fault.ts';
import { countingLeaving } from './vocabulary/leaving.ts';
import { nameOf } from './vocabulary/project-name.ts';
import { pruneWishSchema } from './vocabulary/prune-report.ts';

/** What every step of the start is given. */
interface Start {
  readonly environment: Environment;
  readonly home: Home;
  /** As the settings are stated. */
  readonly stated: Settings;
  /** Says what is done next. */
  readonly step: (text: string) => void;
  readonly log: Log;
  readonly now: () => Date;
  /** Aborted when the service is to end. */
  readonly signal: AbortSignal;
  /** Ends the service as one that has failed. */
  readonly fail: (why: string) => void;
  /** Each part puts its own end here. */
  readonly cleanups: Cleanups;
}

type Cleanups = (() => Promise<unknown>)[];

/**
 * Runs the service until SIGTERM or SIGINT (or a fault that it is to end at), then ends everything that it started.
 * Returns the exit code.
 * Throws ServiceError (and the queue's errors) when it cannot start.
 */
export async function serveUntilStopped(environment: Environment): Promise<number> {
  const now = () => new Date();
  const form = environment.COPPICE_LOG === 'json' ? 'json' : 'text';
  const log = createLog((line) => process.stdout.write(line), form, now);
  const stopping = new AbortController();
  const aborted = new Promise<void>((resolve) =>
    stopping.signal.addEventListener('abort', () => resolve(), { once: true }),
  );
  const stop = (signal: NodeJS.Signals) => {
    if (!stopping.signal.aborted) log('info', `${signal}: ending what is under way`);
    stopping.abort();
  };
  process.on('SIGTERM', stop).on('SIGINT', stop);
  let exitCode = 0;
  const fail = (why: string) => {
    if (stopping.signal.aborted) return;
    log('error', `The service ends, and has to be started again (exitOnWorker): ${why}`);
    exitCode = 1;
    stopping.abort();
  };
  const cleanups: Cleanups = [];
  try {
    const home = readHome(environment);
    const stated = await readSettings(environment);
    const step = stepper(stated.github.mode === 'embedded' ? 6 : 4, log);
    const service = await start({ environment, home, stated, step, log, now, signal: stopping.signal, fail, cleanups });
    if (service !== undefined) {
      await Promise.race([service.idle().then(() => stopping.signal.aborted || service.introduce()), aborted]);
      await aborted;
    }
    return exitCode;
  } finally {
    for (const cleanup of cleanups.reverse()) {
      await cleanup().catch((error: unknown) => log('error', 'Cleaning up failed', { error }));
    }
    process.off('SIGTERM', stop).off('SIGINT', stop);
    log('info', 'Ended');
  }
}

/** A running service. */
interface Service {
  /** Resolves when no build waits or runs and the pages are written. */
  idle(): Promise<void>;
  /** Says where things are. */
  introduce(): void;
}

/** Undefined when the signal was aborted on the way. */
async function start(options: Start): Promise<Service | undefined> {
  const { home, stated, step, log, now, cleanups, signal } = options;
  step(`Opening ${home.folder}`);
  await makeFolders(home);
  const disk = await diskWarning(home);
  if (disk !== undefined) log('warn', disk);
  const config = createConfigInForce({
    ...{ publishedFolder: home.published, repository: stated.github.repository, log },
    keysOf: async (owner, project) => {
      const terms = signingTermsIn(config.current(), owner, project);
      return (await ensureKey(home.folder, owner, project, { terms, now: now().getTime(), log })).keys;
    },
  });
  cleanups.push(async () => config.stop());
  const queue = await openBuildQueue(options, () => config.current()?.config.policy.limits ?? noLimits);
  cleanups.push(() => queue.close());
  const state = createServiceState(brokenPools, () => fullFolders(home));
  const { health } = state;
  const { host, port } = stated.listen;
  const http = await startHttpServer({
    ...{ host, port, published: home.published, withheld: withheldIn(home.folder) },
    ...{ health, metrics: startMetrics(queue, state) },
  });
  cleanups.push(() => http.close());
  const local = `http://${host === '0.0.0.0' ? '127.0.0.1' : host}:${http.port}`;
  const url = stated.url ?? local;

  const github = await openGithub(`${local}${webhooksPath}`, options);
  const { settings } = github;
  if (signal.aborted) return undefined;
  step('Starting the runner');
  const building = await startBuilding(options, { settings, config, queue, state, url });
  const { runner, site } = building;

  step('Starting the bot');
  config.onChange(() => {
    // Looser limits may let waiting builds start.
    runner.wake();
    // Of a config that touches everything the pages take their time.
    void site.all().catch(writtenLater);
  });
  const bot = await createBot({
    ...{ ...building, settings, queue, config, url, log, now, secrets: github.secrets },
    onPublished: () => site.all().catch(writtenLater),
    ...{ home: home.folder, publishedFolder: home.published },
  });
  state.botIsThere(() => bot.fault()?.message);
  if (settings.github.webhooks) http.setWebhooks(bot.middleware);
  else http.refuseWebhooks();
  cleanups.push(() => bot.stop());
  await bot.start();
  followSettings(options, settings, runner);
  state.isReady();
  const control = await startControlServer({ '/prune': controlAction(pruneWishSchema, bot.prune) });
  cleanups.push(() => control.close());
  await tellEndpoint(home, url, settings, control);
  // For the next start, however this one ends.
  flushCompileCache();
  step(github.url === undefined ? `Ready at ${url}` : `Ready at ${url}; building what the example states`);
  return {
    idle: () => tellUntilIdle(queue, log).then(() => site.idle()),
    introduce: () => introduce(url, github.url, settings.github.repository, log),
  };
}

async function openBuildQueue({ home, log, now }: Start, limits: NonNullable<QueueOptions['limits']>): Promise<Queue> {
  return await openQueue({
    folder: join(home.state, 'queue'),
    numbers: await openBuildNumbers(home.folder, log),
    onUnknownNumbers: (first, last) =>
      log(
        'warn',
        `The queue in state/ was lost, or is older than published/: numbers ${first} to ${last} are left out`,
      ),
    now,
    onFault: (error) => log('error', 'The queue had a fault', { error }),
    limits,
  });
}

async function makeFolders(home: Home): Promise<void> {
  let split: Awaited<ReturnType<typeof findSplit>>;
  try {
    await makeFolder(home.state, 0o700);
    await makeFolder(join(home.published, 'api/v1'));
    await makeFolder(home.cache);
    split = await findSplit(home);
  } catch (error) {
    const text = `COPPICE_HOME, ${home.folder}, ${sayFileFault(error)}. Let it be a folder of the user who runs the service.`;
    throw new ServiceError('home', text);
  }
  if (split === undefined) return;
  const { detail, fix } = saySplit(split);
  throw new ServiceError('home', `${detail}. What to do: ${fix}.`);
}

/** What builds, and what is told of it elsewhere than on GitHub. */
interface Building {
  readonly runner: Runner;
  readonly site: SiteUpdates;
  readonly projects: ProjectsPort;
  readonly prune: (options: PruneOptions) => Promise<Pruned>;
  readonly debug: DebugSessions;
  readonly faults: () => readonly FaultReport[];
}

async function startBuilding(
  { home, log, now, fail, cleanups }: Start,
  parts: {
    readonly settings: Settings;
    readonly config: ConfigInForce;
    readonly queue: Queue;
    readonly state: ServiceState;
    readonly url: string;
  },
): Promise<Building> {
  const { settings, config, queue, state, url } = parts;
  const { brokenPools: broken } = state;
  const history = join(home.state, 'site', 'history.sqlite');
  const service = () => state.described(config.current()?.config.policy.limits);
  const site = startSiteUpdates({
    ...{ queue, brokenPools: broken, service, published: home.published, history, url, now, log },
  });
  cleanups.push(() => site.stop());
  const projectOf = (owner: string, name: string) => projectIn(config.current(), owner, name);
  const baseOf = (owner: string, name: string) => {
    const project = projectOf(owner, name);
    if (project !== undefined) return projectKey(project);
    // Until it is merged, a pull request that renames a project builds beside the one that it renames.
    const builds = queue.builds().filter((build) => build.owner === owner && build.project === name);
    return builds
      .at(-1)
      ?.repos.at(-1)
      ?.replace(/^coppice:\/\//, '');
  };
  const publisher = {
    home: home.folder,
    url: url.replace(/\/+$/, ''),
    isFrozen: (owner: string, name: string) => (projectOf(owner, name)?.frozen ?? null) !== null,
    publishMode: (owner: string, name: string) => {
      const at = config.current();
      // What pull requests build, and what no config states, is for nobody to publish later.
      return at === undefined ? undefined : (findProject(projectsOf(at), owner, name)?.publish ?? 'each');
    },
    signing: (owner: string, name: string) => signingTermsIn(config.current(), owner, name),
    allowsDowngrade: (owner: string, name: string, packageName: string) =>
      projectOf(owner, name)?.packages.find((one) => one.name === packageName)?.allowsDowngrade === true,
    hasLeft: (owner: string, name: string, packageName: string) => {
      // What a sandbox builds may be stated by its pull request alone.
      const stated = findProject(projectsOf(config.current()), owner, name);
      return stated !== undefined && !stated.packages.some((one) => one.name === packageName);
    },
    repoTerms: (owner: string, name: string) => {
      const project = projectOf(owner, name);
      return project === undefined
        ? plainTerms
        : repoTerms(project, (key) => {
            const { owner: of, name: needed } = nameOf(key);
            return projectOf(of, needed);
          });
    },
    generationsInUse: (repository: string) => generationsInUse(queue.builds(), repository),
    ...{ baseOf, log },
  };
  await renameOldSandboxes(publisher);
  config.onChange(() => writeSandboxRepoFiles(publisher));
  const hooks = await hookSecrets(settings);
  const { retentionDays } = settings.events;
  const events = await openEvents({ queue, home: home.folder, url, retentionDays, log, now });
  cleanups.push(() => events.stop());
  const outgoing = await startOutgoingWebhooks({ hooks, events, folder: join(home.state, 'webhooks'), log, now });
  cleanups.push(() => outgoing.stop());
  const forBuilders = await startBuilderServer(home.published);
  cleanups.push(() => forBuilders.close());
  const controlPort = forBuilders.port;
  const pool = await openPool({ settings, home: home.folder, controlPort, log, now });
  state.poolIsThere(pool);
  const context = { ...publisher, queue, pool, settings, controlPort, log, now };
  const runner = await startRunner({ ...context, onWorker: (name) => events.noteWorker(name), onFatal: fail });
  state.runnerIsThere(runner);
  cleanups.push(() => runner.stop({ drain: false }));
  const keys = await startKeyTending({
    ...{ publisher, projects: () => projectsOf(config.current()), log, now, onChange: () => config.refresh() },
    backupKeyFile: backupKeyFile(settings, home),
  });
  cleanups.push(() => keys.stop());
  const mirror = openConfigReader(join(home.state, 'config.git'));
  const provider = startProviding({
    ...{ publisher, queue, log },
    projects: () => statedRepositories(config.current(), mirror),
  });
  config.onChange(() => provider.look());
  cleanups.push(() => provider.stop());
  const debug = await openDebugSessions(context);
  cleanups.push(() => debug.stop());
  const kept = await openMirror(settings, { home: home.folder, log, now }).catch((cause: Error) => {
    throw new ServiceError('settings', `The mirror cannot be kept: ${cause.message}`);
  });
  if (kept !== undefined) {
    state.mirrorIsThere(kept.state);
    cleanups.push(() => kept.stop());
  }
  // Builds do not wait for pages; but the first readers find some.
  const isThere = existsSync(join(home.published, 'index.html'));
  const pages = site.all().catch(writtenLater);
  if (!isThere) await pages;
  const faults = () => [
    ...poolFaults(pool.state()),
    ...hookFaults(outgoing.states()),
    keyFaultNow(keys, now),
    ...mirrorFaults(kept?.state()),
  ];
  const projects = runnerProjects(publisher, queue);
  return { runner, site, projects, prune: (options) => prune(publisher, options), debug, faults };
}

const keyFaultNow = (keys: KeyTender, now: () => Date) => keyFault(keys.states(), now().getTime());

function projectsOf(at: ConfigAtCommit | undefined) {
  return at === undefined ? [] : countingLeaving(at).projects;
}

/** A sandbox is what its project is, under its present name. */
function projectIn(at: ConfigAtCommit | undefined, owner: string, name: string) {
  return findPresent(projectsOf(at), `${owner}/${readSandbox(name)?.project ?? name}`);
}

function signingTermsIn(at: ConfigAtCommit | undefined, owner: string, name: string): SigningTerms {
  const project = projectIn(at, owner, name);
  return at === undefined || project === undefined ? defaultTerms : termsOf(at.config.policy, project);
}

/** The pages tell of their faults themselves, and are tried again. */
const writtenLater = () => undefined;

/** The file of the settings is read again when it changes. */
function followSettings({ environment, stated, log, cleanups }: Start, inForce: Settings, runner: Runner): void {
  const path = environment.COPPICE_SETTINGS;
  if (path === undefined) return;
  const read = () => readSettings(environment);
  const reload = startSettingsReload({ path, stated, inForce, read, apply: (changed) => runner.resize(changed), log });
  cleanups.push(() => reload.stop());
}

/** For the commands of the same home: where the service is, and which GitHub it serves. */
async function tellEndpoint(
  home: Home,
  url: string,
  { github }: Settings,
  { port, token }: { readonly port: number; readonly token: string },
): Promise<void> {
  const { mode, apiUrl, webUrl, repository } = github;
  await writeEndpoint(home, {
    pid: process.pid,
    url,
    control: { port, token },
    github: { mode, apiUrl, webUrl, repository },
  });
}
