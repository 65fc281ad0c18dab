// What the page of a project shows from the config repo besides its packages. People wrote the addresses: only web and
// mail addresses become links.
import type { PublishMode } from '@coppice/config';
import { webAddress } from '../markup/html.ts';
import type { SiteProject } from '../model/site-model.ts';

/** A text, and where it leads, if anywhere. */
export interface Reference {
  readonly text: string;
  readonly href: string | null;
}

export interface ProjectFacts {
  readonly homepage: Reference | null;
  readonly contact: Reference | null;
  readonly forkedFrom: Reference | null;
  /** Why nothing is built or published, or null. */
  readonly frozen: string | null;
  /** When users see what was built, or null where that is at once. */
  readonly publish: string | null;
  /** `YYYY-MM-DD`, or null. */
  readonly deleteAfter: string | null;
  /** Its file is gone: until when it may be put back (`YYYY-MM-DD HH:MM`, UTC), or null. */
  readonly leavesAt: string | null;
  /** Each chroot with what is special about it: null where it is built for as usual. */
  readonly chroots: readonly { readonly chroot: string; readonly note: string | null }[];
}

/** The facts of one project; `chroots` are those of its matrix. */
export function projectFacts({ entry }: Pick<SiteProject, 'entry'>, chroots: readonly string[]): ProjectFacts {
  return {
    homepage: reference(entry?.homepage ?? null),
    contact: reference(entry?.contact ?? null),
    forkedFrom: asText(entry?.forkedFrom ?? null),
    frozen: entry?.frozen ?? null,
    publish: publishNotes[entry?.publish ?? 'each'],
    deleteAfter: entry?.deleteAfter ?? null,
    leavesAt: entry?.leaving ? minuteOf(entry.leaving.deleteAt) : null,
    chroots: chroots.map((chroot) => ({ chroot, note: chrootNote(entry?.chrootStates[chroot]) })),
  };
}

const publishNotes: Readonly<Record<PublishMode, string | null>> = {
  each: null,
  batch: 'Builds that belong together can be installed when the last of them has ended.',
  manual: 'What is built can be installed when somebody has published it.',
};

/** Rounded up, as checks and answers say it: nothing happens before. */
function minuteOf(iso: string): string {
  return new Date(Math.ceil(Date.parse(iso) / 60_000) * 60_000).toISOString().slice(0, 16).replace('T', ' ');
}

function reference(text: string | null): Reference | null {
  if (text === null) return null;
  const isMail = /^[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$/.test(text);
  return { text, href: webAddress(text) ?? (isMail ? `mailto:${text}` : null) };
}

/** The project that it began as may be gone: no link. */
function asText(text: string | null): Reference | null {
  return text === null ? null : { text, href: null };
}

type ChrootStates = NonNullable<SiteProject['entry']>['chrootStates'];

function chrootNote(status: ChrootStates[string] | undefined): string | null {
  if (status === undefined || status.state === 'active') return null;
  const what = status.state === 'eol' ? 'end of life' : 'not built now';
  return status.keepUntil === null ? what : `${what}, kept until ${status.keepUntil}`;
}
