// The sandbox of a pull request: a project of its own, `<project>+pr<number>`, with its own key and repository. Pure.

/** The name of the project that builds of pull request `pull` of `project` go to. */
export function sandboxOf(project: string, pull: number): string {
  return `${project}+pr${pull}`;
}

/** What a project's name says if it is that of a sandbox; undefined for other projects. */
export function readSandbox(name: string): { readonly project: string; readonly pull: number } | undefined {
  const [, project, pull] = /^(.+)\+pr([1-9]\d{0,14})$/.exec(name) ?? [];
  return project === undefined ? undefined : { project, pull: Number(pull) };
}

/**
 * What dnf calls a project: ids of its repositories hold letters, digits and `-_.:`, so a sandbox is `tools:pr:7`
 * there, as Copr calls its own.
 */
export function dnfName(project: string): string {
  const sandbox = readSandbox(project);
  return sandbox === undefined ? project : `${sandbox.project}:pr:${sandbox.pull}`;
}
