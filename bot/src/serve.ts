// The composition root: every part of the service is made here, in the order in which it is needed, and ended in the
// reverse.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { noLimits, openQueue, type Queue } from '@coppice/builder-runner/queue';
import {
  type BuilderPool,
  ensureKey,
  type Log,
  openBuildNumbers,
  openDebugSessions,
  openEvents,
  openPool,
  type Runner,
  runnerProjects,
  startOutgoingWebhooks,
  startRunner,
} from '@coppice/builder-runner/runner';
import { findProject, isFinal, readSandbox, type Settings } from '@coppice/config';
import { hookFaults } from './answers/faults/hook-faults.ts';
import { brokenPools, poolFaults } from './answers/faults/pool-faults.ts';
import { type Bot, createBot } from './bot.ts';
import { embeddedSettings, makeDistribution, pushExample, startEmbeddedGithub } from './service/embedded.ts';
import { writeEndpoint } from './service/endpoint.ts';
import { type Environment, type Home, readGithubPort, readHome, readSettings } from './service/home.ts';
import { healthOf, startHttpServer, webhooksPath } from './service/http-server.ts';
import { createLog } from './service/log.ts';
import { startMetrics } from './service/metrics.ts';
import { startSettingsReload } from './service/reload-settings.ts';
import { configuredSecrets, embeddedSecrets, hookSecrets } from './service/secrets.ts';
import { startSiteUpdates } from './service/site-updates.ts';
import { ServiceError } from './vocabulary/errors.ts';

/** A running service. */
interface Service {
  readonly url: string;
  /** The local GitHub's address, in the embedded default. */
  readonly githubUrl: string | undefined;
  readonly settings: Settings;
  readonly queue: Queue;
  /** Resolves when no build waits or runs and the pages are written. */
  idle(): Promise<void>;
}

/**
 * Runs the service until SIGTERM or SIGINT (or a fault that it is to end at), then ends everything that it started.
 * Returns the exit code.
 * Throws ServiceError (and the queue's errors) when it cannot start.
 */
export async function serveUntilStopped(environment: Environment): Promise<number> {
  const now = () => new Date();
  const log = createLog(
    (line) => process.stdout.write(line),
    environment.COPPICE_LOG === 'json' ? 'json' : 'text',
    now,
  );
  const stopping = new AbortController();
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
  const cleanups: (() => Promise<unknown>)[] = [];
  try {
    const service = await start({ environment, log, now, signal: stopping.signal, fail, cleanups });
    if (service !== undefined) {
      const aborted = new Promise<void>((resolve) =>
        stopping.signal.addEventListener('abort', () => resolve(), { once: true }),
      );
      await Promise.race([service.idle().then(() => introduce(service, log, stopping.signal)), aborted]);
      if (!stopping.signal.aborted) await aborted;
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

interface StartOptions {
  readonly environment: Environment;
  readonly log: Log;
  readonly now: () => Date;
  /** Aborted when the service is to end. */
  readonly signal: AbortSignal;
  /** Ends the service as one that has failed. */
  readonly fail: (why: string) => void;
  /** Each part puts its own end here. */
  readonly cleanups: (() => Promise<unknown>)[];
}

/** Undefined when `signal` was aborted on the way. */
async function start(options: StartOptions): Promise<Service | undefined> {
  const { environment, log, now, signal, cleanups } = options;
  const home = readHome(environment);
  const stated = await readSettings(environment);
  const embedded = stated.github.mode === 'embedded';
  const step = stepper(embedded ? 6 : 4, log);

  let bot: Bot | undefined;
  step(`Opening ${home.folder}`);
  await makeFolders(home);
  const queue = await openQueue({
    folder: join(home.state, 'queue'),
    numbers: await openBuildNumbers(home.folder),
    onUnknownNumbers: (first, last) =>
      log(
        'warn',
        `The queue in state/ was lost, or is older than published/: numbers ${first} to ${last} are left out`,
      ),
    now,
    onFault: (error) => log('error', 'The queue had a fault', { error }),
    limits: () => bot?.config()?.config.policy.limits ?? noLimits,
  });
  cleanups.push(() => queue.close());
  let pool: BuilderPool | undefined;
  let runner: Runner | undefined;
  const metrics = startMetrics(queue, { workers: () => runner?.workers(), builders: () => pool?.state() });
  let ready = false;
  const broken = () => brokenPools(pool?.state());
  const http = await startHttpServer({
    host: stated.listen.host,
    port: stated.listen.port,
    published: home.published,
    health: () => healthOf(ready, broken()),
    metrics,
  });
  cleanups.push(() => http.close());
  const local = `http://${stated.listen.host === '0.0.0.0' ? '127.0.0.1' : stated.listen.host}:${http.port}`;
  const url = stated.url ?? local;

  const secrets = embedded ? await embeddedSecrets(home) : await configuredSecrets(stated);
  let settings = stated;
  let github: Awaited<ReturnType<typeof startEmbeddedGithub>> | undefined;
  if (embedded) {
    step('Starting the local GitHub');
    github = await startEmbeddedGithub(home, readGithubPort(environment), `${local}${webhooksPath}`, secrets);
    cleanups.push(() => github?.stop() ?? Promise.resolve());
    settings = embeddedSettings(stated, github);
    await pushExample(github, log);
    step('Making the distribution that the example builds for (the first time: about a minute)');
    await makeDistribution(home, log, signal);
  }
  if (signal.aborted) return undefined;
  const { appId } = settings.github;
  if (appId === undefined)
    throw new ServiceError('settings', 'The settings must name github.appId when github.mode is github.');

  step('Starting the runner');
  const site = startSiteUpdates({ queue, brokenPools: broken, published: home.published, url, now, log });
  cleanups.push(() => site.stop());
  const projectOf = (owner: string, name: string) =>
    findProject(bot?.config()?.config.projects ?? [], owner, readSandbox(name)?.project ?? name);
  const publisher = {
    home: home.folder,
    url: url.replace(/\/+$/, ''),
    isFrozen: (owner: string, name: string) => (projectOf(owner, name)?.frozen ?? null) !== null,
    runtimeRepos: (owner: string, name: string) => projectOf(owner, name)?.runtimeRepos ?? [],
  };
  const hooks = await hookSecrets(settings);
  const { retentionDays } = settings.events;
  const events = await openEvents({ queue, home: home.folder, url, retentionDays, log, now });
  cleanups.push(() => events.stop());
  const outgoing = await startOutgoingWebhooks({ hooks, events, folder: join(home.state, 'webhooks'), log, now });
  cleanups.push(() => outgoing.stop());
  const builders = await openPool({ settings, home: home.folder, controlPort: http.port, log, now });
  pool = builders;
  const started = await startRunner({
    ...{ ...publisher, queue, pool, settings, controlPort: http.port, log, now },
    onWorker: (name) => events.noteWorker(name),
    onFatal: options.fail,
  });
  runner = started;
  cleanups.push(() => started.stop({ drain: false }));
  const debug = await openDebugSessions({ ...publisher, queue, pool, settings, controlPort: http.port, log, now });
  cleanups.push(() => debug.stop());
  await site.all();

  step('Starting the bot');
  bot = await createBot({
    settings,
    queue,
    home: home.folder,
    publishedFolder: home.published,
    url,
    log,
    now,
    secrets: { appId, ...secrets },
    keyFingerprint: async (owner, project) => (await ensureKey(home.folder, owner, project)).fingerprint,
    onConfigChange: async () => {
      // Looser limits may let waiting builds start.
      started.wake();
      await site.all();
    },
    projects: runnerProjects(publisher, queue),
    debug,
    faults: () => [...poolFaults(builders.state()), ...hookFaults(outgoing.states())],
  });
  if (settings.github.webhooks) http.setWebhooks(bot.middleware);
  else http.refuseWebhooks();
  cleanups.push(() => bot?.stop() ?? Promise.resolve());
  await bot.start();
  const path = environment.COPPICE_SETTINGS;
  if (path !== undefined) {
    const read = () => readSettings(environment);
    const apply = (changed: Settings) => started.resize(changed);
    const reload = startSettingsReload({ path, stated, inForce: settings, read, apply, log });
    cleanups.push(() => reload.stop());
  }
  ready = true;
  await writeEndpoint(home, {
    pid: process.pid,
    url,
    github: {
      mode: settings.github.mode,
      apiUrl: settings.github.apiUrl,
      webUrl: settings.github.webUrl,
      repository: settings.github.repository,
    },
  });
  step(embedded ? `Ready at ${url}; building what the example states` : `Ready at ${url}`);
  return { url, githubUrl: github?.url, settings, queue, idle: () => idle(queue, log, () => site.idle()) };
}

async function makeFolders(home: Home): Promise<void> {
  await mkdir(home.state, { recursive: true, mode: 0o700 });
  await mkdir(join(home.published, 'api/v1'), { recursive: true });
  await mkdir(home.cache, { recursive: true });
}

function stepper(count: number, log: Log): (text: string) => void {
  let done = 0;
  return (text) => {
    done += 1;
    log('info', `[${done}/${count}] ${text}`);
  };
}

/** Tells how the builds move on until none is left. */
async function idle(queue: Queue, log: Log, siteIdle: () => Promise<void>): Promise<void> {
  const told = new Map<string, string>();
  await new Promise<void>((resolve) => {
    const forget = queue.onChange(({ build }) => {
      for (const chroot of build.chroots) {
        const how = isFinal(chroot.state) ? chroot.state : chroot.phase;
        const key = `${build.id} ${chroot.chroot}`;
        if (told.get(key) === how) continue;
        told.set(key, how);
        log('info', `Build ${build.id}, ${build.package} for ${chroot.chroot}: ${how}`);
      }
      if (queue.builds().length > 0) return;
      forget();
      resolve();
    });
    if (queue.builds().length === 0) {
      forget();
      resolve();
    }
  });
  await siteIdle();
}

/** The last words of the set-up: where things are and what to try. */
function introduce(service: Service, log: Log, signal: AbortSignal): void {
  if (signal.aborted) return;
  const { url, githubUrl, settings } = service;
  if (githubUrl === undefined) {
    log('info', `Serving ${url} for ${settings.github.repository}`);
    return;
  }
  const clone = `${githubUrl.replace('http://', 'http://maintainer:token-maintainer@')}/${settings.github.repository}.git`;
  process.stdout.write(`
Coppice is running: ${url}

Three things to try:
  1. Look at what was built:     ${url}/acme/tools/
  2. Ask for a build:            npx coppice comment "/build hello"
  3. Change a package and push:  git clone ${clone}

The comments are at ${githubUrl}/${settings.github.repository}/issues/1. Ctrl-C ends everything.
`);
}
