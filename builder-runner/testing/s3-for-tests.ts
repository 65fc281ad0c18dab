// An S3 server on a port of 127.0.0.1, behind a front on which tests let requests fail.
import { createServer, type IncomingMessage, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { buildApp } from 'fauxqs';
import type { S3Settings } from '../src/mirror/target-s3.ts';

export interface TestS3 {
  readonly settings: S3Settings;
  /** `http://…/<bucket>/<prefix>`, from which anybody may read. */
  readonly url: string;
  /** What becomes of a request: a status to be answered with, a connection that is cut, or all is well. */
  fault: (request: IncomingMessage) => number | 'cut' | undefined;
  /** Each request that changes something, in order: `PUT name`. */
  readonly changes: string[];
  stop(): Promise<void>;
}

export async function startS3(): Promise<TestS3> {
  const app = buildApp({ logger: false });
  await app.listen({ host: '127.0.0.1', port: 0 });
  const behind = (app.server.address() as AddressInfo).port;
  const changes: string[] = [];
  const front: Server = createServer((incoming, answer) => {
    const fault = made.fault(incoming);
    if (fault === 'cut') return incoming.socket.destroy();
    if (fault !== undefined) {
      incoming.resume();
      const code = fault === 503 ? 'SlowDown' : 'InternalError';
      return answer.writeHead(fault, { 'content-type': 'application/xml' }).end(`<Error><Code>${code}</Code></Error>`);
    }
    const { method = 'GET', url = '/' } = incoming;
    if (method !== 'GET' && method !== 'HEAD') changes.push(`${method} ${decodeURIComponent(url.split('?')[0] ?? '')}`);
    const onward = request({ port: behind, method, path: url, headers: incoming.headers }, (reply) => {
      answer.writeHead(reply.statusCode ?? 500, reply.headers);
      reply.pipe(answer);
    });
    onward.on('error', () => answer.destroy());
    answer.on('close', () => answer.writableFinished || onward.destroy());
    incoming.pipe(onward);
  });
  await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve));
  const endpoint = `http://127.0.0.1:${(front.address() as AddressInfo).port}`;
  const settings: S3Settings = {
    ...{ endpoint, region: 'us-east-1', bucket: 'packages', prefix: 'copr', pathStyle: true },
    ...{ accessKeyId: 'test', secretKeyFile: 'secret' },
  };
  const made: TestS3 = {
    ...{ settings, url: `${endpoint}/packages/copr`, fault: () => undefined, changes },
    async stop() {
      front.closeAllConnections();
      front.close();
      await app.close();
    },
  };
  const credentials = { accessKeyId: 'test', secretAccessKey: 'secret' };
  const client = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true, credentials });
  await client.send(new CreateBucketCommand({ Bucket: 'packages' }));
  client.destroy();
  return made;
}
