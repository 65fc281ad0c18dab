// The gate of the queue.
export { QueueError, type QueueErrorCode, queueErrorCodes } from './errors.ts';
export { type Limits, noLimits } from './limits.ts';
export { type FinalOutcome, openQueue, type Queue, type QueueOptions, type Released } from './queue.ts';
export type { QueueChange } from './queue-state.ts';
export { type JournaledStore, openJournaledStore, type StoreOptions } from './store.ts';
export type { Task } from './task.ts';
