// The way of a builder back into its pool: nobody has it any more, nothing of the last build is left on it, or it is
// ended.
import { describeError } from '../base/errors.ts';
import { sweepBuilder } from './clean.ts';
import type { Fleet } from './fleet.ts';
import { cleaned, fetched, givenBack, notedAsBack } from './transitions.ts';

/** See `Lease.release`. Resolves when the builder is cared for; never rejects. */
export async function giveBack(
  fleet: Fleet,
  name: string,
  how: 'reuse' | 'end',
  results: Promise<'fetched' | 'left'> | undefined,
): Promise<void> {
  const settled = results?.catch(() => 'failed' as const);
  if (fleet.get(name) === undefined) return;
  const back = fleet.become(name, (pooled) => givenBack(pooled, { how, isFetching: settled !== undefined }));
  if (settled !== undefined) watch(fleet, name, settled);
  if (back.holders > 0) return;
  if (back.state !== 'cleaning') return await fleet.end(name);
  fleet.emit('change');
  if (back.isDoubtful) return await endAfterFetching(fleet, name);
  await clean(fleet, name);
}

async function clean(fleet: Fleet, name: string): Promise<void> {
  try {
    if (!(await isClean(fleet, name))) {
      fleet.log('warn', `builder ${name} is not used again: processes of the last build were left on it`);
      return await endAfterFetching(fleet, name);
    }
    if (fleet.get(name)?.state !== 'cleaning') return await fleet.end(name);
    fleet.become(name, notedAsBack);
    await fleet.write(name);
  } catch (error) {
    const pooled = fleet.get(name);
    if (pooled?.hasLeft === true) return; // the service ends, and its connections with it
    if (pooled?.state === 'cleaning') fleet.log('warn', `builder ${name} is not used again: ${describeError(error)}`);
    return await fleet.end(name);
  }
  const pooled = fleet.get(name);
  if (pooled?.state !== 'cleaning' || pooled.isDoubtful) return await fleet.end(name);
  fleet.become(name, (one) => cleaned(one, fleet.now()));
  fleet.emit('change');
}

async function isClean(fleet: Fleet, name: string): Promise<boolean> {
  const builder = fleet.get(name)?.builder;
  const { connection, abort } = fleet.parts(name);
  return builder !== undefined && (await fleet.operations.clean(builder, connection.line, abort.signal));
}

/** Results that are on their way have their own limit of time. */
async function endAfterFetching(fleet: Fleet, name: string): Promise<void> {
  if (fleet.get(name) !== undefined) await Promise.allSettled(fleet.parts(name).fetching);
  await fleet.end(name);
}

/**
 * Until the results are here nobody ends the builder for want of room; when they cannot be had, nobody gets it any
 * more.
 */
function watch(fleet: Fleet, name: string, settled: Promise<'fetched' | 'left' | 'failed'>): void {
  const running = fleet.parts(name).fetching;
  const noted = settled.then((end) => {
    running.delete(noted);
    if (fleet.get(name) === undefined) return;
    const pooled = fleet.become(name, (one) => fetched(one, end));
    if (pooled.state !== 'idle' || pooled.hasLeft) return;
    void (pooled.isDoubtful ? fleet.end(name) : tidy(fleet, name));
  });
  running.add(noted);
}

/** Removes what the fetched build had on a builder that nobody has got meanwhile. */
async function tidy(fleet: Fleet, name: string): Promise<void> {
  const isIdle = () => fleet.get(name)?.state === 'idle';
  try {
    const { connection, abort } = fleet.parts(name);
    if (connection.line !== undefined) await sweepBuilder(connection.line, abort.signal);
    if (!isIdle()) return; // who has it now tidies after himself
    fleet.become(name, notedAsBack);
    await fleet.write(name);
    fleet.emit('change');
  } catch (error) {
    if (!isIdle()) return;
    fleet.log('warn', `builder ${name} is not used again: ${describeError(error)}`);
    await fleet.end(name);
  }
}
