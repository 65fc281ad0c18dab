// Durations and sizes as people write them.

const durationPattern = /^(?:(\d{1,6})d)?(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,9})s)?$/;

/** `90s`, `30m`, `1h30m`, `2d` → seconds; undefined when the text is no duration. */
export function parseDuration(text: string): number | undefined {
  const match = durationPattern.exec(text);
  if (match === null || text === '') return undefined;
  const [days, hours, minutes, seconds] = match.slice(1).map((part) => Number(part ?? 0));
  return (((days ?? 0) * 24 + (hours ?? 0)) * 60 + (minutes ?? 0)) * 60 + (seconds ?? 0);
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
