// `coppice://owner/project`: how projects name the repository of another project of this service.
import { namePattern } from '@coppice/config';

/** `coppice://acme/tools` → its parts; undefined for every other address. */
export function coppiceProject(address: string): { readonly owner: string; readonly name: string } | undefined {
  const match = /^coppice:\/\/([^/]+)\/([^/]+?)\/?$/.exec(address);
  const [owner = '', name = ''] = match?.slice(1) ?? [];
  return namePattern.test(owner) && namePattern.test(name) ? { owner, name } : undefined;
}
