// What is told of programs that get events: which of them take none. Pure.
import type { HookState } from '@coppice/builder-runner/runner';
import { code, codeBlock } from '../../reply/escape.ts';
import type { FaultReport } from './standing-faults.ts';

/** One report for each receiver. */
export function hookFaults(hooks: readonly HookState[]): readonly FaultReport[] {
  return hooks.map(({ key: name, host, takenAt, fault }): FaultReport => {
    const key = `webhook/${name}`;
    if (fault === undefined) {
      if (takenAt === undefined) return { key, state: 'unknown' };
      return { key, state: 'over', closing: `It takes events again: the last one at ${takenAt}.` };
    }
    return {
      key,
      state: 'stands',
      title: `A webhook is not taken: ${host}`,
      body: `The receiver at ${code(host)} has taken no event since ${fault.since}. Builds go on; each event is sent again for a day, then left out.

The last failure:

${codeBlock([fault.message])}

Its address is in the settings of the service (${code('webhooks')}). This issue is closed when it takes one.
`,
    };
  });
}
