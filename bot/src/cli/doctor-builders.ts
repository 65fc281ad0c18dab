// What builders on this machine can have of its kernel: users of their own, and bounds of memory and processes.
import { fileURLToPath } from 'node:url';
import type { Settings } from '@coppice/config';
import { execa } from 'execa';
import { z } from 'zod';
import { describe } from '../service/log.ts';
import { broken, type Finding, good } from './doctor-finding.ts';

const program = fileURLToPath(new URL('../../../ansible/drivers/local/files/local-builder', import.meta.url));
const what = 'local builders';

/** Each null when builders can have it, else why not. */
const examinedSchema = z.object({ users: z.string().nullable(), groups: z.string().nullable() });

/** None where no pool makes builders on this machine. */
export async function localBuildersFindings(settings: Settings): Promise<readonly Finding[]> {
  if (!settings.builders.pools.some(({ driver }) => driver === 'local')) return [];
  try {
    const { stdout } = await execa(program, ['examine'], { stdin: 'ignore', timeout: 60_000 });
    return [describeLocalBuilders(examinedSchema.parse(JSON.parse(stdout)))];
  } catch (error) {
    const fix = 'see whether python3 is there and the installation is complete';
    return [broken(what, `cannot tell what they can have: ${describe(error)}`, fix)];
  }
}

/** Builders work without either, so neither is broken: what that means is said. Pure. */
export function describeLocalBuilders({ users, groups }: z.infer<typeof examinedSchema>): Finding {
  const user =
    users === null
      ? "a builder's root is nobody on this machine"
      : `a builder's root is root of this machine (${users}): let only those build whom you would let log in here as root`;
  const bound =
    groups === null
      ? 'control groups bound the memory and processes of each and of all'
      : `no control groups bound their memory (${groups}): a build's disk is at most an eighth of this machine's memory, ` +
        'and each user of a builder has a quarter of the usual processes';
  return good(what, `${user}; ${bound}`);
}
