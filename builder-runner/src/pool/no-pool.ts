// What is said to a build that no pool can serve. Pure.
import { RunnerError } from '../base/errors.ts';
import { whyNoLogins } from '../builder/driver-facts.ts';
import type { OpenPool } from './configured-pools.ts';
import { architectureFor } from './need.ts';
import type { BuilderNeed } from './pool.ts';

/** What is said to whom no pool can serve. Pure. */
export function noPoolFor(need: BuilderNeed, pools: readonly OpenPool[]): RunnerError {
  const others = need.logins === true ? poolsFor(need, pools) : [];
  if (others.length > 0) return new RunnerError('no-builder', sayNoLogins(others));
  const labels = need.labels.length === 0 ? '' : ` with ${sayLabels(need.labels)}`;
  const kind = need.trust === 'source' ? ' that make source packages' : '';
  return new RunnerError(
    'no-builder',
    `no pool of this service has builders${kind} for ${need.chroot}${labels}; ${sayOffers(need, pools)}`,
  );
}

/** Those that have such builders, whether or not somebody may log in there. */
function poolsFor(need: BuilderNeed, pools: readonly OpenPool[]): readonly OpenPool[] {
  return pools.filter(
    ({ offer, settings }) =>
      offer.architectures.includes(architectureFor(need.chroot)) &&
      settings.trust.includes(need.trust) &&
      need.labels.every((label) => offer.labels.includes(label)),
  );
}

/** By reason: several pools may have the same. */
function sayNoLogins(pools: readonly OpenPool[]): string {
  const reasons = Map.groupBy(pools, ({ facts, settings }) => whyNoLogins(facts, settings) ?? '');
  const said = [...reasons].map(
    ([why, those]) => `pool ${those.map(({ settings }) => settings.name).join(', ')}: ${why}`,
  );
  return `nobody is let into the builders of this service. ${said.join('; ')}`;
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
