// "Did you mean …": the known word that is nearest to what somebody wrote.
import { distance } from 'fastest-levenshtein';

/** Words that are compared: a hostile file asks for thousands of words among thousands. */
const maximumKnown = 500;

/**
 * The nearest of `known`, or undefined when none is within two edits (a third of longer words). `strictly`: words of up
 * to four letters within one, where a word may well be meant for somebody else. Case counts for nothing. Only the first
 * 500 are compared.
 */
export function nearest(word: string, known: Iterable<string>, how?: 'strictly'): string | undefined {
  const wanted = word.slice(0, 100).toLowerCase();
  const limit = how === 'strictly' && wanted.length < 5 ? 1 : Math.max(2, Math.floor(wanted.length / 3));
  let best: { name: string; edits: number } | undefined;
  let asked = 0;
  for (const name of known) {
    asked += 1;
    if (asked > maximumKnown) break;
    const edits = distance(wanted, name.toLowerCase());
    if (edits <= limit && edits < name.length && (best === undefined || edits < best.edits)) best = { name, edits };
  }
  return best?.name;
}
