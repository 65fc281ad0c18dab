// What health, metrics and pages tell of parts that are made after the port on which they are told: none of them while
// it starts.
import type { BuilderPool, MirrorState, PoolState, Runner, WorkerState } from '@coppice/builder-runner/runner';
import type { BrokenPool, Policy, PoolJson, ServiceJson } from '@coppice/config';
import { type Health, healthOf, type MirrorHealth } from './http-server.ts';

export interface ServiceState {
  /** Undefined until the runner is there. */
  workers(): readonly WorkerState[] | undefined;
  /** Undefined until the pool is there. */
  builders(): PoolState | undefined;
  /** Undefined when there is no mirror. */
  mirror(): MirrorState | undefined;
  brokenPools(): readonly BrokenPool[];
  /** What everybody may know of it; `limits` are those of the policy. */
  described(limits: Policy['limits'] | undefined): ServiceJson;
  health(): Health;
  poolIsThere(pool: Pick<BuilderPool, 'state'>): void;
  runnerIsThere(runner: Pick<Runner, 'workers'>): void;
  mirrorIsThere(state: () => MirrorState): void;
  /** `fault` says why GitHub cannot be asked; undefined while it answers. */
  botIsThere(fault: () => string | undefined): void;
  /** From now on builds are taken. */
  isReady(): void;
}

/** `brokenOf` says which pools cannot make builders, `fullNow` which folders of the home have too little room. */
export function createServiceState(
  brokenOf: (state: PoolState | undefined) => readonly BrokenPool[],
  fullNow: () => readonly string[] = () => [],
): ServiceState {
  let pool: Pick<BuilderPool, 'state'> | undefined;
  let runner: Pick<Runner, 'workers'> | undefined;
  let mirrorState: () => MirrorState | undefined = () => undefined;
  let githubFault: () => string | undefined = () => undefined;
  let ready = false;
  const brokenPools = () => brokenOf(pool?.state());
  return {
    workers: () => runner?.workers(),
    builders: () => pool?.state(),
    mirror: () => mirrorState(),
    brokenPools,
    described: (limits) => ({
      pools: (pool?.state().pools ?? []).map(poolJson),
      limits: limitsJson(limits),
      mirror: mirrorJson(mirrorState()),
      github: githubFault() === undefined,
    }),
    health: () => healthOf(ready, brokenPools(), githubFault(), mirrorHealth(mirrorState()), fullNow()),
    poolIsThere(made) {
      pool = made;
    },
    runnerIsThere(made) {
      runner = made;
    },
    mirrorIsThere(state) {
      mirrorState = state;
    },
    botIsThere(fault) {
      githubFault = fault;
    },
    isReady() {
      ready = true;
    },
  };
}

/** A mirror that fails is told of; one that is at work is not. */
function mirrorHealth(state: MirrorState | undefined): MirrorHealth | undefined {
  if (state?.fault === undefined) return undefined;
  const { behindSince, files, fault } = state;
  return { behindSince: behindSince ?? fault.since, files };
}

/** The driver by its name alone: where it lies is nobody's business. */
function poolJson({ driver, architectures, labels, madeAt, fault, ...pool }: PoolState['pools'][number]): PoolJson {
  return {
    ...pool,
    driver: driver.slice(driver.lastIndexOf('/') + 1),
    architectures: [...architectures],
    labels: [...labels],
    madeAt: madeAt ?? null,
    fault: fault === undefined ? null : { since: fault.since, failures: fault.failures, retryAt: fault.retryAt },
  };
}

function limitsJson(limits: Policy['limits'] | undefined): ServiceJson['limits'] {
  return {
    perOwner: limits?.perOwner ?? null,
    perChroot: Object.fromEntries(limits?.perChroot ?? []),
    perArchitecture: Object.fromEntries(limits?.perArchitecture ?? []),
  };
}

/** A mirror that is at work is not behind. */
function mirrorJson(state: MirrorState | undefined): ServiceJson['mirror'] {
  if (state === undefined) return null;
  const health = mirrorHealth(state);
  return { behindSince: health?.behindSince ?? null, files: health?.files ?? 0 };
}
