// The bodies of webhooks while they are read. Nobody has proven yet who sends them: each is bounded, and their sum is.
import type { IncomingMessage } from 'node:http';

/** GitHub's own bound: https://docs.github.com/webhooks/webhook-events-and-payloads#payload-cap */
export const maximumBodyBytes = 25 * 1024 * 1024;

export interface BodyLimits {
  readonly bytes: number;
  /** All that are being read at once. */
  readonly sumBytes: number;
  /** From the end of the headers. GitHub gives a delivery up after 10 s. */
  readonly seconds: number;
}

export const bodyLimits: BodyLimits = { bytes: maximumBodyBytes, sumBytes: 3 * maximumBodyBytes, seconds: 10 };

/** Why there is no body. */
export type NoBody = 'too large' | 'too many' | 'too slow' | 'broken off';

export interface BodyReader {
  /** Reads to the end, giving each piece to `seen`. Never rejects. */
  read(request: IncomingMessage, seen: (piece: Buffer) => void): Promise<Buffer | NoBody>;
}

export function createBodyReader(limits: BodyLimits): BodyReader {
  const open = new Set<OpenBody>();
  /** When all together hold too much, the largest goes: whoever fills the memory does not keep out the small ones. */
  const makeRoom = () => {
    const sum = () => [...open].reduce((total, { size }) => total + size, 0);
    while (sum() > limits.sumBytes) {
      const largest = [...open].reduce((one, other) => (other.size > one.size ? other : one));
      largest.end('too many');
    }
  };
  return {
    read(request, seen) {
      const { promise, resolve } = Promise.withResolvers<Buffer | NoBody>();
      const body = new OpenBody((result) => {
        clearTimeout(timer);
        open.delete(body);
        request.off('data', onData).off('end', onEnd).off('close', onBreak).off('error', onBreak).pause();
        // Whatever still happens to the connection is nobody's business here.
        request.on('error', () => undefined);
        resolve(result);
      });
      const timer = setTimeout(() => body.end('too slow'), limits.seconds * 1000);
      const onData = (piece: Buffer) => {
        if (body.length + piece.length > limits.bytes) return body.end('too large');
        seen(piece);
        body.add(piece, limits.bytes);
        makeRoom();
      };
      const onEnd = () => body.end('whole');
      const onBreak = () => body.end('broken off');
      open.add(body);
      request.on('data', onData).on('end', onEnd).on('close', onBreak).on('error', onBreak);
      return promise;
    },
  };
}

/** One buffer that grows: a list of pieces of one byte each would hold a hundred times as much. */
class OpenBody {
  length = 0;
  #bytes = Buffer.alloc(0);
  #done: ((result: Buffer | NoBody) => void) | undefined;

  constructor(done: (result: Buffer | NoBody) => void) {
    this.#done = done;
  }

  get size(): number {
    return this.#bytes.length;
  }

  add(piece: Buffer, maximum: number): void {
    const needed = this.length + piece.length;
    if (needed > this.#bytes.length) {
      const grown = Buffer.allocUnsafeSlow(Math.min(maximum, Math.max(needed, 2 * this.#bytes.length, 16_384)));
      this.#bytes.copy(grown, 0, 0, this.length);
      this.#bytes = grown;
    }
    piece.copy(this.#bytes, this.length);
    this.length = needed;
  }

  end(how: NoBody | 'whole'): void {
    const done = this.#done;
    this.#done = undefined;
    const result = how === 'whole' ? this.#bytes.subarray(0, this.length) : how;
    this.#bytes = Buffer.alloc(0);
    done?.(result);
  }
}
