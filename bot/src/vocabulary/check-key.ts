// The external id of a check run, by which a button on it says what it is about. Made and read here only. Pure.
import { type BuildId, type ChrootName, parseBuildId, parseChroot } from '@coppice/config';

/** What a check of ours tells of. */
export type CheckSubject =
  | { readonly kind: 'build'; readonly id: BuildId; readonly chroot: ChrootName }
  | { readonly kind: 'pull'; readonly number: number }
  | { readonly kind: 'group'; readonly commit: string }
  | { readonly kind: 'config' };

/** Reads the external id of a check run; undefined for what is none of ours. Pure. */
export function readCheckKey(externalId: string): CheckSubject | undefined {
  const [kind, first = '', second = ''] = externalId.split('/');
  const id = parseBuildId(first);
  const isCommit = /^[0-9a-f]{40,64}$/.test(first);
  if (kind === 'config' && isCommit) return { kind };
  if (kind === 'group' && isCommit) return { kind, commit: first };
  if (kind === 'pull' && id !== undefined) return { kind, number: id };
  const chroot = parseChroot(second)?.name;
  return kind === 'build' && id !== undefined && chroot !== undefined ? { kind, id, chroot } : undefined;
}

/** True for keys of the same check that were made for different requests. */
export function isOfSame(one: string, other: string): boolean {
  const [subject, same] = [one, other].map((key) => {
    const parts = key.split('/');
    return parts.slice(0, parts[0] === 'pull' || parts[0] === 'build' ? 3 : 2).join('/');
  });
  return subject === same;
}

/** Of one chroot of a build. */
export function buildCheckKey(id: number, chroot: string): string {
  return ['build', id, chroot].join('/');
}

/** Of a commit of the default branch; with the batch of the request when it is planned again. */
export function configCheckKey(commit: string, batch?: string): string {
  return ['config', commit, ...(batch === undefined ? [] : [batch])].join('/');
}

/** Of the head of a pull request; with the batch of the request that it was judged for. */
export function pullCheckKey(number: number, head: string, batch?: string): string {
  return ['pull', number, head, ...(batch === undefined ? [] : [batch])].join('/');
}

/** Of what a merge queue would merge; with the batch of the request that it was judged for. */
export function groupCheckKey(commit: string, batch?: string): string {
  return ['group', commit, ...(batch === undefined ? [] : [batch])].join('/');
}
