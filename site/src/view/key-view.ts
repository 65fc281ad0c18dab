// What a project's page says of its signing keys. Pure.
import type { KeyNote, ProjectsJson } from '@coppice/config';
import { formatFingerprint } from './format.ts';

export interface KeyView {
  /** In groups of four. */
  readonly fingerprint: string;
  /** What it is for, and until when or from when on; null where that is not known. */
  readonly note: string | null;
}

/** The one that signs comes first. None for a project that is not stated, or has none yet. */
export function keysOf(entry: Pick<ProjectsJson['projects'][number], 'keyFingerprint' | 'keys'> | null): KeyView[] {
  if (entry === null || entry.keyFingerprint === null) return [];
  // Written by a service that did not tell more yet.
  if (entry.keys.length === 0) return [{ fingerprint: formatFingerprint(entry.keyFingerprint), note: null }];
  return entry.keys.map((key) => ({ fingerprint: formatFingerprint(key.fingerprint), note: noteOf(key) }));
}

function noteOf({ kind, role, endsAt, signsFrom }: KeyNote): string {
  const end = endsAt === null ? 'without an end' : `until ${endsAt.slice(0, 10)}`;
  switch (role) {
    case 'signing':
      return `${kind}, ${end}`;
    case 'next':
      return `the next one, ${kind}, signs ${signsFrom === null ? '' : `from ${signsFrom.slice(0, 10)} `}${end}`;
    case 'former':
      return 'a former one: older packages are signed with it';
  }
}
