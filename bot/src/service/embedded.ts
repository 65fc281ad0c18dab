// The embedded default: a whole system on one machine with no account anywhere. The local GitHub holds the example
// config repo and the upstream repositories that it names; the chroot is a distribution made here.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Log } from '@coppice/builder-runner/runner';
import type { Settings } from '@coppice/config';
import { execa } from 'execa';
import { type LocalGithub, startLocalGithub } from '../../local-github/start.ts';
import { appRegistration } from '../github/app-permissions.ts';
import { ServiceError } from '../vocabulary/errors.ts';
import { cannotListen } from './cannot-listen.ts';
import type { Home } from './home.ts';
import { mirrorToLocalGithub } from './local-mirror.ts';
import type { Secrets } from './secrets.ts';
import { embeddedAppId } from './secrets.ts';

const repositoryRoot = fileURLToPath(new URL('../../../', import.meta.url));

/**
 * The config repo of the embedded default and the upstream repositories beside it, pushed when they do not exist yet.
 */
const seeds = [
  { name: 'acme/motd', folder: join(repositoryRoot, 'config/example-upstreams/acme/motd') },
  { name: 'acme/packages', folder: join(repositoryRoot, 'config/example') },
] as const;

/** The chroot that the example names. */
const saplingChroot = 'sapling-12-x86_64';

/**
 * Starts the local GitHub on `port` with its state under `home`. Its webhooks go to `webhook`.
 * The example is not pushed yet: see `pushExample`. Throws ServiceError `address` when the port cannot be had.
 */
export async function startEmbeddedGithub(
  home: Home,
  port: number,
  webhookUrl: string,
  secrets: Secrets,
): Promise<LocalGithub> {
  const host = '127.0.0.1';
  try {
    return await startLocalGithub({
      folder: join(home.state, 'local-github'),
      ...{ host, port },
      app: { id: embeddedAppId, privateKeyPem: secrets.privateKey, slug: 'coppice', ...appRegistration },
      webhook: { url: webhookUrl, secret: secrets.webhookSecret },
    });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).syscall !== 'listen') throw cause;
    throw cannotListen({ host, port, cause }, { port: 'COPPICE_GITHUB_PORT' });
  }
}

/** Pushes the example config repo and its upstreams with real Git; repositories that have commits are left alone. */
export async function pushExample(github: LocalGithub, log: Log): Promise<void> {
  for (const { name, folder } of seeds) {
    const commit = await github.createRepository(name, { seedFolder: folder, seedCommitMessage: 'Add the example' });
    log('info', `The local GitHub has ${name}`, { commit: commit?.slice(0, 12) });
  }
}

/** The settings with which the service speaks to the local GitHub. */
export function embeddedSettings(settings: Settings, github: Pick<LocalGithub, 'url' | 'apiUrl' | 'appId'>): Settings {
  const { url, apiUrl, appId } = github;
  return mirrorToLocalGithub({ ...settings, github: { ...settings.github, apiUrl, webUrl: url, appId } }, url);
}

/**
 * Makes the distribution `sapling-12-x86_64` under `published/distributions/` when it is not there; a line of progress
 * at a time. Throws ServiceError `distribution` with the last lines that the maker printed.
 */
export async function makeDistribution(home: Home, log: Log, signal: AbortSignal): Promise<void> {
  const system = await readFile('/etc/os-release', 'utf8').catch(() => '');
  if (!/^ID(?:_LIKE)?=.*debian/m.test(system)) {
    throw new ServiceError(
      'distribution',
      'The embedded default makes its distribution from a Debian archive, and this is no Debian. Name a config repo on GitHub in the file of COPPICE_SETTINGS; the documentation says how (Run a service).',
    );
  }
  const maker = execa(
    join(repositoryRoot, 'ansible/sapling/make-sapling'),
    ['--output', join(home.published, 'distributions', saplingChroot), '--cache', join(home.cache, 'debs')],
    { stdin: 'ignore', all: true, cancelSignal: signal, forceKillAfterDelay: 5000, reject: false },
  );
  const last: string[] = [];
  for await (const line of maker.iterable({ from: 'all' })) {
    last.push(line);
    if (last.length > 12) last.shift();
    log('info', line);
  }
  const ended = await maker;
  if (ended.failed && !signal.aborted) {
    throw new ServiceError('distribution', `The distribution ${saplingChroot} could not be made:\n${last.join('\n')}`, {
      cause: ended,
    });
  }
}
