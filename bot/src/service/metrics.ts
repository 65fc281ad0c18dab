// What `/metrics` tells Prometheus about the queue and the builds that ended since the start.
import type { Queue } from '@coppice/builder-runner/queue';
import { buildStates, combineStates } from '@coppice/config';
import { Counter, Gauge, Registry } from 'prom-client';

/** Counts from now on; the function gives the text that Prometheus reads. */
export function startMetrics(queue: Queue): () => Promise<string> {
  const registry = new Registry();
  const live = new Gauge({
    name: 'coppice_queue_builds',
    help: 'Builds in the queue by state',
    labelNames: ['state'],
    registers: [registry],
  });
  const ended = new Counter({
    name: 'coppice_chroots_ended_total',
    help: 'Chroots of builds that ended since the service started, by state and reason',
    labelNames: ['state', 'reason'],
    registers: [registry],
  });
  queue.onChange(({ build, gone }) => {
    if (!gone) return;
    for (const { state, reason } of build.chroots) ended.inc({ state, reason: reason ?? '' });
  });
  return async () => {
    const states = queue.builds().map((build) => combineStates(build.chroots.map(({ state }) => state)));
    for (const state of buildStates) live.set({ state }, states.filter((one) => one === state).length);
    return await registry.metrics();
  };
}
