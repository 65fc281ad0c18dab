// Durations and sizes as people write them in comments, with units of many spellings. Pure.
import { parseDuration, parseSize } from '@coppice/config';

const seconds = { s: 1, m: 60, h: 3600, d: 86_400 } as const;
const part =
  /(\d{1,9}(?:[.,]\d{1,3})?)\s*(seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h|days?|d)(?![a-z])[\s,]*(?:and\s+)?/giy;

/** What may stand behind a number as a word of its own. */
export const unitPattern = /^(?:seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h|days?|d|[kmgt]i?b?|bytes?|b)$/i;

/**
 * `2h`, `28800 seconds`, `1 hour 30 minutes` → seconds. A number by itself means seconds, as Copr takes it; one below a
 * minute is not believed. Undefined when it is no duration.
 */
export function readDuration(text: string): number | undefined {
  const strict = parseDuration(text);
  if (strict !== undefined) return strict === 0 ? undefined : strict;
  if (/^\d{2,9}$/.test(text)) return Number(text) < 60 ? undefined : Number(text);
  const parts = [...text.trim().matchAll(part)];
  if (parts.length === 0 || parts.map(([all]) => all).join('') !== text.trim()) return undefined;
  const sum = parts.reduce((sofar, [, number = '', unit = '']) => {
    const letter = unit.charAt(0).toLowerCase() as keyof typeof seconds;
    return sofar + Number(number.replace(',', '.')) * seconds[letter];
  }, 0);
  return sum === 0 ? undefined : Math.round(sum);
}

/** A duration that was probably meant by what is none. */
export function guessDuration(text: string): string {
  const number = Number(/^\d{1,2}$/.exec(text)?.[0] ?? 0);
  if (number === 0) return '1h30m';
  return number <= 12 ? `${number}h` : `${number}m`;
}

/** `4GiB`, `4 gib` → bytes. Undefined when it is no size: units of ten (`GB`) mean two numbers. */
export function readSize(text: string): number | undefined {
  const [, number = '', unit = ''] = /^(\d{1,6})\s*([kmgt])ib$/i.exec(text) ?? [];
  const bytes = unit === '' ? parseSize(text) : parseSize(`${number}${unitOf(unit)}`);
  return bytes === 0 ? undefined : bytes;
}

/** A size that was probably meant by what is none. */
export function guessSize(text: string): string {
  const [, number = '', unit = ''] = /^(\d{1,6})(?![\d.,])\s*([kmgt]?)/i.exec(text) ?? [];
  if (Number(number) === 0) return '4GiB';
  return `${Number(number)}${unit === '' ? (Number(number) < 256 ? 'GiB' : 'MiB') : unitOf(unit)}`;
}

function unitOf(letter: string): string {
  return `${letter.toUpperCase()}iB`;
}
