// Whether the mirror can be reached and written.
import { probeMirror } from '@coppice/builder-runner/runner';
import type { Settings } from '@coppice/config';
import type { Home } from '../service/home.ts';
import { describe } from '../service/log.ts';
import { broken, type Finding, good } from './doctor-finding.ts';

/** Writes a small file there and removes it; nothing when the settings name no mirror. */
export async function targetFindings(home: Home, settings: Settings): Promise<readonly Finding[]> {
  try {
    const name = await probeMirror(settings, home.folder);
    return name === undefined ? [] : [good('published mirror', `${name} can be written`)];
  } catch (error) {
    return [broken('published mirror', describe(error), 'mend what it says there, or `mirror` in the settings')];
  }
}
