// What health, metrics and pages tell of parts that are made after the port on which they are told: none of them while
// it starts.
import type { BuilderPool, PoolState, Runner, WorkerState } from '@coppice/builder-runner/runner';
import type { BrokenPool } from '@coppice/config';
import { type Health, healthOf } from './http-server.ts';

export interface ServiceState {
  /** Undefined until the runner is there. */
  workers(): readonly WorkerState[] | undefined;
  /** Undefined until the pool is there. */
  builders(): PoolState | undefined;
  brokenPools(): readonly BrokenPool[];
  health(): Health;
  poolIsThere(pool: Pick<BuilderPool, 'state'>): void;
  runnerIsThere(runner: Pick<Runner, 'workers'>): void;
  /** `fault` says why GitHub cannot be asked; undefined while it answers. */
  botIsThere(fault: () => string | undefined): void;
  /** From now on builds are taken. */
  isReady(): void;
}

/** `brokenOf` says which pools cannot make builders. */
export function createServiceState(brokenOf: (state: PoolState | undefined) => readonly BrokenPool[]): ServiceState {
  let pool: Pick<BuilderPool, 'state'> | undefined;
  let runner: Pick<Runner, 'workers'> | undefined;
  let githubFault: () => string | undefined = () => undefined;
  let ready = false;
  const brokenPools = () => brokenOf(pool?.state());
  return {
    workers: () => runner?.workers(),
    builders: () => pool?.state(),
    brokenPools,
    health: () => healthOf(ready, brokenPools(), githubFault()),
    poolIsThere(made) {
      pool = made;
    },
    runnerIsThere(made) {
      runner = made;
    },
    botIsThere(fault) {
      githubFault = fault;
    },
    isReady() {
      ready = true;
    },
  };
}
