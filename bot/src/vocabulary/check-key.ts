// The external id of a check run, by which a button on it says what it is about. Made and read here only. Pure.
import { type BuildId, type ChrootName, parseBuildId, parseChroot } from '@coppice/config';

/** What a check of ours tells of. */
export type CheckSubject =
  | { readonly kind: 'build'; readonly id: BuildId; readonly chroot: ChrootName }
  | { readonly kind: 'pull'; readonly number: number }
  | { readonly kind: 'config' };

/** Reads the external id of a check run; undefined for what is none of ours. Pure. */
export function readCheckKey(externalId: string): CheckSubject | undefined {
  const [kind, first = '', second = ''] = externalId.split('/');
  const id = parseBuildId(first);
  if (kind === 'config' && /^[0-9a-f]{40,64}$/.test(first)) return { kind };
  if (kind === 'pull' && id !== undefined) return { kind, number: id };
  const chroot = parseChroot(second)?.name;
  return kind === 'build' && id !== undefined && chroot !== undefined ? { kind, id, chroot } : undefined;
}

export function buildCheckKey(id: number, chroot: string): string {
  return `build/${id}/${chroot}`;
}
