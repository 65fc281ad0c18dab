// What is said to a build that no pool can serve. Pure.
import { RunnerError } from '../base/errors.ts';
import type { OpenPool } from './configured-pools.ts';
import { architectureFor } from './need.ts';
import type { BuilderNeed } from './pool.ts';

/** What is said to whom no pool can serve. Pure. */
export function noPoolFor(need: BuilderNeed, pools: readonly OpenPool[]): RunnerError {
  const labels = need.labels.length === 0 ? '' : ` with ${sayLabels(need.labels)}`;
  const kind = need.trust === 'source' ? ' that make source packages' : '';
  return new RunnerError(
    'no-builder',
    `no pool of this service has builders${kind} for ${need.chroot}${labels}; ${sayOffers(need, pools)}`,
  );
}

/** The labels are what is missing where a pool has builders but for them; else it is the architecture. */
function sayOffers(need: BuilderNeed, pools: readonly OpenPool[]): string {
  const architecture = architectureFor(need.chroot);
  const fitting = pools.filter(
    ({ offer, settings }) => offer.architectures.includes(architecture) && settings.trust.includes(need.trust),
  );
  if (need.labels.length > 0 && fitting.length > 0) {
    // By pool: one builder has to have all of them.
    const offers = fitting.map(({ offer, settings }) => {
      const offered = offer.labels.length === 0 ? 'no label' : offer.labels.toSorted().join(', ');
      return `${offered} (pool ${settings.name})`;
    });
    return `the labels that its pools offer for ${architecture}: ${offers.join('; ')}`;
  }
  const offered = [...new Set(pools.flatMap(({ offer }) => offer.architectures))].sort().join(', ');
  return `the architectures that its pools offer: ${offered}`;
}

function sayLabels(labels: readonly string[]): string {
  return `the label${labels.length === 1 ? '' : 's'} ${labels.join(', ')}`;
}
