// What `/metrics` tells Prometheus about the queue, the workers, the builders, and the builds that ended since the
// start.
import type { Queue } from '@coppice/builder-runner/queue';
import type { MirrorState, PoolState, WorkerState } from '@coppice/builder-runner/runner';
import { buildStates, combineStates } from '@coppice/config';
import { Counter, Gauge, Registry } from 'prom-client';

/** What is asked for each answer; undefined while the service starts. */
export interface MetricsSources {
  readonly workers: () => readonly WorkerState[] | undefined;
  readonly builders: () => PoolState | undefined;
  readonly mirror: () => MirrorState | undefined;
}

/** Counts from now on; the function gives the text that Prometheus reads. */
export function startMetrics(queue: Queue, sources: MetricsSources): () => Promise<string> {
  const registry = new Registry();
  const gauge = <L extends string>(name: string, help: string, labelNames: readonly L[]) =>
    new Gauge({ name, help, labelNames: [...labelNames], registers: [registry] });
  const live = gauge('coppice_queue_builds', 'Builds in the queue by state', ['state']);
  const workers = gauge('coppice_workers', 'Workers by what they do', ['state']);
  const builders = gauge('coppice_builders', 'Builders by pool and state', ['pool', 'state']);
  const most = gauge('coppice_builders_max', 'Builders that a pool may have', ['pool']);
  const broken = gauge('coppice_pool_broken', '1 while no builders can be made in the pool', ['pool']);
  const waiting = gauge('coppice_builder_needs_waiting', 'Tasks that wait for a builder', []);
  const mirrorFiles = gauge('coppice_mirror_behind_changes', 'Changes that the mirror does not have', []);
  const mirrorSince = gauge(
    'coppice_mirror_behind_seconds',
    'Age of the oldest change that the mirror does not have',
    [],
  );
  const mirrorFailures = gauge('coppice_mirror_failures', 'Failures of the mirror in a row', []);
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
  const tellPools = (state: PoolState) => {
    for (const one of [builders, most, broken]) one.reset(); // pools that are not in the settings any more
    for (const { name: pool, max, builders: counts, fault } of state.pools) {
      for (const [state, count] of Object.entries(counts)) builders.set({ pool, state }, count);
      most.set({ pool }, max);
      broken.set({ pool }, fault === undefined ? 0 : 1);
    }
    waiting.set(state.waiting);
  };
  const tellMirror = ({ files, behindSince, fault }: MirrorState) => {
    mirrorFiles.set(files);
    mirrorSince.set(behindSince === null ? 0 : Math.max(0, (Date.now() - Date.parse(behindSince)) / 1000));
    mirrorFailures.set(fault?.failures ?? 0);
  };
  return async () => {
    const states = queue.builds().map((build) => combineStates(build.chroots.map(({ state }) => state)));
    for (const state of buildStates) live.set({ state }, states.filter((one) => one === state).length);
    const workerStates = sources.workers() ?? [];
    const idle = workerStates.filter(({ task }) => task === null).length;
    workers.set({ state: 'idle' }, idle);
    workers.set({ state: 'working' }, workerStates.length - idle);
    const pools = sources.builders();
    if (pools !== undefined) tellPools(pools);
    const mirror = sources.mirror();
    if (mirror !== undefined) tellMirror(mirror);
    return await registry.metrics();
  };
}
