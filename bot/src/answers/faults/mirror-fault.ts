// What is told of a mirror that is behind. Pure.
import type { MirrorState } from '@coppice/builder-runner/runner';
import { code, codeBlock } from '../../reply/escape.ts';
import type { FaultReport } from './standing-faults.ts';

const key = 'mirror';
/** A mirror that is restarted is back after some tries. */
const toldAfterFailures = 3;

/** None when there is no mirror. */
export function mirrorFaults(state: MirrorState | undefined): readonly FaultReport[] {
  if (state === undefined) return [];
  const { target, fault, behindSince, files, comparedAt } = state;
  if (fault === undefined)
    return [
      comparedAt === null ? { key, state: 'unknown' } : { key, state: 'over', closing: 'The mirror has all again.' },
    ];
  if (fault.failures < toldAfterFailures) return [{ key, state: 'unknown' }];
  const changes = files === 1 ? '1 change' : `${files} changes`;
  return [
    {
      key,
      state: 'stands',
      title: 'The mirror is behind',
      body: `${code(target)} is behind since ${behindSince ?? fault.since}: it does not have ${changes}. Builds go on, and the service goes on \
trying; nothing is forgotten, also over a restart. What is taken down is still to be had from there until it can be removed.

The last failure:

${codeBlock([fault.message])}

${code('npx coppice doctor')} on the machine of the service tries it. This issue is closed when the mirror has all.
`,
    },
  ];
}
