// Durations and sizes as people write them.

const durationPattern = /^(?:(\d{1,6})d)?(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,9})s)?$/;

/** `90s`, `30m`, `1h30m`, `2d` → seconds; undefined when the text is no duration. */
export function parseDuration(text: string): number | undefined {
  const match = durationPattern.exec(text);
  if (match === null || text === '') return undefined;
  const [days, hours, minutes, seconds] = match.slice(1).map((part) => Number(part ?? 0));
  return (((days ?? 0) * 24 + (hours ?? 0)) * 60 + (minutes ?? 0)) * 60 + (seconds ?? 0);
}

/** `3600` → "write its unit: `3600s` or `1h`"; undefined for what is no number of whole seconds. */
export function durationHint(seconds: number): string | undefined {
  if (!Number.isSafeInteger(seconds) || seconds <= 0 || seconds > 999_999_999) return undefined;
  const short = formatShort(seconds);
  return `write its unit: \`${seconds}s\`${short === `${seconds}s` ? '' : ` or \`${short}\``}`;
}

const spokenUnits = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
  ['second', 1],
] as const;

/**
 * How long something is kept or waits, in words: `1209600` → "14 days", `129600` → "1 day and 12 hours". Exact: what is
 * told is what is done. Fractions of a second do not count.
 */
export function forHowLong(seconds: number): string {
  let rest = Math.max(0, Math.floor(seconds));
  const parts = spokenUnits.flatMap(([unit, length]) => {
    const count = Math.floor(rest / length);
    rest %= length;
    return count === 0 ? [] : [`${count} ${unit}${count === 1 ? '' : 's'}`];
  });
  if (parts.length < 2) return parts[0] ?? '0 seconds';
  return `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`;
}

/** `5400` → `1h30m`: what parseDuration reads as so many seconds. */
export function formatShort(seconds: number): string {
  const units = [
    ['d', Math.floor(seconds / 86_400)],
    ['h', Math.floor(seconds / 3600) % 24],
    ['m', Math.floor(seconds / 60) % 60],
    ['s', seconds % 60],
  ] as const;
  return units.flatMap(([unit, count]) => (count === 0 ? [] : [`${count}${unit}`])).join('');
}

const unitSeconds = { d: 86_400, h: 3600, m: 60, s: 1 } as const;
const spokenPart =
  /(\d{1,6}(?:[.,]\d{1,3})?) ?(days?|d|hours?|hrs?|h|minutes?|mins?|m|seconds?|secs?|s)(?![a-z])[\s,]*/giy;

/** What `1 hour`, `90 min`, `1.5h` or `3600` mean, as parseDuration reads it; undefined when that is not clear. */
export function suggestDuration(text: string): string | undefined {
  const spoken = text.slice(0, 100).trim();
  if (/^\d{1,9}$/.test(spoken)) return Number(spoken) > 0 ? formatShort(Number(spoken)) : undefined;
  let seconds = 0;
  let end = 0;
  for (const [all, number = '', unit = ''] of spoken.matchAll(new RegExp(spokenPart))) {
    seconds += Number(number.replace(',', '.')) * unitSeconds[unit.charAt(0).toLowerCase() as keyof typeof unitSeconds];
    end += all.length;
  }
  return end === spoken.length && Number.isSafeInteger(seconds) && seconds > 0 ? formatShort(seconds) : undefined;
}

const sizeFactors = { B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 } as const;

/**
 * `10 GiB`, `512MiB` → bytes; undefined when the text is no size. Binary units only, so that a size means one number.
 */
export function parseSize(text: string): number | undefined {
  const match = /^(\d{1,6}) ?(B|KiB|MiB|GiB|TiB)$/.exec(text);
  if (match === null) return undefined;
  return Number(match[1]) * sizeFactors[match[2] as keyof typeof sizeFactors];
}
