// What is told of packages from Git whose repositories have submodules or files in Git LFS, by how their source
// packages are made. Pure.
import { type Fate, fate } from './fate.ts';
import { type GitLooks, gitKey } from './git-looks.ts';

/** Package → its `source:` as it is written. */
type Sources = ReadonlyMap<string, { readonly source: Readonly<Record<string, unknown>> }>;

export function gitRemarks(packages: Sources, looks: GitLooks): Fate[] {
  const unseen: { readonly name: string; readonly why: string }[] = [];
  const fates: Fate[] = [];
  for (const [name, { source }] of packages) {
    if (source.type !== 'git') continue;
    const look = looks.get(gitKey({ url: String(source.url), ref: String(source.ref) }));
    const method = String(source.method ?? 'spec');
    if (look === undefined) continue;
    if ('why' in look) unseen.push({ name, why: look.why });
    else {
      if (look.submodules.length > 0) fates.push(fate('person', `submodules of ${name}`, sayModules(look, method)));
      if (look.lfs) fates.push(fate('person', `files in Git LFS of ${name}`, sayLfs(method)));
    }
  }
  const [first] = unseen;
  if (first !== undefined) {
    const names = unseen.map(({ name }) => name).join(', ');
    const text = `not looked at for submodules and files in Git LFS (${first.why}): ${names}`;
    fates.push(fate('person', 'repositories of packages from Git', text));
  }
  return fates;
}

function sayModules({ submodules }: { readonly submodules: readonly string[] }, method: string): string {
  const [first, ...more] = submodules;
  const have = `its repository has ${submodules.length}, ${first}${more.length === 0 ? '' : ' …'}`;
  if (method !== 'spec')
    return `${have}: Coppice fetches them from public https addresses, and they are there for ${method}`;
  return `${have}: Coppice fetches those that hold the spec or that a link beside it leads into; where it needs others say "method: make_srpm"`;
}

function sayLfs(method: string): string {
  switch (method) {
    case 'spec':
      return 'Coppice fetches those beside the spec; where it needs others say "method: make_srpm"';
    case 'make_srpm':
      return 'Coppice fetches them all, 500 at most';
    default:
      return `${method} packs what Git itself has, so that a file in LFS fails the build: take another method, or keep the file in Git`;
  }
}
