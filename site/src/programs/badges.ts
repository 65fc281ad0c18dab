// SVG badges: how a package or a project stands, and what can be installed. Pure.
import { type BuildState, failedOn, type Standing } from '@coppice/config';
import { makeBadge } from 'badge-maker';
import { xmlCharacters } from '../markup/xml.ts';

type Tone = 'good' | 'bad' | 'busy' | 'none';

/** White text on each of them has a contrast of 4.5 and more. */
const colours: Readonly<Record<Tone, string>> = { good: '#1a7340', bad: '#b42318', busy: '#1d5fa8', none: '#5b665f' };

interface Said {
  readonly message: string;
  readonly tone: Tone;
}

/** How a package stands in its chroots together. */
export function packageSays(chroots: readonly Standing[]): Said {
  const states = chroots.flatMap(({ newest }): readonly BuildState[] => (newest === null ? [] : [newest.state]));
  const count = (...wanted: readonly BuildState[]) => states.filter((state) => wanted.includes(state)).length;
  const failed = count('failed');
  if (count('starting', 'running') > 0) return { message: 'building', tone: 'busy' };
  if (count('pending') > 0) return { message: 'waiting', tone: 'busy' };
  if (failed > 0) return { message: failedOn(states) ?? 'failed', tone: 'bad' };
  if (count('succeeded') > 0) return { message: 'succeeded', tone: 'good' };
  return states.length === 0 ? { message: 'never built', tone: 'none' } : { message: states[0] ?? '', tone: 'none' };
}

/** How the packages of a project stand together. */
export function projectSays(packages: readonly { readonly chroots: readonly Standing[] }[]): Said {
  const tones = packages.map(({ chroots }) => packageSays(chroots).tone);
  const failed = tones.filter((tone) => tone === 'bad').length;
  const good = tones.filter((tone) => tone === 'good').length;
  if (failed > 0) return { message: `${failed} of ${packages.length} failed`, tone: 'bad' };
  if (tones.includes('busy')) return { message: 'building', tone: 'busy' };
  return good === 0
    ? { message: 'nothing built', tone: 'none' }
    : { message: `${good} package${good === 1 ? '' : 's'}`, tone: 'good' };
}

/** What can be installed of a package. */
export function versionSays(version: string | null): Said {
  return version === null ? { message: 'nothing to install', tone: 'none' } : { message: version, tone: 'good' };
}

/** Pictures that were made last: measuring their texts takes a while, and few of them are new. */
const known = new Map<string, string>();
const maximumKnown = 2000;

/** The picture. Names and versions may be hostile. */
export function badge(label: string, { message, tone }: Said): string {
  const key = JSON.stringify([label, message, tone]);
  const before = known.get(key);
  if (before !== undefined) return before;
  const text = { label: xmlCharacters(label), message: xmlCharacters(message) };
  const picture = `${makeBadge({ ...text, color: colours[tone], labelColor: '#3b443f' })}\n`;
  if (known.size >= maximumKnown) known.clear();
  known.set(key, picture);
  return picture;
}
