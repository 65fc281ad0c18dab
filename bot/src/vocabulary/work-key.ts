// What makes two deliveries the same work. GitHub's delivery id does not: what a webhook tells may have been found before it came.
import type { Job } from './bot-state.ts';

/** The name of the work that a job is, the same however and however often it is heard of. Pure. */
export function workKey(deliveryId: string, job: Job): string {
  switch (job.kind) {
    case 'comment':
      return `comment/${job.comment}`;
    case 'push':
      return `push/${job.commit}`;
    default:
      return deliveryId;
  }
}
