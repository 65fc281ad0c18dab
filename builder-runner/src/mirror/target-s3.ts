// A mirror in a bucket of S3 or of what speaks like it. There are no links: index and signature are copies, of one
// generation, one right behind the other.
import { createHash } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import {
  DeleteObjectsCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import type { Settings } from '@coppice/config';
import { nothingWhenAbsent } from '../base/absent.ts';
import { describeError } from '../base/errors.ts';
import { cachingOf, typeOf } from '../base/file-headers.ts';
import type { Listed } from './ledger.ts';
import { MirrorError, type MirrorTarget, probeName } from './target.ts';

export type S3Settings = NonNullable<Settings['mirror']['s3']>;

/** Files sent at the same time. */
const atOnce = 6;
/** What is larger goes in parts of this size, or of more where there would be too many; S3 takes 10,000. */
const partBytes = 8 * 2 ** 20;
const maximumParts = 9000;
const partsAtOnce = 2;
const deletedAtOnce = 1000;

/** `secretKey` goes with `accessKeyId`; without both the SDK looks where it always does (environment, role). */
export function openS3Target(settings: S3Settings, secretKey: string | undefined): MirrorTarget & { close(): void } {
  const { endpoint, region, bucket, pathStyle, accessKeyId } = settings;
  const prefix = settings.prefix === '' ? '' : `${settings.prefix.replace(/^\/+|\/+$/g, '')}/`;
  const name = `s3://${bucket}/${prefix}${endpoint === undefined ? '' : ` at ${endpoint}`}`;
  const client = new S3Client({
    region,
    forcePathStyle: pathStyle,
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(accessKeyId === undefined || secretKey === undefined
      ? {}
      : { credentials: { accessKeyId, secretAccessKey: secretKey } }),
    maxAttempts: 4,
    // Ours is SHA-256; others than Amazon's do not know the newer forms.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: { connectionTimeout: 20_000, requestTimeout: 300_000, throwOnRequestTimeout: true },
  });
  const ask = async <T>(what: string, work: () => Promise<T>, signal: AbortSignal): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      signal.throwIfAborted();
      throw new MirrorError(`${name}: ${what}: ${explain(error)}`, { cause: error });
    }
  };
  const put = async (file: FileHandle, path: string, signal: AbortSignal): Promise<void> => {
    const { size } = await file.stat();
    const key = { Bucket: bucket, Key: `${prefix}${path}` };
    const about = { ...key, ContentType: typeOf(path), CacheControl: cachingOf(path) };
    if (size <= partBytes) {
      const body = await file.readFile();
      const sum = createHash('sha256').update(body);
      const sha256 = sum.copy().digest('hex');
      const put = { ...about, Body: body, ChecksumSHA256: sum.digest('base64'), Metadata: { sha256 } };
      await client.send(new PutObjectCommand(put), { abortSignal: signal });
      return;
    }
    const sha256 = await digestOf(file, signal);
    const there = await client.send(new HeadObjectCommand(key), { abortSignal: signal }).catch(nothingWhenMissing);
    // A large file whose times alone have changed, as after a restored backup.
    if (there?.Metadata?.sha256 === sha256 && there.ContentLength === size) return;
    const upload = new Upload({
      client,
      params: {
        ...about,
        // As any stream: of one from a file the library looks at the name, and there is none.
        Body: Readable.from(createReadStream('', { fd: file, start: 0, autoClose: false })),
        ChecksumAlgorithm: 'SHA256',
        Metadata: { sha256 },
      },
      partSize: Math.max(partBytes, Math.ceil(size / maximumParts)),
      queueSize: partsAtOnce,
    });
    const stop = () => void upload.abort();
    signal.addEventListener('abort', stop);
    await upload.done().finally(() => signal.removeEventListener('abort', stop));
  };
  const send = async (root: string, path: string, signal: AbortSignal, done: (path: string) => void) => {
    // What is no regular file was one when it was listed.
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
    const file = await open(join(root, path), flags).catch(nothingWhenAbsent);
    if (file === undefined) return;
    try {
      await ask(`${path} cannot be written`, () => put(file, path, signal), signal);
      done(path);
    } finally {
      await file.close().catch(() => undefined);
    }
  };
  const remove = async (paths: readonly string[], signal: AbortSignal): Promise<void> => {
    for (let at = 0; at < paths.length; at += deletedAtOnce) {
      const Objects = paths.slice(at, at + deletedAtOnce).map((path) => ({ Key: `${prefix}${path}` }));
      const command = new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects, Quiet: true } });
      const { Errors: errors = [] } = await ask(
        'nothing can be removed',
        () => client.send(command, { abortSignal: signal }),
        signal,
      );
      const [first] = errors;
      if (first !== undefined) throw new MirrorError(`${name}: ${first.Key} cannot be removed: ${first.Message}`);
    }
  };
  async function* listBelow(below: string, signal: AbortSignal): AsyncGenerator<readonly Listed[]> {
    let token: string | undefined;
    do {
      const page = { Bucket: bucket, Prefix: `${prefix}${below}`, ...(token && { ContinuationToken: token }) };
      const { Contents: contents = [], NextContinuationToken: next } = await ask(
        'it cannot be listed',
        () => client.send(new ListObjectsV2Command(page), { abortSignal: signal }),
        signal,
      );
      yield contents.map(({ Key: key = '', Size: bytes = 0 }) => ({ path: key.slice(prefix.length), bytes }));
      token = next;
    } while (token !== undefined);
  }
  return {
    name,
    hasLinks: false,
    close: () => client.destroy(),
    async send(root, paths, signal, done) {
      const waiting = [...paths];
      const failed = new AbortController();
      const either = AbortSignal.any([signal, failed.signal]);
      const lane = async () => {
        for (let path = waiting.shift(); path !== undefined; path = waiting.shift())
          await send(root, path, either, done);
      };
      const lanes = Array.from({ length: Math.min(atOnce, paths.length) }, () =>
        lane().catch((error: unknown) => {
          failed.abort(error);
          throw error;
        }),
      );
      // Nothing is left over that still writes.
      const failure = (await Promise.allSettled(lanes)).find((one) => one.status === 'rejected');
      signal.throwIfAborted();
      if (failure !== undefined) throw failed.signal.reason;
    },
    remove,
    async removeAll(path, signal) {
      await remove([path], signal);
      for await (const files of listBelow(`${path}/`, signal))
        await remove(
          files.map((file) => file.path),
          signal,
        );
    },
    list: (signal) => listBelow('', signal),
    async probe(signal) {
      const about = { Bucket: bucket, Key: `${prefix}${probeName}`, Body: 'Coppice can write here.\n' };
      await ask(
        'nothing can be written',
        () => client.send(new PutObjectCommand(about), { abortSignal: signal }),
        signal,
      );
      for await (const _ of listBelow(probeName, signal)) break;
      await remove([probeName], signal);
    },
  };
}

async function digestOf(file: FileHandle, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream('', { fd: file, start: 0, autoClose: false }), hash, { signal });
  return hash.digest('hex');
}

function nothingWhenMissing(error: unknown): undefined {
  if (statusOf(error) === 404) return undefined;
  throw error;
}

function statusOf(error: unknown): number | undefined {
  return (error as { $metadata?: { httpStatusCode?: number } } | undefined)?.$metadata?.httpStatusCode;
}

/** What to do about what goes wrong most often. */
function explain(error: unknown): string {
  const { name, message } = error instanceof Error ? error : { name: '', message: String(error) };
  if (name === 'NoSuchBucket') return 'there is no such bucket: make it, or mend `mirror.s3.bucket`';
  if (name === 'AccessDenied' || statusOf(error) === 403)
    return `it refuses (${message.slice(0, 200)}): the key of \`mirror.s3\` needs to list, read, write and delete there`;
  return describeError(message === '' ? new Error(name) : error);
}
