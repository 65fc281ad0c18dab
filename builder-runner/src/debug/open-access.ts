// Prepares a builder for a debug session: runs the build again, keeps its root, and installs the SSH keys of the person
// who asked. No result of that build is collected.
import { createHash } from 'node:crypto';
import { RunnerError } from '../base/errors.ts';
import { buildUserOf } from '../builder/provision.ts';
import { runDetached } from '../builder/run-detached.ts';
import { openLine, type Session } from '../builder/session.ts';
import { leaseSeconds } from '../chroot-build/need.ts';
import { folderName, remoteSrpm, uploadBuild } from '../chroot-build/upload-build.ts';
import type { RunnerContext } from '../context/runner-context.ts';
import { withBaseRoot } from '../mock/base-root.ts';
import { mockCommand } from '../mock/mock-command.ts';
import type { LeasedBuilder } from '../pool/pool.ts';
import type { DebugAccess, DebugSession } from './debug-state.ts';

/** Builds, and gives the way in, which is open for `openSeconds`. Throws RunnerError, or the reason of the abort. */
export async function openAccess(
  context: RunnerContext,
  debug: DebugSession,
  builder: LeasedBuilder,
  openSeconds: number,
  signal: AbortSignal,
): Promise<DebugAccess> {
  const { build } = debug;
  const chroot = build.chroots.find((each) => each.chroot === debug.chroot);
  const user = buildUserOf(builder);
  // Who may log in there could do all that the service may.
  if (user !== 'mockbuild' || chroot === undefined) {
    throw new RunnerError('builder', 'the builders of this service are its own account, into which nobody else is let');
  }
  const { reconnectSeconds } = context.settings.builders;
  const warn = (message: string) => context.log('warn', message, { debug: debug.id, builder: builder.name });
  const { controlPort } = context;
  const project = `${build.owner}/${build.project}`;
  const line = await openLine({ builder, user, controlPort, project, reconnectSeconds, resumes: false, signal });
  try {
    const session = line.session(warn);
    const folder = session.useFolder(folderName(build, chroot));
    const upload = { context, build, chroot, session, builderHasNetwork: builder.network, keepsRoot: true };
    const end = await runDetached({
      session,
      folder,
      prepare: (connection) => uploadBuild(upload, connection, folder),
      argv: withBaseRoot(
        folder,
        mockCommand({
          config: `${folder}/build.cfg`,
          resultFolder: `${folder}/result`,
          srpm: await remoteSrpm(upload, folder),
          keepRoot: true,
        }),
      ),
      seconds: leaseSeconds(build),
      isNew: true,
      now: context.now,
      signal,
    });
    const until = new Date(context.now().getTime() + openSeconds * 1000);
    await letIn(session, debug.keys, until, signal);
    const { host, port, hostKey } = builder.instance;
    const exitCode = end.kind === 'exit' ? end.code : null;
    return { host, port, user, fingerprint: fingerprintOf(hostKey), folder, until: until.toISOString(), exitCode };
  } finally {
    // With the connection goes the address under which the builder saw the control host.
    line.close();
  }
}

/**
 * Adds the keys ($2…) to those of the build user, good until $1 (seconds since 1970; sshd reads the builder's own time
 * zone, the only form that all versions know). They open a terminal, and no way through it to elsewhere.
 */
const letInScript = `
set -eu
umask 077
until=$(date -d "@$1" +%Y%m%d%H%M%S)
shift
for key in "$@"; do
  printf 'restrict,pty,expiry-time="%s" %s\\n' "$until" "$key"
done >>.ssh/authorized_keys
`;

async function letIn(session: Session, keys: readonly string[], until: Date, signal: AbortSignal): Promise<void> {
  const end = String(Math.ceil(until.getTime() / 1000));
  await session.run((connection) => connection.must(['sh', '-c', letInScript, 'sh', end, ...keys]), signal);
}

/** `ssh-ed25519 AAAA…` → `SHA256:…`, as ssh shows it. Pure. */
function fingerprintOf(hostKey: string): string {
  const digest = createHash('sha256').update(Buffer.from(hostKey.split(' ')[1] ?? '', 'base64'));
  return `SHA256:${digest.digest('base64').replace(/=+$/, '')}`;
}
