// Keeps a mirror of `published/` in step. What changed is noted on the disk and sent in passes: content, then what
// leads to it, then what is gone goes. A pass that fails is made again, later and later, for ever.
import { lstat, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { exists, nothingWhenAbsent } from '../base/absent.ts';
import { describeError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { watchChanges } from '../base/published-changes.ts';
import { compareContent, pinLeading } from './compare.ts';
import { type Behind, type Dirty, type Ledger, openLedger } from './ledger.ts';
import { pinnedRanks, type Rank, rankOf, ranks } from './rank.ts';
import type { MirrorTarget } from './target.ts';

/** What is told of a mirror. Times are ISO 8601, UTC. */
export interface MirrorState {
  readonly target: string;
  /** The oldest change that it does not have; null when it has all. */
  readonly behindSince: string | null;
  /** Changes that it does not have. */
  readonly files: number;
  /** What failed last, since when, and how often in a row; undefined while it goes well. */
  readonly fault: { readonly since: string; readonly failures: number; readonly message: string } | undefined;
  /** When all was compared last, with what the mirror says that it has; null: not since the start. */
  readonly comparedAt: string | null;
}

export interface Mirror {
  state(): MirrorState;
  /** Resolves when the mirror has all that was noted until now, except what waits for its time to go. */
  settled(): Promise<void>;
  /** What is under way is cut off, and gone on with at the next start. */
  stop(): Promise<void>;
}

export interface MirrorOptions {
  /** COPPICE_HOME, absolute. */
  readonly home: string;
  readonly target: MirrorTarget;
  /** How long content stays that nothing leads to any more. */
  readonly graceSeconds: number;
  readonly log: Log;
  readonly now: () => Date;
  /** Before what failed is tried again; each failure in a row doubles it, up to ten minutes. Default: 2000. */
  readonly retryMilliseconds?: number;
  /** Changes that follow each other so closely go in one pass. Default: 300. */
  readonly settleMilliseconds?: number;
  /** Between two comparisons of everything. Default: a day. */
  readonly compareMilliseconds?: number;
}

const longestRetryMilliseconds = 600_000;
const dayMilliseconds = 86_400_000;
/** Files in one call of the target: so much is done again when one fails. */
const batchFiles = 500;

export const mirrorFolder = (home: string) => join(home, 'state', 'mirror');

/** Begins with a comparison of everything. Throws when the ledger in `state/mirror/` cannot be opened. */
export function startMirror(options: MirrorOptions): Mirror {
  const { home, target, log, now, retryMilliseconds = 2000, settleMilliseconds = 300 } = options;
  const { compareMilliseconds = dayMilliseconds } = options;
  const published = join(home, 'published');
  const ledger = openLedger(mirrorFolder(home), target.name);
  const stopping = new AbortController();
  let isWanted = Promise.withResolvers<void>();
  let isUrgent = Promise.withResolvers<void>();
  /** Cut off by a takedown, which comes first. */
  let pass = new AbortController();
  let fault: MirrorState['fault'];
  let comparedAt: number | undefined;
  let isWorking = true;
  let settlers: (() => void)[] = [];

  const hear = (path: string, isTakedown: boolean): void => {
    try {
      if (isTakedown) {
        ledger.noteTaken(path, now().getTime());
        pass.abort(new TakenDown('something is to be taken down'));
        isUrgent.resolve();
      }
      ledger.noteDirty(path, now().getTime());
    } catch (error) {
      // Found by the next comparison of everything, which is made now.
      log('error', 'A change could not be noted for the mirror', { error });
      comparedAt = undefined;
    }
    isWorking = true;
    isWanted.resolve();
  };
  const forget = watchChanges(published, hear);

  const once = async (): Promise<void> => {
    pass = new AbortController();
    isUrgent = Promise.withResolvers();
    const signal = AbortSignal.any([pass.signal, stopping.signal]);
    // What was under way when it was cut off may have come to its end there.
    if (await takeDown(ledger, target, stopping.signal, log)) comparedAt = undefined;
    const work: Pass = { ...options, ledger, published, signal, pins: join(mirrorFolder(home), 'pins') };
    if (comparedAt === undefined || now().getTime() - comparedAt >= compareMilliseconds) {
      await listTarget(work);
      ledger.noteDirty('', now().getTime());
      comparedAt = now().getTime();
    }
    while ((await makePass(work)) === 'again') signal.throwIfAborted();
  };
  const failed = (error: unknown): void => {
    const since = fault?.since ?? now().toISOString();
    fault = { since, failures: (fault?.failures ?? 0) + 1, message: describeError(error) };
    log('warn', `The mirror is behind, and is tried again: ${fault.message}`, { failures: fault.failures });
  };
  const waitFor = async (event: Promise<void>, milliseconds: number): Promise<void> => {
    const woken = new AbortController();
    const signal = AbortSignal.any([woken.signal, stopping.signal]);
    await Promise.race([event, sleep(Math.min(milliseconds, dayMilliseconds), undefined, { signal })])
      .catch(() => undefined)
      .finally(() => woken.abort());
  };
  const loop = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      isWanted = Promise.withResolvers();
      try {
        await once();
        if (fault !== undefined) log('info', 'The mirror is in step again');
        fault = undefined;
      } catch (error) {
        if (stopping.signal.aborted) return;
        if (error instanceof TakenDown) continue;
        failed(error);
        const pause = retryMilliseconds * 2 ** Math.min((fault?.failures ?? 1) - 1, 20);
        await waitFor(isUrgent.promise, Math.min(pause, longestRetryMilliseconds));
        continue;
      }
      if (ledger.dirty().length > 0) continue;
      isWorking = false;
      for (const settle of settlers.splice(0)) settle();
      const at = now().getTime();
      await waitFor(
        isWanted.promise,
        Math.min((ledger.nextDue() ?? Number.POSITIVE_INFINITY) - at, (comparedAt ?? 0) + compareMilliseconds - at),
      );
      await sleep(settleMilliseconds, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  };
  const running = loop();
  return {
    state() {
      const { since, files } = ledger.lag();
      const oldest = since === undefined ? fault?.since : new Date(since).toISOString();
      const compared = comparedAt === undefined ? null : new Date(comparedAt).toISOString();
      return { target: target.name, behindSince: oldest ?? null, files, fault, comparedAt: compared };
    },
    settled() {
      if (!isWorking) return Promise.resolve();
      return new Promise((resolve) => settlers.push(resolve));
    },
    async stop() {
      forget();
      stopping.abort(new Error('the service ends'));
      await running;
      settlers = [];
      ledger.close();
    },
  };
}

/** Why a pass is cut off. */
class TakenDown extends Error {
  override readonly name = 'TakenDown';
}

/** Before anything else. Resolves with whether there was something. */
async function takeDown(ledger: Ledger, target: MirrorTarget, signal: AbortSignal, log: Log): Promise<boolean> {
  const taken = ledger.taken();
  for (const path of taken) {
    await target.removeAll(path, signal);
    // Each start notes again what is frozen: nothing is told of what has gone before.
    if (ledger.takenDown(path)) log('info', `Taken down from the mirror: ${path}`);
  }
  return taken.length > 0;
}

interface Pass extends Pick<MirrorOptions, 'target' | 'graceSeconds' | 'now'> {
  readonly ledger: Ledger;
  readonly published: string;
  readonly pins: string;
  readonly signal: AbortSignal;
}

/** What the mirror says it has is what it has, whatever the ledger says. */
async function listTarget({ ledger, target, signal }: Pass): Promise<void> {
  ledger.beginList();
  for await (const files of target.list(signal)) {
    signal.throwIfAborted();
    ledger.list(files);
  }
  ledger.endList();
}

/** `again` when something that was to be sent has gone meanwhile: then nothing was shown that may lead to it. */
async function makePass(pass: Pass): Promise<'done' | 'again'> {
  const { ledger, pins, published, signal, now, graceSeconds } = pass;
  ledger.unpin();
  await rm(pins, { recursive: true, force: true });
  const scopes = ledger.dirty();
  await compare(pass, scopes);
  if ((await sendAll(pass, ranks.content, published)) === 'vanished') return 'again';
  await sendPointers(pass);
  if ((await sendAll(pass, ranks.record, published)) === 'vanished') return 'again';
  await sendAll(pass, ranks.client, pins);
  await sendAll(pass, ranks.page, pins);
  signal.throwIfAborted();
  const at = now().getTime();
  // Readers that have read an index from the mirror still ask for what it names.
  ledger.schedule((path) => (rankOf(path) === ranks.content ? at + graceSeconds * 1000 : at));
  await removeDue(pass);
  await rm(pins, { recursive: true, force: true });
  return 'done';
}

async function compare(
  { ledger, pins, published, target, now, signal }: Pass,
  scopes: readonly Dirty[],
): Promise<void> {
  const comparison = { ledger, pins, published, hasLinks: target.hasLinks, now: now().getTime() };
  for (const { scope } of scopes) {
    signal.throwIfAborted();
    await pinLeading(comparison, scope);
  }
  // What was pinned may lead to what has come since the scopes were listed, and which was noted before that.
  for (const { scope } of ledger.dirty()) {
    signal.throwIfAborted();
    await compareContent(comparison, scope);
  }
  ledger.compared(scopes);
}

/** Sends all of a rank. `vanished` when some were not there any more, or were replaced, before they were sent. */
async function sendAll(pass: Pass, rank: Rank, root: string): Promise<'sent' | 'vanished'> {
  let result: 'sent' | 'vanished' = 'sent';
  for (;;) {
    const batch = pass.ledger.behind(rank, batchFiles);
    if (batch.length === 0) return result;
    if ((await sendBatch(pass, batch, root)) === 'vanished') result = 'vanished';
  }
}

async function sendBatch(
  { ledger, target, signal, now }: Pass,
  batch: readonly Behind[],
  root: string,
): Promise<'sent' | 'vanished'> {
  signal.throwIfAborted();
  const left = new Map(batch.map((file) => [file.path, file]));
  await target.send(root, [...left.keys()], signal, (path) => {
    const file = left.get(path);
    if (file !== undefined) ledger.sent([file]);
    left.delete(path);
  });
  for (const path of left.keys()) {
    ledger.dropBehind(path);
    ledger.noteDirty(path, now().getTime());
  }
  return left.size === 0 ? 'sent' : 'vanished';
}

/** With links all that never changes first. Without: the signature and the index of one repository, then the next. */
async function sendPointers(pass: Pass): Promise<void> {
  const { ledger, target, pins } = pass;
  if (target.hasLinks) {
    await sendAll(pass, ranks.beside, pins);
    await sendAll(pass, ranks.pointer, pins);
    return;
  }
  for (;;) {
    const [signature] = ledger.behind(ranks.beside, 1);
    if (signature === undefined) break;
    await sendBatch(pass, [signature], pins);
    const index = signature.path.replace(/\.asc$/, '');
    // One that has the signature alone does not stand: it is first in the row.
    const mate = ledger.behindAt(index);
    if (mate !== undefined) await sendBatch(pass, [mate], pins);
  }
  await sendAll(pass, ranks.pointer, pins);
}

/** What leads somewhere goes before what it leads to. Folders that are empty then go, too. */
async function removeDue({ ledger, target, published, signal, now }: Pass): Promise<void> {
  for (;;) {
    const due = ledger.due(now().getTime(), batchFiles);
    if (due.length === 0) return;
    signal.throwIfAborted();
    const isBack = await Promise.all(due.map((path) => isSent(join(published, path))));
    for (const [index, path] of due.entries()) if (isBack[index]) ledger.isBack(path);
    const gone = due.filter((_, index) => !isBack[index]);
    const leading = gone.filter((path) => pinnedRanks.includes(rankOf(path)));
    const rest = gone.filter((path) => !pinnedRanks.includes(rankOf(path)));
    for (const paths of [leading, rest]) if (paths.length > 0) await target.remove(paths, signal);
    ledger.removed(gone);
    if (!target.hasLinks) continue;
    for (const folder of await emptyFolders(ledger, published, gone)) await target.removeAll(folder, signal);
  }
}

/** Folders of files that are gone, in which nothing is left here or there; the outermost of each. */
async function emptyFolders(ledger: Ledger, published: string, gone: readonly string[]): Promise<readonly string[]> {
  const empty = new Set<string>();
  for (const path of new Set(gone.map((each) => dirname(each)))) {
    let outermost: string | undefined;
    for (let folder = path; folder !== '.'; folder = dirname(folder)) {
      if (ledger.foldersBelow(folder).length > 0 || (await exists(join(published, folder)))) break;
      outermost = folder;
    }
    if (outermost !== undefined) empty.add(outermost);
  }
  return [...empty];
}

async function isSent(path: string): Promise<boolean> {
  const about = await lstat(path).catch(nothingWhenAbsent);
  return about !== undefined && (about.isFile() || about.isSymbolicLink());
}
