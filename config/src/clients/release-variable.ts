// Where the release in a repository's address can be dnf's `$releasever`: such a `.repo` file serves every release, and
// goes on to work when the system is upgraded. Pure.

/**
 * Distributions whose `$releasever` is the release in the names of their chroots. Copr's own list, for `dnf copr
 * enable` must come to the same: https://github.com/fedora-copr/copr (coprs_frontend, `generate_repo_url`). Not EPEL:
 * its chroots say 9, and a system of RHEL that is held at a minor release says 9.4.
 */
const followed: ReadonlySet<string> = new Set(['fedora', 'centos-stream', 'opensuse-leap', 'mageia']);

/** Chroots of these that no `$releasever` names. */
const unnumbered: ReadonlySet<string> = new Set(['fedora-eln', 'mageia-cauldron']);

/** `fedora`, `42` → `$releasever`; `epel`, `9` → `9`. */
export function releaseInAddress({ distribution, release }: { distribution: string; release: string }): string {
  return followed.has(distribution) && !unnumbered.has(`${distribution}-${release}`) ? '$releasever' : release;
}
