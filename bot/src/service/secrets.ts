// Secrets of the service: files under `state/` that only its user may read, or the files that the settings name.
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { OutgoingHook } from '@coppice/builder-runner/runner';
import type { Settings } from '@coppice/config';
import { ServiceError } from '../vocabulary/errors.ts';
import { sayFileFault } from '../vocabulary/file-fault.ts';
import { readGivenFile } from '../vocabulary/given-file.ts';
import type { Home } from './home.ts';

export interface Secrets {
  readonly privateKey: string;
  readonly webhookSecret: string;
}

/** The number of the app of the embedded default. */
export const embeddedAppId = 1;

/** Where the private key of that app is kept. */
export const embeddedKeyFile = (home: Home): string => join(home.state, 'secrets/app.pem');

/** The secrets of the embedded default: made once, kept in `state/secrets/` (0600). */
export async function embeddedSecrets(home: Home): Promise<Secrets> {
  const folder = join(home.state, 'secrets');
  return {
    privateKey: await keep(
      embeddedKeyFile(home),
      () =>
        generateKeyPairSync('rsa', {
          modulusLength: 2048,
          privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
          publicKeyEncoding: { type: 'spki', format: 'pem' },
        }).privateKey,
    ),
    webhookSecret: await keep(join(folder, 'webhook-secret'), () => randomBytes(32).toString('hex')),
  };
}

/** The secrets that the settings name. Throws ServiceError `settings` when one is not named or cannot be read. */
export async function configuredSecrets(settings: Settings): Promise<Secrets> {
  return {
    privateKey: await readSecret('github.privateKeyFile', settings.github.privateKeyFile),
    // Without webhooks there is nobody to share it with.
    webhookSecret:
      settings.github.webhooks || settings.github.webhookSecretFile !== undefined
        ? (await readSecret('github.webhookSecretFile', settings.github.webhookSecretFile)).trim()
        : randomBytes(32).toString('hex'),
  };
}

/**
 * The webhooks that the settings name, each with its secret. Throws ServiceError `settings` when one cannot be read.
 */
export async function hookSecrets({ webhooks }: Settings): Promise<readonly OutgoingHook[]> {
  return await Promise.all(
    webhooks.map(async ({ url, secretFile, events }, index) => {
      const secret = (await readSecret(`webhooks.${index}.secretFile`, secretFile)).trim();
      return { url, secret, events };
    }),
  );
}

async function keep(path: string, make: () => string): Promise<string> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const kept = await readFile(path, 'utf8').catch(() => undefined);
  if (kept !== undefined && kept !== '') return kept;
  const made = make();
  await writeFile(path, made, { mode: 0o600 });
  return made;
}

const maximumSecretBytes = 64 * 1024;

async function readSecret(key: string, path: string | undefined): Promise<string> {
  if (path === undefined)
    throw new ServiceError('settings', `The settings must name a file in ${key} when github.mode is github.`);
  try {
    const about = await stat(path);
    if ((about.mode & 0o077) !== 0) throw new Error(`others may read it; run: chmod 600 ${path}`);
    const secret = await readGivenFile(path, maximumSecretBytes);
    if (secret.trim() === '') throw new Error('it is empty');
    return secret;
  } catch (cause) {
    throw new ServiceError('settings', `The secret file ${path} (${key}) ${sayFileFault(cause)}.`);
  }
}
