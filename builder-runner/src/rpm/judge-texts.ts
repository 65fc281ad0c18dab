// Whether the texts of packages can go into a repository's metadata.
import { type Failure, fail } from '../base/outcome.ts';
import { inQuotes } from '../base/sentence-parts.ts';
import type { RpmHeader } from './rpm-header.ts';

/** Why the packages with these headers cannot be shown by any repository; undefined: they can. Pure. */
export function judgeTexts(headers: Iterable<RpmHeader>): Failure | undefined {
  for (const { nevra, textFault } of headers) {
    if (textFault === undefined) continue;
    const name = /^[\w.+-]{1,120}$/.test(nevra.name) ? nevra.name : inQuotes(nevra.name);
    const sentence = `${textFault.where} of ${name} ${textFault.what}, which a repository cannot show: mend the spec.`;
    return fail('packaging', sentence.charAt(0).toUpperCase() + sentence.slice(1)).failure;
  }
  return undefined;
}
