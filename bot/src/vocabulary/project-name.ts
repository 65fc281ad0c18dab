// Projects by their keys, `owner/name`. Pure.

/** The parts of a key: what `projectKey` of config makes one of. */
export function nameOf(key: string): { readonly owner: string; readonly name: string } {
  const [owner = '', name = ''] = key.split('/');
  return { owner, name };
}
