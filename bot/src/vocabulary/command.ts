// What people can say to the bot: one line of a comment → one command, or a mistake with a way out. Pure.
import type { BuildId } from '@coppice/config';

/** Every verb there is, as `/help` lists them. */
export const verbs = [
  'build',
  'rebuild',
  'cancel',
  'status',
  'plan',
  'logs',
  'explain',
  'debug',
  'request',
  'approve',
  'fork',
  'delete',
  'publish',
  'rollback',
  'legal',
  'freeze',
  'resolve',
  'help',
] as const;
export type Verb = (typeof verbs)[number];

/** What is asked of the builds themselves, beside what the config states. */
export interface Wishes {
  /** Seconds; null: as the config states. */
  readonly timeoutSeconds: number | null;
  /** Bytes; null: as the config states. */
  readonly memoryBytes: number | null;
  /** It waits for all builds that are not in the background. */
  readonly background: boolean;
  /** Builds that must succeed first. */
  readonly after: readonly BuildId[];
  /** `rpmbuild --with` and `--without`, in addition to what the config states. */
  readonly with: readonly string[];
  readonly without: readonly string[];
}

/** Which packages are meant; empty lists mean all. Nothing is looked up yet. */
export interface Target {
  readonly packages: readonly string[];
  readonly chroots: readonly string[];
  /** `owner/name` as written. */
  readonly project: string | undefined;
}

/** One command of a comment. `line` is what the person wrote, for the answer. */
export type Command = { readonly line: string } & (
  | ({ readonly kind: 'build'; readonly force: boolean; readonly wishes: Wishes } & Target)
  /** `ids`: again from the same sources; `packages`: again from what is stated. One of the two is empty. */
  | ({ readonly kind: 'rebuild'; readonly ids: readonly BuildId[]; readonly wishes: Wishes } & Target)
  | ({ readonly kind: 'plan'; readonly force: boolean } & Target)
  /** Of one build, of one package, or of all that waits and runs. */
  | ({ readonly kind: 'status' } & Subject)
  | { readonly kind: 'cancel'; readonly ids: readonly BuildId[] }
  | { readonly kind: 'logs'; readonly id: BuildId; readonly chroot: string | undefined }
  | ({ readonly kind: 'explain' } & Subject)
  /** A failed build on a builder of its own, to log in; `end`: no more of that. */
  | { readonly kind: 'debug'; readonly id: BuildId; readonly chroot: string | undefined; readonly end: boolean }
  | { readonly kind: 'delete-build'; readonly id: BuildId }
  | { readonly kind: 'delete-project'; readonly project: string }
  /** Users see what was built and waits for that. No chroots: all. */
  | { readonly kind: 'publish'; readonly project: string | undefined; readonly chroots: readonly string[] }
  /** Users see generation `to` again; without a number, what they saw before. */
  | {
      readonly kind: 'rollback';
      readonly to: number | undefined;
      readonly project: string | undefined;
      readonly chroots: readonly string[];
    }
  | { readonly kind: 'fork'; readonly project: string; readonly as: string | undefined }
  | { readonly kind: 'request'; readonly role: Role | 'drop'; readonly project: string | undefined }
  /** The wish of a person for rights; the login is without its `@`. */
  | { readonly kind: 'approve-rights'; readonly login: string; readonly project: string | undefined }
  /** The present state of a pull request, or the one that `sha` as it was written names. */
  | { readonly kind: 'approve-head'; readonly sha: string | undefined }
  | { readonly kind: 'legal'; readonly text: string; readonly project: string | undefined }
  | { readonly kind: 'legal-list' }
  | { readonly kind: 'resolve-report'; readonly report: number }
  | { readonly kind: 'freeze'; readonly project: string; readonly reason: string }
  | { readonly kind: 'resolve'; readonly project: string }
  | { readonly kind: 'help' }
  /** It was meant for us but says nothing that we can do. `suggestion` is a whole line to write instead. */
  | { readonly kind: 'mistake'; readonly why: string; readonly suggestion: string | undefined }
);

export interface Subject {
  readonly id: BuildId | undefined;
  readonly package: string | undefined;
  readonly project: string | undefined;
}

/** What a person can be in a project. */
export type Role = 'builder' | 'maintainer';
