// Requests that could never end are refused at the door.
import type { BuildRequest } from '@coppice/config';
import { QueueError } from '../store/store-error.ts';

/**
 * Throws QueueError `invalid` unless every request has chroots, each once, and waits only for earlier requests of the list and for builds
 * that have a number already (so that nothing can wait for itself).
 */
export function assertQueueable(requests: readonly BuildRequest[], lastId: number): void {
  requests.forEach((request, index) => {
    const refuse = (why: string) => {
      const name = `${request.owner}/${request.project}/${request.package}`;
      return new QueueError('invalid', `Request ${index} (${name}) cannot be queued: ${why}.`);
    };
    if (request.chroots.length === 0) throw refuse('it names no chroot');
    if (new Set(request.chroots.map(({ chroot }) => chroot)).size < request.chroots.length) {
      throw refuse('it names a chroot twice');
    }
    if (!request.after.every((other) => Number.isInteger(other) && other >= 0 && other < index)) {
      throw refuse('it waits for a request that does not stand before it');
    }
    if (!request.afterBuilds.every((id) => Number.isInteger(id) && id > 0 && id <= lastId)) {
      throw refuse('it waits for a build that does not exist');
    }
  });
}
