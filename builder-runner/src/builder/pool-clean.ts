// Makes a builder ready for another build of the same project: nothing of the last one is left, or the builder is not used again.
import { RunnerError } from '../errors.ts';
import { buildUserOf } from './provision.ts';
import type { Builder } from './spawn.ts';
import { type Connection, connectBuilder } from './ssh.ts';

/**
 * Empties the folder of builds, then looks for processes of the build user, and of users that nobody knows (those inside mock's
 * roots). This session's own do not count: its ancestors and what it starts. Sessions that have just been closed get some seconds.
 */
const script = `
cd || exit 1
if [ -d builds ]; then chmod -R u+rwX builds 2>/dev/null; rm -rf builds; fi
mkdir -p builds || exit 1
user=$(id -un)
tries=0
while [ $tries -lt 60 ]; do
  left=$(ps -eo pid=,ppid=,user:40=,stat=,args= | awk -v me=$$ -v user="$user" '
    { parent[$1] = $2; owner[$1] = $3; dead[$1] = ($4 ~ /^Z/); line[$1] = $0 }
    END {
      for (pid = me; pid in parent && !(pid in own); pid = parent[pid]) own[pid] = 1
      for (pid in parent) {
        if (dead[pid] || (pid in own)) continue
        for (up = pid; up in parent && up != me && up > 1; up = parent[up]);
        if (up == me) continue
        if (owner[pid] == user || owner[pid] ~ /^[0-9]+$/) print line[pid]
      }
    }') || exit 1
  [ -z "$left" ] && exit 0
  tries=$((tries + 1))
  sleep 0.05
done
echo "$left"
exit 3
`;

const cleanSeconds = 60;

/** Somebody who stands by to clean one builder. */
export interface Cleaner {
  /** True when the builder is clean. False when processes were found; throws RunnerError when it does not answer. */
  clean(signal: AbortSignal): Promise<boolean>;
  close(): void;
}

/**
 * Connects at once, while the builder is used: the next build need not wait for that. A connection that is lost, or that could not be
 * made, is made when it is needed.
 */
export function openCleaner(builder: Builder): Cleaner {
  const closing = new AbortController();
  let connection: Promise<Connection> | undefined;
  const connect = (): Promise<Connection> => {
    if (connection === undefined) {
      const opened = connectBuilder(builder, buildUserOf(builder), closing.signal);
      connection = opened;
      const forget = () => {
        if (connection === opened) connection = undefined;
      };
      opened.then(({ lost }) => lost).catch(forget);
    }
    return connection;
  };
  connect().catch(() => undefined); // whoever cleans hears of it
  return {
    async clean(signal) {
      const limit = AbortSignal.any([signal, closing.signal, AbortSignal.timeout(cleanSeconds * 1000)]);
      const { run } = await Promise.race([connect(), abortOf(limit)]);
      const { exitCode, stderr } = await Promise.race([run(['sh', '-c', script]), abortOf(limit)]);
      if (exitCode === 0) return true;
      if (exitCode === 3) return false;
      throw new RunnerError('builder', `the builder could not be cleaned: ${stderr.slice(0, 500)}`);
    },
    close() {
      const opened = connection;
      closing.abort(new RunnerError('lost', `the builder ${builder.name} was ended`));
      opened?.then((open) => open.close()).catch(() => undefined); // there is nothing to close then
    },
  };
}

function abortOf(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}
