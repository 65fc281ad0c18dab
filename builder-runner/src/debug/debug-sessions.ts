// Takes requests for debug sessions and runs them: one after the other, each gets a builder, which ends when its time
// is over. Requests are durable and survive a restart.
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type BuildId, type BuildRequest, type ChrootName, published, type QueuedBuild } from '@coppice/config';
import { ShuttingDown } from '../base/abort.ts';
import { describeError } from '../base/errors.ts';
import { describeForPublic } from '../base/public-text.ts';
import { leaseSeconds, needOf } from '../chroot-build/need.ts';
import { nameBuild, type RunnerContext } from '../context/runner-context.ts';
import type { Lease } from '../pool/pool.ts';
import { type JournaledStore, openJournaledStore } from '../store/store.ts';
import {
  applyDebugOperation,
  type DebugOperation,
  type DebugSession,
  type DebugState,
  emptyDebugState,
  isOver,
} from './debug-state.ts';
import { openAccess } from './open-access.ts';

export interface DebugWish {
  /** Unique to the request: asked for again, it gives the same session. */
  readonly key: string;
  /** The failed build. */
  readonly id: BuildId;
  /** As it is built; of its chroots only `chroot` counts. */
  readonly request: BuildRequest;
  readonly chroot: ChrootName;
  readonly by: string;
  /** As `readSshKeys` gives them. */
  readonly keys: readonly string[];
}

/** `no-keys`: nobody could log in. */
export type NoSession = 'no-source' | 'no-keys' | { readonly refused: string };

export interface DebugSessions {
  /**
   * Gives the session, or why there can be none: the build's source package is not there, no pool has builders into
   * which somebody may log in, or else nobody has a key.
   */
  request(wish: DebugWish): Promise<DebugSession | NoSession>;
  session(id: number): DebugSession | undefined;
  /** All that are remembered, oldest first. */
  sessions(): readonly DebugSession[];
  /** Ends one before its time; resolves when that is noted. Nothing when it is over. */
  end(id: number, by: string): Promise<void>;
  /** Calls `listener` with each session that has changed; returns what ends that. */
  onChange(listener: (session: DebugSession) => void): () => void;
  /** Builders that outlive the service stay open; the others end with it. */
  stop(): Promise<void>;
}

type Store = JournaledStore<DebugState, DebugOperation, DebugSession | undefined>;

/** For how long a builder is open. */
const usualOpenSeconds = 3600;

/**
 * Takes up the sessions of an earlier run of the service. Open it after the pool, and end it before. Throws the store's
 * errors.
 */
export async function openDebugSessions(
  context: RunnerContext,
  openSeconds = usualOpenSeconds,
): Promise<DebugSessions> {
  const store: Store = await openJournaledStore<DebugState, DebugOperation, DebugSession | undefined>({
    folder: join(context.home, 'state', 'debug'),
    initial: emptyDebugState,
    apply: applyDebugOperation,
  });
  const debugSessions = new KeptDebugSessions(context, store, openSeconds);
  await debugSessions.takeUp();
  return debugSessions;
}

class KeptDebugSessions implements DebugSessions {
  readonly #context: RunnerContext;
  readonly #store: Store;
  readonly #listeners = new Set<(session: DebugSession) => void>();
  readonly #underWay = new Map<number, { readonly ended: Promise<void>; readonly abort: AbortController }>();
  readonly #timers = new Map<number, NodeJS.Timeout>();
  readonly #openSeconds: number;
  #stopping = false;

  constructor(context: RunnerContext, store: Store, openSeconds: number) {
    this.#context = context;
    this.#store = store;
    this.#openSeconds = openSeconds;
  }

  async takeUp(): Promise<void> {
    for (const session of this.sessions()) {
      if (isOver(session)) continue;
      const { id, state, builder, access } = session;
      const isThere = builder !== null && this.#context.pool.isKept(builder);
      if (state === 'open' && access !== null) {
        if (isThere && Date.parse(access.until) > this.#context.now().getTime()) this.#endAt(id, access.until);
        else await this.#over(session, isThere ? 'Its time was over.' : 'Its builder ended with the service.');
        continue;
      }
      // An interrupted attempt starts again: how far it got is unknown.
      if (builder !== null) await this.#context.pool.endKept(builder);
      if (state === 'preparing') await this.#commit({ kind: 'wait', id });
      this.#begin(id);
    }
  }

  async request(wish: DebugWish): Promise<DebugSession | NoSession> {
    const known = this.sessions().find(({ key }) => key === wish.key);
    if (known !== undefined) return known;
    const requestedAt = this.#context.now().toISOString();
    const build = await this.#buildOf(wish, requestedAt);
    if (build === undefined) return 'no-source';
    const refusal = this.#context.pool.refusal({ ...needOf(build, wish), logins: true });
    if (refusal !== undefined) return { refused: refusal.message };
    if (wish.keys.length === 0) return 'no-keys';
    const { key, chroot, by, keys } = wish;
    const session = await this.#commit({ kind: 'request', session: { key, build, chroot, by, keys, requestedAt } });
    if (session === undefined) throw new RangeError('a request makes a session');
    this.#begin(session.id);
    return session;
  }

  session(id: number): DebugSession | undefined {
    return this.sessions().find((one) => one.id === id);
  }

  sessions(): readonly DebugSession[] {
    return this.#store.state.sessions;
  }

  async end(id: number, by: string): Promise<void> {
    const session = this.session(id);
    if (session !== undefined) await this.#over(session, `Ended by ${by}.`);
  }

  onChange(listener: (session: DebugSession) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    for (const timer of this.#timers.values()) clearTimeout(timer);
    const under = [...this.#underWay.values()];
    for (const { abort } of under) abort.abort(new ShuttingDown('the service ends'));
    await Promise.all(under.map(({ ended }) => ended));
    await this.#store.close();
  }

  /** What is built: the failed build with its own source package, for the one chroot. */
  async #buildOf({ id, request, chroot }: DebugWish, requestedAt: string): Promise<QueuedBuild | undefined> {
    const { after: _after, afterBuilds: _builds, chroots, ...rest } = request;
    const wanted = chroots.filter((each) => each.chroot === chroot);
    const place = { id, owner: rest.owner, project: rest.project, package: rest.package };
    const files = await readdir(join(this.#context.home, 'published', published.srpmBuild(place))).catch(() => []);
    const srpm = files.find((name) => name.endsWith('.src.rpm'));
    if (srpm === undefined || wanted.length === 0) return undefined;
    const begin = {
      state: 'pending',
      reason: null,
      message: null,
      phase: 'queued',
      phaseStartedAt: requestedAt,
    } as const;
    const none = { phases: [], attempts: 0, builder: null, startedAt: null, endedAt: null } as const;
    const still = { cancelRequestedBy: null, skipBecause: null } as const;
    return {
      ...{ id, ...rest, after: [], requestedAt, srpm, srpmState: 'succeeded' },
      builderLabels: rest.builderLabels ?? [],
      chroots: wanted.map((each) => ({ ...each, ...begin, ...none, ...still })),
    };
  }

  #begin(id: number): void {
    const abort = new AbortController();
    const ended = this.#open(id, abort.signal)
      .catch((error) => this.#context.log('error', `debug session ${id} was left: ${describeError(error)}`))
      .finally(() => this.#underWay.delete(id));
    this.#underWay.set(id, { ended, abort });
  }

  async #open(id: number, signal: AbortSignal): Promise<void> {
    const { pool, log, now } = this.#context;
    const session = this.session(id);
    if (session === undefined) return;
    const name = `debug session ${id} (${nameBuild(session.build)} ${session.chroot} for ${session.by})`;
    let lease: Lease | undefined;
    try {
      const seconds = leaseSeconds(session.build) + this.#openSeconds;
      lease = await pool.take({ ...needOf(session.build, session), seconds, logins: true }, signal);
      // From here on no other build can get this builder, even after a crash of the service.
      await lease.keep(new Date(now().getTime() + seconds * 1000));
      await this.#commit({ kind: 'prepare', id, builder: lease.builder.name });
      const access = await openAccess(this.#context, session, lease.builder, this.#openSeconds, signal);
      await lease.keep(new Date(access.until));
      await this.#commit({ kind: 'open', id, access });
      signal.throwIfAborted();
      log('info', `${name} is open until ${access.until}`, { builder: lease.builder.name });
      this.#endAt(id, access.until);
    } catch (error) {
      // After a stop the pool ends the builder, or the next start does.
      if (this.#stopping) return;
      await lease?.release('end');
      if (signal.aborted) return;
      log('warn', `${name} could not be opened: ${describeError(error)}`);
      await this.#commit({ kind: 'end', id, state: 'failed', message: `${describeForPublic(error)}.` });
    }
  }

  #endAt(id: number, until: string): void {
    const left = Math.max(0, Date.parse(until) - this.#context.now().getTime());
    const timer = setTimeout(
      () => {
        const session = this.session(id);
        if (session === undefined) return;
        this.#over(session, 'Its time was over.').catch((error) =>
          this.#context.log('error', `debug session ${id} could not be ended: ${describeError(error)}`),
        );
      },
      Math.min(left, this.#openSeconds * 1000),
    );
    timer.unref();
    this.#timers.set(id, timer);
  }

  async #over({ id, builder }: DebugSession, message: string): Promise<void> {
    clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
    const under = this.#underWay.get(id);
    under?.abort.abort(new Error(message));
    if ((await this.#commit({ kind: 'end', id, state: 'ended', message })) === undefined) return;
    await under?.ended;
    const present = this.session(id)?.builder ?? builder;
    if (present !== null) await this.#context.pool.endKept(present);
    this.#context.log('info', `debug session ${id} is over: ${message}`);
  }

  async #commit(operation: DebugOperation): Promise<DebugSession | undefined> {
    const [changed] = await this.#store.commit([operation]);
    if (changed !== undefined) for (const listener of this.#listeners) listener(changed);
    return changed;
  }
}
