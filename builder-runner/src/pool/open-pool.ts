// Opens the pool of builders that the settings describe.
import type { Settings } from '@coppice/config';
import { type BuilderOperations, playbookOperations } from './builder-operations.ts';
import { type OpenPool, openSource } from './configured-pools.ts';
import { PoolKeeper } from './keeper.ts';
import type { BuilderPool, PoolOptions } from './pool.ts';

/**
 * Takes up the builders that are kept for somebody; ends nothing before `reap`. Throws RunnerError `spawn` when a
 * driver's facts are not good.
 */
export async function openPool(options: PoolOptions): Promise<BuilderPool> {
  let settings = options.settings;
  return await openPoolWith({
    ...options,
    operations: playbookOperations({ ...options, controlPort: options.controlPort, settings: () => settings }),
    onSettings: (next) => {
      settings = next;
    },
  });
}

/** As `openPool`, with other operations: for tests of what the pool does when those fail. */
export async function openPoolWith(
  options: PoolOptions & { readonly operations: BuilderOperations; readonly onSettings?: (settings: Settings) => void },
): Promise<BuilderPool> {
  const pools: OpenPool[] = [];
  for (const one of options.settings.builders.pools) pools.push(await openSource(one));
  const keeper = new PoolKeeper(options, pools);
  await keeper.takeUpKept();
  return {
    take: (need, signal, onStage, onNear) => keeper.take(need, signal, onStage, onNear),
    expect: (need) => keeper.expect(need),
    adopt: (name, need) => keeper.adopt(name, need),
    isKept: (name) => keeper.isKept(name),
    endKept: (name) => keeper.endKept(name),
    reap: () => keeper.reap(),
    resize: (settings) => {
      options.onSettings?.(settings);
      keeper.resize(settings);
    },
    state: () => keeper.state(),
    stop: (how) => keeper.stop(how),
  };
}
