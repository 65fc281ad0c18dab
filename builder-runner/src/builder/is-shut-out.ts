// A builder on which a build leaves its own user nothing: told apart from one that is gone.
import type { Builder } from './spawn.ts';
import { connectBuilder } from './ssh.ts';

const connectSeconds = 20;

/**
 * True when `user` can do nothing on the builder while the user who sets it up can, before and after: the builder and
 * the way to it are sound, and whatever `user` runs there ends its sessions (a loop of `kill -1`, processes without
 * number). False also where both are one user, and when anything else is the matter. Throws the reason of the abort.
 */
export async function isShutOut(builder: Builder, user: string, signal: AbortSignal): Promise<boolean> {
  const owner = builder.instance.user;
  if (owner === user) return false;
  for (const [who, isLetIn] of [
    [owner, true],
    [user, false],
    [owner, true],
  ] as const) {
    if ((await canRun(builder, who, signal)) !== isLetIn) return false;
  }
  return true;
}

async function canRun(builder: Builder, user: string, signal: AbortSignal): Promise<boolean> {
  try {
    const connection = await connectBuilder(builder, user, signal, connectSeconds);
    try {
      await connection.must(['true']);
      return true;
    } finally {
      connection.close();
    }
  } catch {
    signal.throwIfAborted();
    return false;
  }
}
