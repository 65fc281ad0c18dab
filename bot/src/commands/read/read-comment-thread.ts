// The thread of read-comment.ts: tells that it has begun, then the lines of one comment that may be commands.
import { parentPort, workerData } from 'node:worker_threads';
import { commandLines } from './comment-lines.ts';

parentPort?.postMessage('begun');
parentPort?.postMessage(commandLines(String(workerData)));
