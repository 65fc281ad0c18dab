// Small parts of sentences. Pure.

/** `90` → `90 s`, `3600` → `1 h`; whole units only. */
export function duration(seconds: number): string {
  if (seconds % 3600 === 0 && seconds > 0) return `${seconds / 3600} h`;
  if (seconds % 60 === 0 && seconds > 0) return `${seconds / 60} min`;
  return `${seconds} s`;
}

/** `2147483648` → `2 GiB`, `1500000` → `1500000 bytes`; whole units only. */
export function bytes(count: number): string {
  for (const [unit, size] of [
    ['GiB', 1024 ** 3],
    ['MiB', 1024 ** 2],
  ] as const) {
    if (count >= size && count % size === 0) return `${count / size} ${unit}`;
  }
  return `${count} bytes`;
}

/** A size as people compare it: `12.5 GiB`, `640 KiB`, `17 bytes`; rounded up, so that it is never below a limit. */
export function roughBytes(count: number): string {
  for (const [unit, size] of [
    ['GiB', 1024 ** 3],
    ['MiB', 1024 ** 2],
    ['KiB', 1024],
  ] as const) {
    if (count >= size) return `${Math.ceil((count * 10) / size) / 10} ${unit}`;
  }
  return `${count} bytes`;
}

/** `a`, `a and b`, `a, b and c`, `a, b, c and 4 more`. */
export function listed(words: readonly string[], most = 3): string {
  const shown = words.length > most ? [...words.slice(0, most), `${words.length - most} more`] : words;
  if (shown.length < 2) return shown.join('');
  return `${shown.slice(0, -1).join(', ')} and ${shown.at(-1)}`;
}

/** A piece of a log in a sentence: bounded, without an end that would close the sentence early. */
export function quoted(text: string | undefined, most = 160): string {
  const plain = (text ?? '').replace(/\s+/g, ' ').trim();
  const short = plain.length > most ? `${plain.slice(0, most - 1)}…` : plain;
  return short.replace(/[.\s]+$/, '');
}

/** Hostile text, such as a name that a builder gave: in quotes, printable, short. */
export function inQuotes(text: string): string {
  return JSON.stringify(text.slice(0, 120));
}

/** The last part of a path. */
export function baseName(path: string | undefined): string {
  return (path ?? '').split('/').at(-1) ?? '';
}

/** A path as people know it: without the folder in which mock builds and the temporary names. */
export function shortPath(path: string | undefined): string {
  return (path ?? '').replace(/^\/builddir\/build\/(?:BUILD|BUILDROOT|SOURCES|SPECS)\//, '');
}
