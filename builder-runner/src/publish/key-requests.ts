// What commands of the same home ask of the running service about keys, as files in `state/`: the service alone changes
// keyrings while it runs.
import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isPathName, isPathOwner, keyNoteSchema, parseJsonAs } from '@coppice/config';
import { z } from 'zod';
import { nothingWhenAbsent } from '../base/absent.ts';
import { readRegularFile } from '../base/regular-file.ts';
import { replaceFile } from '../base/replace-file.ts';

const requestSchema = z.strictObject({
  id: z.uuid(),
  owner: z.string().refine(isPathOwner),
  project: z.string().refine(isPathName),
  /** The next key signs at once. */
  atOnce: z.boolean(),
});
export type RotationRequest = z.infer<typeof requestSchema>;

const answerSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('rotated'), wasUnderWay: z.boolean(), keys: z.array(keyNoteSchema) }),
  z.strictObject({ kind: z.literal('failed'), why: z.string() }),
]);
export type RotationAnswer = z.infer<typeof answerSchema>;

const maximumBytes = 64 * 1024;
const requestPattern = /^[0-9a-f-]{36}\.json$/;
const requestsFolder = (home: string) => join(home, 'state', 'key-requests');
const requestFile = (home: string, id: string) => join(requestsFolder(home), `${id}.json`);
const answerFile = (home: string, id: string) => join(requestsFolder(home), `${id}.answer`);

/**
 * Asks the running service for a next key, and waits for so many milliseconds. Undefined when no answer came; the
 * request is taken back then. Throws what the file system says.
 */
export async function askRotation(
  home: string,
  wish: Omit<RotationRequest, 'id'>,
  waitMilliseconds: number,
): Promise<RotationAnswer | undefined> {
  const id = randomUUID();
  await mkdir(requestsFolder(home), { recursive: true, mode: 0o700 });
  await replaceFile(requestFile(home, id), JSON.stringify({ id, ...wish }), { sync: false });
  const until = performance.now() + waitMilliseconds;
  try {
    while (performance.now() < until) {
      const read = await readRegularFile(answerFile(home, id), maximumBytes);
      const answer = read?.kind === 'text' ? parseJsonAs(read.text, answerSchema) : undefined;
      if (answer?.kind === 'value') return answer.value;
      await sleep(100);
    }
    return undefined;
  } finally {
    for (const file of [requestFile(home, id), answerFile(home, id)]) await rm(file, { force: true });
  }
}

/** What was asked and is not answered yet. A file that is none of ours goes. */
export async function readRequests(home: string): Promise<readonly RotationRequest[]> {
  const requests: RotationRequest[] = [];
  for (const name of await readdir(requestsFolder(home)).catch(() => [])) {
    if (!requestPattern.test(name)) continue;
    const path = join(requestsFolder(home), name);
    const read = await readRegularFile(path, maximumBytes);
    const request = read?.kind === 'text' ? parseJsonAs(read.text, requestSchema) : undefined;
    if (request?.kind === 'value') requests.push(request.value);
    else await rm(path, { recursive: true, force: true });
  }
  return requests;
}

/** Answers; a request whose answer nobody waits for any more leaves nothing behind. */
export async function answerRequest(home: string, { id }: RotationRequest, answer: RotationAnswer): Promise<void> {
  await replaceFile(answerFile(home, id), JSON.stringify(answer), { sync: false });
  await rm(requestFile(home, id), { force: true });
}

const staleMilliseconds = 600_000;

/** At the start: whoever asked an earlier run of the service has given up long ago. */
export async function clearRequests(home: string): Promise<void> {
  for (const name of await readdir(requestsFolder(home)).catch(() => [])) {
    const path = join(requestsFolder(home), name);
    const about = await stat(path).catch(nothingWhenAbsent);
    if (about !== undefined && Date.now() - about.mtimeMs > staleMilliseconds) await rm(path, { force: true });
  }
}
