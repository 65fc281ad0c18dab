// What is told of a config repo that has another name than the settings state. Pure.
import { code } from '../../reply/escape.ts';
import type { FaultReport } from './standing-faults.ts';

const key = 'repository-name';

/** `stated` is what the settings say, `seen` what GitHub says (both owner/name), undefined until it was asked. */
export function renamedFault(stated: string, seen: string | undefined): FaultReport {
  if (seen === undefined) return { key, state: 'unknown' };
  if (seen.toLowerCase() === stated.toLowerCase())
    return { key, state: 'over', closing: 'The settings say this name.' };
  return {
    key,
    state: 'stands',
    title: `This repository is called ${seen} now, and the settings say another name`,
    body: `The settings of the service say ${code(`github.repository: ${stated}`)}. GitHub still leads from there to here, so builds go on; that ends when somebody makes another repository of the old name.

Write ${code(`github.repository: ${seen}`)} into the settings file and restart the service. This issue is closed then.
`,
  };
}
