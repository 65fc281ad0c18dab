// A builder needs no network: the control host lends it its own static server through the SSH connection.
import { connect } from 'node:net';
import type { ClientChannel } from 'ssh2';
import { describeError, RunnerError } from '../base/errors.ts';
import { formatPreface, type View, viewOf } from './preface.ts';
import type { Connection } from './ssh.ts';

const usualPort = 8400;

/** What a builder is lent. */
export interface Lent {
  /** Port of the control host that serves repositories to builders. */
  readonly controlPort: number;
  /** `owner/name` of the project that the builder is for. Default: none, and no sandbox can be seen. */
  readonly project?: string;
  /**
   * Which generations are seen on a connection that begins now; it waits while that is not known yet. Default: the
   * newest of each repository.
   */
  readonly generations?: () => Promise<View['generations']>;
}

/**
 * Makes a port of the builder's 127.0.0.1 lead to `controlPort` of this machine, where it sees the sandbox of `project`
 * if that is one, and of repositories the `generations` that are stated; resolves with that port. A build that runs
 * knows the port from its start: it is `wanted` again. Without one any will do. Throws RunnerError `connect` when the
 * builder gives none.
 */
export async function lendControl(
  connection: Connection,
  { controlPort, project, generations }: Lent,
  wanted?: number,
): Promise<number> {
  connection.client.on('tcp connection', (_info, accept) => {
    const incoming = accept();
    incoming.on('error', () => incoming.destroy());
    const known = generations?.() ?? Promise.resolve({});
    known.then((seen) => passOn(incoming, controlPort, viewOf(project, seen)));
  });
  if (wanted !== undefined) return forward(connection, wanted);
  return forward(connection, usualPort).catch(() => forward(connection, 0));
}

/** The preface comes first, whatever the builder sends: it cannot say itself what it sees. */
function passOn(incoming: ClientChannel, controlPort: number, view: View): void {
  if (incoming.destroyed) return;
  const outgoing = connect({ host: '127.0.0.1', port: controlPort, noDelay: true });
  outgoing.write(formatPreface(view));
  incoming.pipe(outgoing).pipe(incoming);
  // One side that breaks takes the other along; the builder's dnf tries again by itself.
  incoming.on('error', () => outgoing.destroy());
  outgoing.on('error', () => incoming.destroy());
  incoming.on('close', () => outgoing.destroy());
  outgoing.on('close', () => incoming.end());
}

function forward(connection: Connection, port: number): Promise<number> {
  const bound = new Promise<number>((resolve, reject) => {
    connection.client.forwardIn('127.0.0.1', port, (error, given) => {
      if (error === undefined) resolve(port === 0 ? given : port);
      else
        reject(
          new RunnerError('connect', `the builder refuses reverse forwarding: ${describeError(error)}`, {
            cause: error,
          }),
        );
    });
  });
  return Promise.race([bound, connection.lost]);
}
