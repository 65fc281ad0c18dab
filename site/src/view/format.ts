// Numbers, times and names as people read them. Everything is English and UTC.
import { parseChroot } from '@coppice/config';

/** `41 s`, `3 min 05 s`, `2 h 07 min`; under ten seconds with one decimal. */
export function formatSeconds(seconds: number): string {
  if (seconds < 9.95) return `${Math.round(seconds * 10) / 10} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${pad(whole % 60)} s`;
  return `${Math.floor(whole / 3600)} h ${pad(Math.floor((whole % 3600) / 60))} min`;
}

/** As `formatSeconds`, for the middle of a sentence: `41 seconds`, `1 second`. */
export function sayDuration(seconds: number): string {
  if (seconds >= 59.5) return formatSeconds(seconds);
  const count = Math.max(1, Math.round(seconds));
  return `${count} second${count === 1 ? '' : 's'}`;
}

/** `812 B`, `12.4 kB`, `3.1 MB`: powers of ten, as file managers count. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < sizeUnits.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : 1;
  return `${value.toFixed(digits)} ${sizeUnits[unit]}`;
}

const sizeUnits = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

/** `2026-11-22T17:04:07.000Z` → `22 Nov 2026, 17:04 UTC`. */
export function formatTime(iso: string): string {
  const time = new Date(iso);
  return `${formatDate(iso)}, ${pad(time.getUTCHours())}:${pad(time.getUTCMinutes())} UTC`;
}

/** `2026-11-22T17:04:07.000Z` → `22 Nov 2026`, its day in UTC. */
export function formatDate(iso: string): string {
  const time = new Date(iso);
  return `${time.getUTCDate()} ${months[time.getUTCMonth()]} ${time.getUTCFullYear()}`;
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const;

/** Seconds from one ISO time to another, never negative. */
export function secondsBetween(from: string, to: string): number {
  return Math.max(0, (Date.parse(to) - Date.parse(from)) / 1000);
}

const distributions: Readonly<Record<string, string>> = {
  epel: 'EPEL',
  'centos-stream': 'CentOS Stream',
  'opensuse-leap': 'openSUSE Leap',
  opensuse: 'openSUSE',
  rhel: 'RHEL',
};

/** `fedora-42-x86_64` → `Fedora 42`, `epel-9-aarch64` → `EPEL 9 (aarch64)`; other text as it is. */
export function chrootLabel(name: string): string {
  if (name === 'srpm') return 'Source package';
  const chroot = parseChroot(name);
  if (chroot === undefined) return name;
  const { distribution, release, architecture } = chroot;
  const words = distribution.split('-').map(capital);
  const title = `${distributions[distribution] ?? words.join(' ')} ${capital(release)}`;
  return architecture === 'x86_64' ? title : `${title} (${architecture})`;
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

/** `a`, `a and b`, `a, b and c`. */
export function sayList(items: readonly string[]): string {
  if (items.length < 2) return items.join('');
  return `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`;
}

/** A fingerprint in groups of four, as gpg prints it. */
export function formatFingerprint(fingerprint: string): string {
  return fingerprint.replace(/(.{4})(?=.)/g, '$1 ');
}

function pad(number: number): string {
  return String(number).padStart(2, '0');
}
