// What the bot remembers of a pull request.

/** Who let a head of a pull request be built. Whether that login may is asked anew each time. */
export interface Approval {
  readonly sha: string;
  readonly by: string;
}

/** What the bot knows of a pull request; kept after its end until its sandboxes are gone. */
export interface KnownPull {
  readonly number: number;
  /** Login of the one who opened it. */
  readonly author: string;
  /** The head that was judged last. */
  readonly head: string;
  /** When the bot saw that head first, ISO 8601 UTC. */
  readonly headSeenAt: string;
  /** `owner/name` of every project that it changes at that head, sorted. */
  readonly touched: readonly string[];
  /** It makes a project, or changes the policy or the chroots: only an admin may let it be built. */
  readonly needsAdmin: boolean;
  /** Its check says that it conflicts with the default branch. Default: false. */
  readonly conflicts?: boolean;
  /** Of that head. */
  readonly approvals: readonly Approval[];
  /** ISO 8601 UTC; null while it is open. */
  readonly closedAt: string | null;
}
