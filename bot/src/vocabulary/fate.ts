// What becomes of a project when another config comes into force, as checks and `coppice plan` say it.
import type { ChrootName, PublishMode } from '@coppice/config';

/**
 * `frozen`: the project is frozen, so what it has published is out of reach; of what stays, only a new config that says
 * otherwise (`/resolve`) brings it back, and retention waits for that.
 */
interface MayBeFrozen {
  readonly frozen?: true;
}

export type Fate =
  | ({
      readonly kind: 'deletes';
      /** `owner/name`, here and below. */
      readonly project: string;
      readonly packages: number;
      /** Builds of it, live ones included. */
      readonly builds: number;
      /** ISO 8601 UTC; null: at once. */
      readonly at: string | null;
      /** It was an earlier push that took its file away. */
      readonly before: boolean;
    } & MayBeFrozen)
  | {
      readonly kind: 'renames';
      readonly from: string;
      readonly to: string;
      /** Those that it is built for. */
      readonly chroots: readonly ChrootName[];
    }
  /** It is not renamed, although the other one says so: that one has this many builds of its own. */
  | { readonly kind: 'apart'; readonly from: string; readonly to: string; readonly builds: number }
  /** It is new and says that it was this one, which is not there to be renamed, or becomes another one. */
  | { readonly kind: 'unfounded'; readonly from: string; readonly to: string }
  /** Its file is back before it was deleted. */
  | ({ readonly kind: 'keeps'; readonly project: string } & MayBeFrozen)
  /** It builds these no more. What its chroots have published stays. */
  | ({
      readonly kind: 'drops';
      readonly project: string;
      readonly packages: readonly string[];
      /** How long what the packages have published stays, in seconds: 0 for not at all, null for ever. */
      readonly keptSeconds: number | null;
      readonly chroots: readonly string[];
    } & MayBeFrozen)
  /** Packages of it are back before what they have published was deleted. */
  | ({ readonly kind: 'returns'; readonly project: string; readonly packages: readonly string[] } & MayBeFrozen)
  /**
   * Packages that had left it before, and what they have published goes at another time now, ISO 8601 UTC, or null for
   * never. `due`: that time is over, so it goes at once.
   */
  | ({
      readonly kind: 'retimes';
      readonly project: string;
      readonly packages: readonly string[];
      readonly before: string | null;
      readonly at: string | null;
      readonly due: boolean;
    } & MayBeFrozen)
  /** Its users see something else, without any build. */
  | ({ readonly kind: 'shows'; readonly project: string; readonly changes: readonly UserChange[] } & MayBeFrozen)
  /** `coppice.yaml` says something else of all projects. Each in the words of the config. */
  | { readonly kind: 'policy'; readonly changes: readonly PolicyChange[] }
  /** Its next signing key is of another kind. */
  | { readonly kind: 'key'; readonly project: string; readonly from: string; readonly to: string };

/** What changes for the users of a project; null where nothing is stated. */
export type UserChange =
  | { readonly what: 'publish'; readonly from: PublishMode; readonly to: PublishMode }
  /** One of dnf's options in its `.repo` files. */
  | { readonly what: 'option'; readonly name: string; readonly from: string | null; readonly to: string | null }
  /** A further file of its metadata. */
  | { readonly what: 'metadata'; readonly name: string; readonly from: string | null; readonly to: string | null }
  /** Repositories in its `.repo` files beside its own. */
  | { readonly what: 'needed'; readonly added: readonly string[]; readonly removed: readonly string[] }
  /** All that it has published goes out of reach, or comes back. */
  | { readonly what: 'frozen'; readonly frozen: boolean }
  /** The day on which it is deleted. */
  | { readonly what: 'last day'; readonly from: string | null; readonly to: string | null };

export interface PolicyChange {
  /** `retention.failed`. */
  readonly key: string;
  readonly from: string;
  readonly to: string;
}
