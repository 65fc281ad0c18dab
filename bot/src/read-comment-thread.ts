// The thread of read-comment.ts: one comment in, its commands out.
import { parentPort, workerData } from 'node:worker_threads';
import { parseComment } from './parse-comment.ts';

parentPort?.postMessage(parseComment(String(workerData)));
