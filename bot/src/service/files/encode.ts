// Texts are smaller on their way: which encoding a client gets, and the stream that makes it. Nothing is kept
// compressed on the disk: the pages of all builds would lie there twice, and to compress one that is asked for takes
// less than a millisecond.
import type { IncomingMessage } from 'node:http';
import type { Transform } from 'node:stream';
import { constants, createBrotliCompress, createGzip, createZstdCompress } from 'node:zlib';
import Negotiator from 'negotiator';

/** In the order in which they are preferred where the client takes them alike: the fastest first. */
export const encodings = ['zstd', 'br', 'gzip'] as const;
export type Encoding = (typeof encodings)[number];

/** Smaller files fit into a packet anyway. */
export const smallestEncoded = 1000;

/** The encoding to send a text in; undefined: as it is. A part of a file is always sent as it is. */
export function encodingFor(request: IncomingMessage): Encoding | undefined {
  if (request.headers.range !== undefined) return undefined;
  const [best] = new Negotiator(request).encodings([...encodings, 'identity'], { preferred: [...encodings] });
  return encodings.find((encoding) => encoding === best);
}

/** Levels at which a page takes a fraction of a millisecond, and a log goes as fast as a network takes it. */
export function encoder(encoding: Encoding): Transform {
  switch (encoding) {
    case 'zstd':
      return createZstdCompress({ params: { [constants.ZSTD_c_compressionLevel]: 3 } });
    case 'br':
      return createBrotliCompress({ params: { [constants.BROTLI_PARAM_QUALITY]: 4 } });
    case 'gzip':
      return createGzip({ level: 6 });
  }
}
