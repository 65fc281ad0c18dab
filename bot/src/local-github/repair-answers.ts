// Makes the emulator's answers what GitHub answers. One table; differences.ts says in words what each row closes.
import type { ApiAnswer, ApiRequest, House, Json } from './api.ts';

/** Repairs every object in an answer, at any depth. */
type Repair = (thing: Json, house: Pick<House, 'url' | 'apiUrl' | 'slug'>) => void;

const EVERYWHERE: readonly Repair[] = [browserLinks];

export function repairAnswer(house: House, _request: ApiRequest, answer: ApiAnswer): ApiAnswer {
  if (answer.body === null || typeof answer.body !== 'object') return answer;
  walk(answer.body, (thing) => {
    for (const repair of EVERYWHERE) repair(thing, house);
  });
  return answer;
}

/** Pages for people are not below /api/v3. */
function browserLinks(thing: Json, { url, apiUrl }: Pick<House, 'url' | 'apiUrl'>) {
  for (const key of [
    'html_url',
    'clone_url',
    'svn_url',
    'diff_url',
    'patch_url',
    'blob_url',
    'raw_url',
    'avatar_url',
  ]) {
    const value = thing[key];
    if (typeof value === 'string' && value.startsWith(apiUrl)) thing[key] = url + value.slice(apiUrl.length);
  }
}

function walk(value: unknown, visit: (thing: Json) => void) {
  if (Array.isArray(value)) for (const one of value) walk(one, visit);
  else if (value !== null && typeof value === 'object') {
    visit(value as Json);
    for (const one of Object.values(value)) walk(one, visit);
  }
}
