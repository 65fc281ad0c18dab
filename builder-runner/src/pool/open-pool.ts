// Opens the pools of builders that the settings describe.
import { type BuilderOperations, playbookOperations } from './builder-operations.ts';
import { ConfiguredPools, readPools } from './configured-pools.ts';
import { PoolKeeper } from './keeper.ts';
import type { BuilderPool, PoolOptions } from './pool.ts';

/**
 * Takes up the builders that are kept for somebody; ends nothing before `reap`. Throws RunnerError `spawn` when a
 * driver's facts are not good.
 */
export async function openPool(options: PoolOptions): Promise<BuilderPool> {
  const pools = await configuredPools(options);
  const { controlPort } = options;
  return await keep(options, playbookOperations({ ...options, controlPort, settings: () => pools.settings }), pools);
}

/** As `openPool`, with other operations: for tests of what the pool does when those fail. */
export async function openPoolWith(
  options: PoolOptions & { readonly operations: BuilderOperations },
): Promise<BuilderPool> {
  return await keep(options, options.operations, await configuredPools(options));
}

async function configuredPools({ settings, log, now }: PoolOptions): Promise<ConfiguredPools> {
  return new ConfiguredPools(settings, await readPools(settings), { log, now: () => now().getTime() });
}

async function keep(options: PoolOptions, operations: BuilderOperations, pools: ConfiguredPools): Promise<BuilderPool> {
  const keeper = new PoolKeeper({ ...options, operations }, pools);
  await keeper.takeUpKept();
  return keeper;
}
