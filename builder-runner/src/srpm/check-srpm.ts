// The source package that a builder sent back: hostile until it has passed here.

import { join } from 'node:path';
import { formatNevra, parseNevra, rpmFileName } from '@coppice/config';
import { fail, type Outcome, succeed } from '../base/outcome.ts';
import { inQuotes } from '../base/sentence-parts.ts';
import { judgeRpmNames } from '../chroot-build/check-results.ts';
import { judgeFileNames } from '../rpm/judge-file-names.ts';
import { judgeTexts } from '../rpm/judge-texts.ts';
import { RpmHeaderError, readRpmHeader } from '../rpm/rpm-header.ts';
import { notExpanded, sourcesLeftOut } from './srpm-verdict.ts';

/** The file name of the source package, when its header says that it is one, of that name, with all of its sources. */
export async function checkSrpm(folder: string, name: string, chroot: string): Promise<Outcome<string>> {
  try {
    const header = await readRpmHeader(join(folder, name));
    const { nevra, leavesOut } = header;
    const expected = [rpmFileName(nevra), rpmFileName({ ...nevra, architecture: 'nosrc' })];
    if (nevra.architecture !== 'src') return refuse(`${inQuotes(name)} is a binary package`);
    if (leavesOut) return fail('source', sourcesLeftOut);
    const macro = /%\{?\w+\}?/.exec(`${nevra.version} ${nevra.release}`)?.[0];
    if (macro !== undefined) return fail('source', notExpanded(macro, chroot));
    if (!expected.includes(name) || parseNevra(formatNevra(nevra)) === undefined) {
      return refuse(`${inQuotes(name)} says of itself that it is ${inQuotes(expected[0] ?? '')}`);
    }
    const unfit = judgeTexts([header]) ?? judgeRpmNames([name]) ?? judgeFileNames(new Map([[name, header]]));
    return unfit === undefined ? succeed(name) : { ok: false, failure: unfit };
  } catch (error) {
    if (error instanceof RpmHeaderError) return refuse(`${inQuotes(name)} is not a source package: ${error.message}`);
    throw error;
  }
}

function refuse(why: string) {
  return fail('source', `The source package was refused: ${why}.`);
}
