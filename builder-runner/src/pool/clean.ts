// Makes a builder ready for another build of the same project: nothing of the last one is left, or the builder is not
// used again.
import { RunnerError } from '../base/errors.ts';
import { buildUserOf } from '../builder/provision.ts';
import type { Line } from '../builder/session.ts';
import type { Builder } from '../builder/spawn.ts';
import { abortable, type Connection, connectBuilder } from '../builder/ssh.ts';

/**
 * Empties the folder of builds but for the folders $2…, then looks for processes of the build user, and of users that
 * nobody knows (those inside mock's roots). What belongs to our connection does not count: its server's process $1,
 * which runs nothing that packagers wrote (builds run detached from it), its ancestors and all below it. Connections
 * that have just been closed get some seconds.
 */
const cleanScript = `
cd || exit 1
server=$1
shift
mkdir -p builds || exit 1
cd builds || exit 1
for each in * .[!.]*; do
  [ -e "$each" ] || [ -L "$each" ] || continue
  for kept in "$@"; do [ "$each" = "$kept" ] && continue 2; done
  chmod -R u+rwX -- "$each" 2>/dev/null
  rm -rf -- "$each"
done
user=$(id -un)
tries=0
while [ $tries -lt 60 ]; do
  left=$(ps -eo pid=,ppid=,user:40=,stat=,args= | awk -v server="$server" -v user="$user" '
    { parent[$1] = $2; owner[$1] = $3; dead[$1] = ($4 ~ /^Z/); line[$1] = $0 }
    END {
      for (pid = server; pid in parent && !(pid in own); pid = parent[pid]) own[pid] = 1
      for (pid in parent) {
        if (dead[pid] || (pid in own)) continue
        for (up = pid; up in parent && up != server && up > 1; up = parent[up]);
        if (up == server) continue
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

/** For a connection of which nobody noted which process serves it: the nearest `sshd` above the shell. */
const ownServer = `
pid=$$
while [ "$pid" -gt 1 ]; do
  case $(cat "/proc/$pid/comm") in sshd*) break ;; esac
  pid=$(sed 's/.*) //' "/proc/$pid/stat" | cut -d' ' -f2)
done
set -- "$pid"
`;

const cleanSeconds = 60;

/**
 * Looks for what the last build left, through the builder's line if it has one. True when the builder is clean; false
 * when processes were found. Throws RunnerError when it does not answer, or the reason of the abort.
 */
export async function cleanBuilder(builder: Builder, line: Line | undefined, signal: AbortSignal): Promise<boolean> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(cleanSeconds * 1000)]);
  if (line !== undefined) {
    const { connection, serverPid } = line.present();
    return await cleanThrough(connection, cleanScript, [String(serverPid), ...line.folders], limit);
  }
  const connection = await connectBuilder(builder, buildUserOf(builder), limit);
  try {
    return await cleanThrough(connection, `${ownServer}${cleanScript}`, [], limit);
  } finally {
    connection.close();
  }
}

const sweepScript = `
cd && cd builds || exit 1
chmod -R u+rwX -- "$@" 2>/dev/null
rm -rf -- "$@"
`;

/**
 * Removes the folders of builds that are over, by their names: another build may be about to make its own. Throws as
 * `cleanBuilder`.
 */
export async function sweepBuilder(line: Line, signal: AbortSignal): Promise<void> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(cleanSeconds * 1000)]);
  const names = line.takeLeft();
  if (names.length > 0) await cleanThrough(line.present().connection, sweepScript, names, limit);
}

async function cleanThrough(
  { run }: Connection,
  script: string,
  words: readonly string[],
  limit: AbortSignal,
): Promise<boolean> {
  const { exitCode, stderr } = await abortable(limit, run(['sh', '-c', script, 'sh', ...words]));
  if (exitCode === 0) return true;
  if (exitCode === 3) return false;
  throw new RunnerError('builder', `the builder could not be cleaned: ${stderr.slice(0, 500)}`);
}
