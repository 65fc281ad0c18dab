// A builder on which a build leaves its own user nothing: told apart from one that is gone.
import type { Builder } from './spawn.ts';
import { abortable, connectBuilder } from './ssh.ts';

/** For connecting, and for a command that takes no time. */
const patienceSeconds = 20;

/**
 * True when `user` can do nothing on the builder while the user who sets it up can, before and after: the builder and
 * the way to it are sound, and whatever `user` runs there ends its sessions (a loop of `kill -1`, processes without
 * number, a shell that never answers). False also where both are one user, and when anything else is the matter. Throws
 * the reason of the abort.
 */
export async function isShutOut(
  builder: Builder,
  user: string,
  signal: AbortSignal,
  seconds = patienceSeconds,
): Promise<boolean> {
  const owner = builder.instance.user;
  if (owner === user) return false;
  for (const [who, isLetIn] of [
    [owner, true],
    [user, false],
    [owner, true],
  ] as const) {
    if ((await canRun(builder, who, signal, seconds)) !== isLetIn) return false;
  }
  return true;
}

async function canRun(builder: Builder, user: string, signal: AbortSignal, seconds: number): Promise<boolean> {
  try {
    const connection = await connectBuilder(builder, user, signal, seconds);
    try {
      const ends = AbortSignal.any([signal, AbortSignal.timeout(seconds * 1000)]);
      await abortable(ends, connection.must(['true']));
      return true;
    } finally {
      connection.close();
    }
  } catch {
    signal.throwIfAborted();
    return false;
  }
}
