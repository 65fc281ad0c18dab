// As much of negotiator 1 as is used here: the types on npm are of before one could say what one prefers.
declare module 'negotiator' {
  import type { IncomingHttpHeaders } from 'node:http';

  export default class Negotiator {
    constructor(request: { readonly headers: IncomingHttpHeaders });
    /** Those of `available` that the client takes, the best first; among equals in the order of `preferred`. */
    encodings(available: readonly string[], options: { readonly preferred: readonly string[] }): readonly string[];
  }
}
