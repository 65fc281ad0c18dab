// The sandbox of a pull request: a project of its own, `<project>:pr:<number>`, with its own key and repository. The
// form is Copr's, and one that dnf allows in the ids of repositories: letters, digits and `-_.:`. Pure.

/** The name of the project that builds of pull request `pull` of `project` go to. */
export function sandboxOf(project: string, pull: number): string {
  return `${project}:pr:${pull}`;
}

/** What a project's name says if it is that of a sandbox; undefined for other projects, whose names hold no colon. */
export function readSandbox(name: string): { readonly project: string; readonly pull: number } | undefined {
  const [, project, pull] = /^([^:]+):pr:([1-9]\d{0,14})$/.exec(name) ?? [];
  return project === undefined ? undefined : { project, pull: Number(pull) };
}

/**
 * The present name of a project that may be told by a file from before sandboxes had it: they were called
 * `<project>+pr<number>`, as no project could be.
 */
export function presentName(project: string): string {
  const [, base, pull] = /^(.+)\+pr([1-9]\d{0,14})$/.exec(project) ?? [];
  return base === undefined ? project : sandboxOf(base, Number(pull));
}
