// What a pool does to builders: makes, cleans, lists and ends them. Everything that takes time and can fail.
import { mkdir } from 'node:fs/promises';
import type { ChrootName } from '@coppice/config';
import { RunnerError } from '../base/errors.ts';
import { keepFailedLog } from '../builder/failed-logs.ts';
import { PlaybookOutput } from '../builder/playbook.ts';
import { provisionBuilder } from '../builder/provision.ts';
import type { Line } from '../builder/session.ts';
import {
  type Builder,
  type BuilderSource,
  builderFolder,
  type Driver,
  listBuilders,
  spawnBuilder,
  terminateBuilder,
} from '../builder/spawn.ts';
import { cleanBuilder } from './clean.ts';
import { openReadyRoots, type ReadyRootsOptions } from './ready-roots.ts';
import { type BuilderRecord, writeRecord } from './records.ts';

export interface MakePlan {
  readonly name: string;
  readonly chroot: ChrootName;
  readonly source: BuilderSource;
  /** Somebody waits for just this one. */
  readonly isAwaited: boolean;
  /** As it is written down while the builder is made. */
  readonly record: BuilderRecord;
}

export type MakingStage = 'spawn' | 'provision';

/** What a pool does to builders. Faults are RunnerErrors. */
export interface BuilderOperations {
  /** A provisioned builder, and its record. Whatever happens, `end` has to be called for the name some day. */
  make(
    plan: MakePlan,
    signal: AbortSignal,
    onStage: (stage: MakingStage) => void,
  ): Promise<{ readonly builder: Builder; readonly record: BuilderRecord }>;
  write(name: string, record: BuilderRecord): Promise<void>;
  /** True when nothing of the last build is left on the builder, through its line if it has one. */
  clean(builder: Builder, line: Line | undefined, signal: AbortSignal): Promise<boolean>;
  /** Ends the builder of this name, also one that is half made or gone. */
  end(name: string, source: BuilderSource): Promise<void>;
  /** Names of this service's builders, as the driver lists them. */
  list(source: BuilderSource): Promise<readonly string[]>;
}

interface OperationsOptions extends Omit<ReadyRootsOptions, 'controlPort'> {
  /** Undefined: builders' base roots are left to their first builds. */
  readonly controlPort: number | undefined;
}

/** By playbooks and SSH. `settings` is asked each time: it may change while the service runs. */
export function playbookOperations(options: OperationsOptions): BuilderOperations {
  const { home, settings, controlPort } = options;
  const readyRoots = controlPort === undefined ? undefined : openReadyRoots({ ...options, controlPort });
  const driverOf = (source: BuilderSource): Driver => ({ home, settings: settings(), source });
  return {
    async make(plan, signal, onStage) {
      try {
        return await makeBuilder(plan, signal, onStage);
      } catch (error) {
        if (!signal.aborted) await keepLogOf(plan.name, error);
        throw error;
      }
    },
    write: (name, record) => writeRecord(home, name, record),
    clean: cleanBuilder,
    end: (name, source) => terminateBuilder(driverOf(source), name),
    list: (source) => listBuilders(driverOf(source)),
  };

  /** Of a builder whose playbooks failed: its own folder is about to go. */
  async function keepLogOf(name: string, error: unknown): Promise<void> {
    if (!(error instanceof RunnerError && error.cause instanceof PlaybookOutput)) return;
    const file = await keepFailedLog(home, name, `${error.message}\n\n${error.cause.output}`, new Date());
    if (file !== undefined) options.log('warn', `what was said while the builder ${name} was made is in ${file}`);
  }

  async function makeBuilder(plan: MakePlan, signal: AbortSignal, onStage: (stage: MakingStage) => void) {
    const { name, source, chroot } = plan;
    await mkdir(builderFolder(home, name), { recursive: true, mode: 0o700 });
    await writeRecord(home, name, plan.record);
    onStage('spawn');
    const builder = await spawnBuilder(driverOf(source), name, chroot, signal);
    const spawned = { ...plan.record, publicKey: builder.publicKey };
    await writeRecord(home, name, spawned);
    onStage('provision');
    await provisionBuilder(driverOf(source), builder, signal);
    // Here and nowhere later: what a driver keeps of a builder that somebody has had could carry one project's work
    // into another's.
    await readyRoots?.(driverOf(source), { builder, isAwaited: plan.isAwaited }, signal);
    const record = { ...spawned, provisioned: true };
    await writeRecord(home, name, record);
    return { builder, record };
  }
}

/** What could not be done, as a RunnerError: anything else that making a builder throws is a fault of this machine. */
export function asSpawnFault(error: unknown): RunnerError {
  if (error instanceof RunnerError) return error;
  return new RunnerError('spawn', error instanceof Error ? error.message : String(error), { cause: error });
}
