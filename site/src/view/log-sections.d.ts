/** What a line says of the folds. */
interface Reading {
  /** Of the fold that holds the line. */
  readonly title: string;
  /** A fold begins with it. */
  readonly begins: boolean;
  /** The section that has failed, by its title; true: the one of this line. */
  readonly failed?: string | true;
  /** What the step took that ends with it, by the title of its fold. */
  readonly took?: { readonly title: string; readonly seconds: number };
}

/** Reads the lines of a log one after the other, as they are shown. `first` is the title of the first fold. */
export function openSections(file: string): { readonly first: string; read(line: string): Reading };
