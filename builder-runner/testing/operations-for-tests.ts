// Builders that exist in memory alone, for tests of what happens around a pool.
import type { ChrootName } from '@coppice/config';
import { thisMachine } from '../src/builder/driver-facts.ts';
import type { Builder } from '../src/builder/spawn.ts';
import type { BuilderOperations } from '../src/pool/builder-operations.ts';

/** A chroot that every pool on this machine serves. */
export const machineChroot = `sapling-12-${thisMachine()}` as ChrootName;

/** Makes every builder at once, with these parts, and writes the names of those that are ended into `ended`. */
export function operationsForTests(parts: Partial<Builder> = {}, ended: string[] = []): BuilderOperations {
  return {
    make: async (plan) => ({
      builder: { name: plan.name, chroot: machineChroot, ...parts } as Builder,
      record: { ...plan.record, provisioned: true },
    }),
    write: async () => undefined,
    clean: async () => true,
    end: async (name) => void ended.push(name),
    list: async () => [],
  };
}
