// What a project may say of its repository, and of others that users need, as a config repo states it. Pure.

/** A repository that users of a project's packages need as well. */
export interface RuntimeRepo {
  /** A dnf base URL, or `coppice://owner/project`. */
  readonly url: string;
  /** The https address of the key that its packages are signed with; null: nobody stated one. */
  readonly key: string | null;
}

/** Options of dnf for a project's repository, in its words; null: dnf's own default. */
export interface RepoOptions {
  /** 1 to 99, the lower one wins; dnf's default is 99. */
  readonly priority: number | null;
  /** Where two repositories have the same package, the lower one is asked; dnf's default is 1000. */
  readonly cost: number | null;
  /** Its packages win over those of modules. */
  readonly moduleHotfixes: boolean;
  /** Machines of x86_64 read the repository of the 32-bit chroot of the same release as well. */
  readonly multilib: boolean;
}

export const plainRepoOptions: RepoOptions = { priority: null, cost: null, moduleHotfixes: false, multilib: false };

/** `owner/name` of a repository address `coppice://owner/name`; undefined of others. */
export function projectOfRepository(address: string): string | undefined {
  return address.startsWith('coppice://') ? address.slice('coppice://'.length) : undefined;
}
