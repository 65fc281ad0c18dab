// Parses `result.json`: a good record, a broken file, or the record of another build. Pure; the text may be anything.
import { parseChroot } from './chroot.ts';
import { parseJsonAs } from './parse-json-as.ts';
import { isBuildPlace, published } from './published.ts';
import { type Result, resultSchema } from './result.ts';

/** A larger `result.json` is not the runner's. */
export const maximumResultBytes = 4 * 1024 * 1024;

export type ResultReading =
  | { readonly kind: 'result'; readonly result: Result }
  /**
   * `broken`: no JSON, or not as the schema says. `foreign`: the record of another build. `why` stands behind the name
   * of the file.
   */
  | { readonly kind: 'broken' | 'foreign'; readonly why: string };

/**
 * `folder`: where the file is, relative to `published/`. Undefined when the record may speak of another place: it is
 * moving.
 */
export function parseResult(text: string, folder: string | undefined): ResultReading {
  const read = parseJsonAs(text, resultSchema);
  if (read.kind === 'broken') return read;
  const result = read.value;
  if (folder === undefined || standsIn(result, folder)) return { kind: 'result', result };
  const why = 'it speaks of another build than its folder; the builds of that folder must be made again';
  return { kind: 'foreign', why };
}

/** A record must speak of the build in whose folder it stands: what it says becomes paths. */
function standsIn(result: Result, folder: string): boolean {
  if (!isBuildPlace(result)) return false;
  if (result.chroot === 'srpm') return folder === published.srpmBuild(result);
  const chroot = parseChroot(result.chroot);
  return chroot !== undefined && folder === published.chrootBuild(result, chroot.name);
}
