// `coppice doctor`: what is missing or broken on this machine, and how to mend it.
import { readFile } from 'node:fs/promises';
import type { Settings } from '@coppice/config';
import { readEndpoint } from '../service/endpoint.ts';
import { type Environment, type Home, readHome, readSettings } from '../service/home.ts';
import { webhooksPath } from '../service/http-server.ts';
import { describe } from '../service/log.ts';
import { configuredSecrets, embeddedAppId, embeddedKeyFile } from '../service/secrets.ts';
import { oneLine, printableJson } from '../vocabulary/plain-text.ts';
import { localBuildersFindings } from './doctor-builders.ts';
import { broken, type Finding, good } from './doctor-finding.ts';
import { type AppAccess, githubFindings } from './doctor-github.ts';
import {
  diskFinding,
  mirrorFinding,
  permissionsFinding,
  queueFinding,
  secretsFinding,
  splitFinding,
} from './doctor-home.ts';
import { backupKeyFinding, keysFinding, removedKeysFinding } from './doctor-keys.ts';
import { nodeFinding, playbooksFinding, programFindings } from './doctor-machine.ts';
import { targetFindings } from './doctor-mirror.ts';
import { recordsFinding, snapshotsFinding } from './doctor-records.ts';
import { serviceFindings } from './doctor-service.ts';
import { type Terminal, table } from './terminal.ts';

/** Prints the findings. Returns the exit code: 1 when something is broken. */
export async function doctor(
  terminal: Terminal,
  environment: Environment,
  searchPath: string,
  json: boolean,
): Promise<number> {
  const findings = await examine(environment, searchPath);
  if (json) terminal.print(printableJson({ findings }));
  else terminal.print(renderFindings(findings));
  return findings.every((one) => one.good) ? 0 : 1;
}

/** Pure: a row for each finding, then what to do. */
export function renderFindings(findings: readonly Finding[]): string {
  const rows = findings.map((one) => [one.good ? 'ok' : 'BROKEN', one.what, one.detail]);
  const fixes = findings.filter((one) => !one.good).map(({ what, fix }) => oneLine(`  ${what}: ${fix}`));
  const verdict = fixes.length === 0 ? 'Nothing is broken.' : `What to do:\n${fixes.join('\n')}`;
  return `${table(['', 'what', 'found'], rows)}\n\n${verdict}`;
}

/**
 * Looks at the machine, the settings, what the service keeps, the service itself, and what GitHub says of the app.
 * `searchPath` is the PATH to look for programs in.
 */
export async function examine(
  environment: Environment,
  searchPath: string,
  now: () => number = Date.now,
): Promise<readonly Finding[]> {
  const home = readHome(environment);
  const { settings, finding } = await settingsFinding(environment);
  const service = await serviceFindings(environment, settings, now);
  const access = settings === undefined ? undefined : await appAccess(home, settings, service);
  return [
    nodeFinding(),
    ...(await programFindings(searchPath)),
    finding,
    ...(settings === undefined ? [] : [await playbooksFinding(settings), await secretsFinding(settings)]),
    ...(settings === undefined ? [] : await localBuildersFindings(settings)),
    await diskFinding(home),
    ...(await splitFinding(home)),
    await queueFinding(home),
    await permissionsFinding(home),
    await keysFinding(home, now()),
    await removedKeysFinding(home, settings),
    ...(settings === undefined ? [] : await backupKeyFinding(home, settings, now())),
    await mirrorFinding(home),
    ...(settings === undefined ? [] : await targetFindings(home, settings)),
    await recordsFinding(home),
    await snapshotsFinding(home),
    ...service,
    ...(access === undefined ? [] : await githubFindings(access)),
  ];
}

async function settingsFinding(environment: Environment): Promise<{ settings?: Settings; finding: Finding }> {
  try {
    const settings = await readSettings(environment);
    const detail = `${environment.COPPICE_SETTINGS ?? 'defaults'} (${settings.github.mode})`;
    return { settings, finding: good('settings', detail) };
  } catch (error) {
    return { finding: broken('settings', describe(error), 'mend the file that COPPICE_SETTINGS names') };
  }
}

/** How to ask GitHub as the app; undefined when the settings or the secrets do not say, of which others tell. */
async function appAccess(home: Home, settings: Settings, service: readonly Finding[]): Promise<AppAccess | undefined> {
  const { github, url } = settings;
  const endpoint = await readEndpoint(home);
  if (github.mode === 'embedded') {
    // The local GitHub is there with the service alone, which tells it where to deliver.
    const runs = service.some((one) => one.what === 'service' && one.good);
    const privateKey = await readFile(embeddedKeyFile(home), 'utf8').catch(() => undefined);
    if (!runs || endpoint?.github.mode !== 'embedded' || privateKey === undefined) return undefined;
    return { ...endpoint.github, appId: embeddedAppId, privateKey, webhooks: github.webhooks, hookUrl: undefined };
  }
  const address = url ?? endpoint?.url;
  const secrets = await configuredSecrets(settings).catch(() => undefined);
  if (secrets === undefined || github.appId === undefined) return undefined;
  const hookUrl = address === undefined ? undefined : `${address.replace(/\/+$/, '')}${webhooksPath}`;
  return { ...github, appId: github.appId, privateKey: secrets.privateKey, hookUrl };
}
