// What a command may change of the config repo.
import type { Role } from './command.ts';

/** `project` is `owner/name` of a project that the config states; `login` is in lower case. */
export type ConfigEdit =
  | { readonly kind: 'grant'; readonly project: string; readonly role: Role; readonly login: string }
  | { readonly kind: 'drop'; readonly project: string; readonly login: string }
  | { readonly kind: 'freeze'; readonly project: string; readonly reason: string }
  | { readonly kind: 'unfreeze'; readonly project: string }
  | { readonly kind: 'delete'; readonly project: string }
  /** The project states this day as its `deleteAfter`. */
  | { readonly kind: 'expire'; readonly project: string; readonly day: string }
  | { readonly kind: 'fork'; readonly project: string; readonly owner: string; readonly name: string };
