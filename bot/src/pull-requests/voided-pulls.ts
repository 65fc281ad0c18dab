// Pull requests whose check says that they may be built when nobody lets them any more: it has to be said anew. Pure.
import type { ConfigRepo } from '@coppice/config';
import type { KnownPull } from '../vocabulary/known-pull.ts';
import { standingOf } from './approval.ts';

/** The numbers of those that somebody let be built under the config `before`, and nobody does under `after`. */
export function voidedPulls(pulls: readonly KnownPull[], before: ConfigRepo, after: ConfigRepo): readonly number[] {
  const waits = (pull: KnownPull, base: ConfigRepo) => standingOf(pull, base).kind === 'waiting';
  return pulls
    .filter((pull) => pull.closedAt === null && !waits(pull, before) && waits(pull, after))
    .map(({ number }) => number);
}
