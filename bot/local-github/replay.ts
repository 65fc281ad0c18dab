// The emulator lives in memory. Its writes are kept and taken again at the next start: in the same order, so with the
// same ids.
import type { ApiAnswer, AskEmulator, Json } from './answers/api.ts';
import { ADMIN_IDENTITY } from './rest.ts';
import type { KeptCall, KeptState } from './state/kept-state.ts';
import { type Identity, PERMISSIONS, tokenOf, USERS } from './state/users.ts';

const TIMES = ['created_at', 'closed_at', 'merged_at', 'updated_at', 'started_at', 'completed_at'];

/** Reads and the making of tokens are not kept. */
const isKept = (method: string, path: string) => method !== 'GET' && !path.startsWith('/app/');

/** Wraps `ask` so that each write that succeeds is on the disk before it is answered. */
export function keepWrites(ask: AskEmulator, state: KeptState, changed: () => Promise<void>): AskEmulator {
  return async (method, path, body, as) => {
    const answer = await ask(method, path, body, as);
    if (answer.status >= 300 || !isKept(method, path)) return answer;
    keepCall(state.calls, { method, path, body: (body ?? {}) as Json, as: nameOf(as ?? ADMIN_IDENTITY) });
    keepTimes(state, answer);
    await changed();
    return answer;
  };
}

/** An edit of a thing that was edited before replaces that edit, so that the list does not grow with each status. */
function keepCall(calls: KeptCall[], call: KeptCall) {
  const again = call.method === 'PATCH' && !('state' in call.body);
  const earlier = again
    ? calls.findLast((one) => one.method === 'PATCH' && one.path === call.path && !('state' in one.body))
    : undefined;
  if (earlier && earlier.as === call.as) earlier.body = { ...earlier.body, ...call.body };
  else calls.push(call);
}

function keepTimes(state: KeptState, answer: ApiAnswer) {
  const thing = (answer.body ?? {}) as Json;
  if (typeof thing.url !== 'string' || !thing.url.includes('/api/v3/')) return;
  const found = Object.entries(thing).filter(([key]) => TIMES.includes(key)) as [string, string | null][];
  const key = thing.url.split('/api/v3')[1] ?? '';
  const first = state.times[key]?.created_at;
  state.times[key] = { ...Object.fromEntries(found), ...(first ? { created_at: first } : {}) };
}

/** Takes all kept writes again. `installation` is a fresh token of the app. */
export async function replayWrites(ask: AskEmulator, state: KeptState, installation: Identity): Promise<void> {
  for (const call of state.calls) {
    const answer = await ask(call.method, call.path, call.body, identityOf(call.as, installation));
    if (answer.status >= 300) {
      throw new Error(
        `the saved ${call.method} ${call.path} is refused now (${answer.status}): remove the local GitHub's state.json to start anew`,
      );
    }
  }
}

/** Puts the times of the first life back; what happened since `replayedAt` keeps its own. */
export function restoreTimes(thing: Json, times: KeptState['times'], replayedAt: string) {
  if (typeof thing.url !== 'string') return;
  const kept = times[thing.url.split('/api/v3')[1] ?? ''];
  if (!kept) return;
  for (const [key, value] of Object.entries(kept)) {
    const now = thing[key];
    if (key === 'created_at' || (typeof now === 'string' && now <= replayedAt)) thing[key] = value ?? now;
  }
}

const nameOf = (identity: Identity) => (identity.kind === 'user' ? identity.login : 'app');

function identityOf(name: string, installation: Identity): Identity {
  if (name === 'app') return installation;
  return { kind: 'user', login: name, permission: USERS[name] ?? PERMISSIONS[0], token: tokenOf(name) };
}
