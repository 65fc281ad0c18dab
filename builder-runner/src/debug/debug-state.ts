// The stored state of debug sessions: requested, being prepared, open for a while, ended.
// Pure.
import type { ChrootName, QueuedBuild } from '@coppice/config';

/** The way in: what one needs to know to log in. */
export interface DebugAccess {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** Of the host key, as ssh shows it: `SHA256:…`. */
  readonly fingerprint: string;
  /** The folder of the build there, absolute: its configuration, its source package, its logs. */
  readonly folder: string;
  /** ISO 8601 UTC. */
  readonly until: string;
  /** mock's exit code this time; null when its time was over. */
  readonly exitCode: number | null;
}

export interface DebugSession {
  readonly id: number;
  /** Unique to the request, and the same when it is made again. */
  readonly key: string;
  /** What is built again. */
  readonly build: QueuedBuild;
  readonly chroot: ChrootName;
  /** Login of who asked. */
  readonly by: string;
  /** Public SSH keys, one line each, without options and comments. */
  readonly keys: readonly string[];
  readonly requestedAt: string;
  /** `ended` was open, or was ended before; `failed` could not be opened. */
  readonly state: 'waiting' | 'preparing' | 'open' | 'ended' | 'failed';
  readonly builder: string | null;
  readonly access: DebugAccess | null;
  /** One sentence on why it is over. */
  readonly message: string | null;
}

export type DebugOperation =
  | {
      readonly kind: 'request';
      readonly session: Omit<DebugSession, 'id' | 'state' | 'builder' | 'access' | 'message'>;
    }
  /** It is begun anew: an earlier try was cut off. */
  | { readonly kind: 'wait'; readonly id: number }
  | { readonly kind: 'prepare'; readonly id: number; readonly builder: string }
  | { readonly kind: 'open'; readonly id: number; readonly access: DebugAccess }
  | { readonly kind: 'end'; readonly id: number; readonly state: 'ended' | 'failed'; readonly message: string };

export interface DebugState {
  lastId: number;
  sessions: DebugSession[];
}

/** So many that are over are remembered. */
const rememberedSessions = 200;

export function emptyDebugState(): DebugState {
  return { lastId: 0, sessions: [] };
}

export function isOver({ state }: DebugSession): boolean {
  return state === 'ended' || state === 'failed';
}

/** Returns the changed session; undefined when nothing changed, as for a session that has ended. */
export function applyDebugOperation(state: DebugState, operation: DebugOperation): DebugSession | undefined {
  if (operation.kind === 'request') return request(state, operation.session);
  const index = state.sessions.findIndex(({ id }) => id === operation.id);
  const before = state.sessions[index];
  if (before === undefined || isOver(before)) return undefined;
  const after = change(before, operation);
  state.sessions[index] = after;
  return after;
}

function request(
  state: DebugState,
  session: Extract<DebugOperation, { kind: 'request' }>['session'],
): DebugSession | undefined {
  const known = state.sessions.find(({ key }) => key === session.key);
  if (known !== undefined) return known;
  state.lastId += 1;
  const made: DebugSession = {
    ...session,
    ...{ id: state.lastId, state: 'waiting', builder: null, access: null, message: null },
  };
  const over = state.sessions.filter(isOver);
  const forgotten = new Set(over.slice(0, Math.max(0, over.length - rememberedSessions)));
  state.sessions = [...state.sessions.filter((one) => !forgotten.has(one)), made];
  return made;
}

function change(before: DebugSession, operation: Exclude<DebugOperation, { kind: 'request' }>): DebugSession {
  switch (operation.kind) {
    case 'wait':
      return { ...before, state: 'waiting', builder: null, access: null };
    case 'prepare':
      return { ...before, state: 'preparing', builder: operation.builder };
    case 'open':
      return { ...before, state: 'open', access: operation.access };
    case 'end':
      return { ...before, state: operation.state, message: operation.message };
  }
}
