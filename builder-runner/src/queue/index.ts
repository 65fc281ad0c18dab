// The gate of the queue.

export { lockFolder } from '../store/lock.ts';
export { type JournaledStore, openJournaledStore, type StoreOptions } from '../store/store.ts';
export { QueueError, type QueueErrorCode, queueErrorCodes } from '../store/store-error.ts';
export { type Limits, noLimits } from './limits.ts';
export {
  type FinalOutcome,
  type GivenNumbers,
  openQueue,
  type Queue,
  type QueueOptions,
  type Released,
} from './queue.ts';
export type { QueueChange } from './queue-state.ts';
export { type Task, whyCanceled } from './task.ts';
