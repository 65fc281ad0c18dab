// `coppice doctor`: what is missing or broken on this machine, and how to mend it.
import type { Settings } from '@coppice/config';
import { type Environment, readHome, readSettings } from '../service/home.ts';
import { describe } from '../service/log.ts';
import { broken, type Finding, good } from './doctor-finding.ts';
import {
  diskFinding,
  keysFinding,
  mirrorFinding,
  permissionsFinding,
  queueFinding,
  secretsFinding,
} from './doctor-home.ts';
import { nodeFinding, playbooksFinding, programFindings } from './doctor-machine.ts';
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
  if (json) terminal.print(JSON.stringify({ findings }, null, 2));
  else terminal.print(renderFindings(findings));
  return findings.every((one) => one.good) ? 0 : 1;
}

/** Pure: a row for each finding, then what to do. */
export function renderFindings(findings: readonly Finding[]): string {
  const rows = findings.map((one) => [one.good ? 'ok' : 'BROKEN', one.what, one.detail]);
  const fixes = findings.filter((one) => !one.good).map(({ what, fix }) => `  ${what}: ${fix}`);
  const verdict = fixes.length === 0 ? 'Nothing is broken.' : `What to do:\n${fixes.join('\n')}`;
  return `${table(['', 'what', 'found'], rows)}\n\n${verdict}`;
}

/** Looks at the machine, the settings, what the service keeps, and the service itself. `searchPath` is the PATH to look for programs in. */
export async function examine(
  environment: Environment,
  searchPath: string,
  now: () => number = Date.now,
): Promise<readonly Finding[]> {
  const home = readHome(environment);
  const { settings, finding } = await settingsFinding(environment);
  return [
    nodeFinding(),
    ...(await programFindings(searchPath)),
    finding,
    ...(settings === undefined ? [] : [await playbooksFinding(settings), await secretsFinding(settings)]),
    await diskFinding(home),
    await queueFinding(home),
    await permissionsFinding(home),
    await keysFinding(home, now()),
    await mirrorFinding(home),
    ...(await serviceFindings(environment, settings, now)),
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
