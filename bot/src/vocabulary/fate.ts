// What becomes of a project when another config comes into force, as checks and `coppice plan` say it.

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
  | { readonly kind: 'renames'; readonly from: string; readonly to: string }
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
  /** Its next signing key is of another kind. */
  | { readonly kind: 'key'; readonly project: string; readonly from: string; readonly to: string };
