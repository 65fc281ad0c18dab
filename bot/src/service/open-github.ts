// The GitHub that the service speaks to: the one that the settings name, or in the embedded default the local one.
import type { Log } from '@coppice/builder-runner/runner';
import type { Settings } from '@coppice/config';
import { ServiceError } from '../vocabulary/errors.ts';
import { embeddedSettings, makeDistribution, pushExample, startEmbeddedGithub } from './embedded.ts';
import { type Environment, type Home, readGithubPort } from './home.ts';
import { configuredSecrets, embeddedSecrets, type Secrets } from './secrets.ts';

interface Start {
  readonly environment: Environment;
  readonly home: Home;
  /** As the settings are stated. */
  readonly stated: Settings;
  /** Says what is done next. */
  readonly step: (text: string) => void;
  readonly log: Log;
  /** Aborted when the service is to end. */
  readonly signal: AbortSignal;
  /** What is started puts its own end here. */
  readonly cleanups: (() => Promise<unknown>)[];
}

export interface GithubSide {
  /** The stated settings with GitHub's addresses filled in. */
  readonly settings: Settings;
  readonly secrets: Secrets & { readonly appId: number };
  /** The local GitHub's address, in the embedded default. */
  readonly url: string | undefined;
}

/**
 * The GitHub that the settings name; in the embedded default the local one, with the example and what it builds for.
 */
export async function openGithub(webhookUrl: string, options: Start): Promise<GithubSide> {
  const { stated } = options;
  if (stated.github.mode === 'embedded') return await openEmbeddedGithub(webhookUrl, options);
  const secrets = await configuredSecrets(stated);
  const { appId } = stated.github;
  if (appId === undefined)
    throw new ServiceError('settings', 'The settings must name github.appId when github.mode is github.');
  return { settings: stated, secrets: { ...secrets, appId }, url: undefined };
}

async function openEmbeddedGithub(
  webhookUrl: string,
  { environment, home, stated, step, log, signal, cleanups }: Start,
): Promise<GithubSide> {
  const secrets = await embeddedSecrets(home);
  step('Starting the local GitHub');
  const github = await startEmbeddedGithub(home, readGithubPort(environment), webhookUrl, secrets);
  cleanups.push(() => github.stop());
  await pushExample(github, log);
  step('Making the distribution that the example builds for (the first time: about a minute)');
  await makeDistribution(home, log, signal);
  const { appId, url } = github;
  return { settings: embeddedSettings(stated, github), secrets: { ...secrets, appId }, url };
}
