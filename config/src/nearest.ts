// "Did you mean …": the known word that is nearest to what somebody wrote.
import { distance } from 'fastest-levenshtein';

/** The nearest of `known` within two edits (a third of longer words), or undefined. Case counts for nothing. */
export function nearest(word: string, known: Iterable<string>): string | undefined {
  const wanted = word.slice(0, 100).toLowerCase();
  const limit = Math.max(2, Math.floor(wanted.length / 3));
  let best: { name: string; edits: number } | undefined;
  for (const name of known) {
    const edits = distance(wanted, name.toLowerCase());
    if (edits <= limit && edits < name.length && (best === undefined || edits < best.edits)) best = { name, edits };
  }
  return best?.name;
}
