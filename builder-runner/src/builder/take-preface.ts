// Takes the preface off a connection that the control host has made for a builder.
import type { Socket } from 'node:net';
import { readPreface, type View } from './preface.ts';

const prefaceMilliseconds = 20_000;

/**
 * Calls `ready` once what begins the connection is there: with what it sees, and the socket begins behind the preface;
 * or with undefined when it begins with none, and the socket is as it was. One that says nothing is closed.
 */
export function takePreface(socket: Socket, ready: (view: View | undefined) => void): void {
  let seen = Buffer.alloc(0);
  socket.setTimeout(prefaceMilliseconds, () => socket.destroy());
  const onReadable = () => {
    for (let piece = socket.read() as Buffer | null; piece !== null; piece = socket.read() as Buffer | null) {
      seen = Buffer.concat([seen, piece]);
    }
    const preface = readPreface(seen);
    if (preface === 'incomplete') return;
    socket.off('readable', onReadable).setTimeout(0);
    const rest = preface === undefined ? seen : seen.subarray(preface.bytes);
    if (rest.length > 0) socket.unshift(rest);
    ready(preface?.view);
  };
  socket.on('readable', onReadable);
}
