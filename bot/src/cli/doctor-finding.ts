// What `coppice doctor` says about each thing that it looks at.

/** One thing that was looked at; `fix` is empty when it is good. */
export interface Finding {
  readonly what: string;
  readonly good: boolean;
  readonly detail: string;
  readonly fix: string;
}

export function good(what: string, detail: string): Finding {
  return { what, good: true, detail, fix: '' };
}

export function broken(what: string, detail: string, fix: string): Finding {
  return { what, good: false, detail, fix };
}
