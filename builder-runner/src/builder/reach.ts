// A builder needs no network: the control host lends it its own static server through the SSH connection.
import { connect } from 'node:net';
import { Transform } from 'node:stream';
import { describeError, RunnerError } from '../base/errors.ts';
import { posesAsPreface, sandboxPreface } from './sandbox-preface.ts';
import type { Connection } from './ssh.ts';

const usualPort = 8400;

/** What a builder is lent. */
export interface Lent {
  /** Port of the control host that serves repositories to builders. */
  readonly controlPort: number;
  /** `owner/name` of the project that the builder is for. Default: none, and no sandbox can be seen. */
  readonly project?: string;
}

/**
 * Makes a port of the builder's 127.0.0.1 lead to `controlPort` of this machine, where it sees the sandbox of `project`
 * if that is one; resolves with that port. A build that
 * runs knows the port from its start: it is `wanted` again. Without one any will do. Throws RunnerError `connect` when
 * the builder gives none.
 */
export async function lendControl(
  connection: Connection,
  { controlPort, project }: Lent,
  wanted?: number,
): Promise<number> {
  const preface = sandboxPreface(project);
  connection.client.on('tcp connection', (_info, accept) => {
    const incoming = accept();
    const outgoing = connect({ host: '127.0.0.1', port: controlPort, noDelay: true });
    if (preface !== '') outgoing.write(preface);
    const sent = preface === '' ? incoming.pipe(refusePosing(() => incoming.destroy())) : incoming;
    sent.pipe(outgoing).pipe(incoming);
    // One side that breaks takes the other along; the builder's dnf tries again by itself.
    incoming.on('error', () => outgoing.destroy());
    outgoing.on('error', () => incoming.destroy());
    incoming.on('close', () => outgoing.destroy());
    outgoing.on('close', () => incoming.end());
  });
  if (wanted !== undefined) return forward(connection, wanted);
  return forward(connection, usualPort).catch(() => forward(connection, 0));
}

/** Passes on what a builder of no sandbox sends, unless it begins by naming one. */
function refusePosing(refuse: () => void): Transform {
  let isFirst = true;
  const checked = new Transform({
    transform(piece: Buffer, _encoding, done) {
      const poses = isFirst && posesAsPreface(piece);
      isFirst &&= piece.length === 0;
      done(poses ? new Error('the builder names a sandbox') : null, piece);
    },
  });
  return checked.on('error', refuse);
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
