// What is told of the pools of builders: which of them cannot make any. Pure.
import type { PoolState } from '@coppice/builder-runner/runner';
import type { BrokenPool } from '@coppice/config';
import { code, codeBlock } from '../../reply/escape.ts';
import type { FaultReport } from './standing-faults.ts';

/** One report for each pool. Its names are the operator's own, the message is what a playbook printed. */
export function poolFaults({ pools }: PoolState): readonly FaultReport[] {
  return pools.map((pool): FaultReport => {
    const key = `pool/${pool.name}`;
    const { fault } = pool;
    if (fault === undefined) {
      if (pool.madeAt === undefined) return { key, state: 'unknown' };
      return { key, state: 'over', closing: `Builders can be made again: the last one at ${pool.madeAt}.` };
    }
    return {
      key,
      state: 'stands',
      title: `Builders cannot be made: pool ${pool.name}, driver ${driverName(pool.driver)}`,
      body: `The pool ${code(pool.name)} (driver ${code(pool.driver)}) has failed to make a builder ${fault.failures} times in a row since \
${fault.since}. Builds that need it wait, unless another pool of the settings serves them; nothing of this is told as a package's fault.

The last failure:

${codeBlock([fault.message])}

One builder is tried again at ${fault.retryAt}. This issue is closed when one could be made. \
The service's log has each failure; ${code('coppice doctor')} looks for what is missing on the control host.
`,
    };
  });
}

/**
 * The pools that cannot make builders, as everybody may know it: what a playbook printed is left out. None while there
 * is no state yet.
 */
export function brokenPools(state: PoolState | undefined): readonly BrokenPool[] {
  return (state?.pools ?? []).flatMap(({ name, fault }) =>
    fault === undefined ? [] : [{ name, since: fault.since, failures: fault.failures, retryAt: fault.retryAt }],
  );
}

function driverName(driver: string): string {
  return driver.split('/').findLast((part) => part !== '') ?? driver;
}
