// What stands between the outside and the repositories: a repository under a new name, whose old one leads to it, and
// one that only those see who may. Behind the door everything keeps its first name.
// https://docs.github.com/en/repositories/creating-and-managing-repositories/renaming-a-repository

export interface Door {
  /** Gives `owner/name` another name of the same owner. */
  rename(fullName: string, name: string): void;
  setPrivate(fullName: string, isPrivate: boolean): void;
  /** True when nobody without a token sees what the path is about. */
  hides(path: string): boolean;
  /** Where a path leads: inside, or on to another path, as GitHub sends on whoever asks for an old name. */
  enter(path: string): { readonly inside: string } | { readonly onTo: string };
  /** A JSON text with the names that people know. */
  leave(json: string): string;
}

/** `/repos/owner/name…` of the API, `/owner/name.git…` of Git. */
const place = /^(\/repos)?\/([^/]+\/[^/]+?)(\.git)?(\/.*)?$/;

export function createDoor(): Door {
  /** First name → present name, both owner/name. */
  const renamed = new Map<string, string>();
  const hidden = new Set<string>();
  const firstOf = (fullName: string) => [...renamed].find(([, now]) => now === fullName)?.[0];
  return {
    rename(fullName, name) {
      renamed.set(fullName, `${fullName.split('/')[0]}/${name}`);
    },
    setPrivate(fullName, isPrivate) {
      if (isPrivate) hidden.add(fullName);
      else hidden.delete(fullName);
    },
    hides: (path) => hidden.has(place.exec(path)?.[2] ?? ''),
    enter(path) {
      const [, api = '', fullName = '', git = '', rest = ''] = place.exec(path) ?? [];
      // As GitHub does it: on to the number, which stays.
      const [, number, below = ''] = /^\/repositories\/(\d+)(\/.*)?$/.exec(path) ?? [];
      if (number !== undefined) return { inside: `/repos/${[...renamed.keys()][Number(number)] ?? ''}${below}` };
      const first = firstOf(fullName);
      if (first !== undefined) return { inside: `${api}/${first}${git}${rest}` };
      const now = renamed.get(fullName);
      if (now === undefined) return { inside: path };
      const index = [...renamed.keys()].indexOf(fullName);
      return { onTo: api === '' ? `/${now}${git}${rest}` : `/repositories/${index}${rest}` };
    },
    leave(json) {
      return [...renamed].reduce((text, [first, now]) => {
        const [, before = ''] = first.split('/');
        const [, after = ''] = now.split('/');
        return text.replaceAll(first, now).replaceAll(`"name":"${before}"`, `"name":"${after}"`);
      }, json);
    },
  };
}
