// The texts of lists that were published lately, so that the next publication need not unpack what it copies: that was
// most of its work. By the names of their files, which say what is in them.

/** The text of each chunk of a list, in their order. */
export type ChunkTexts = readonly Buffer[];

/** Those of a repository of some 25,000 RPMs, or of many small ones. */
const maximumBytes = 64 * 1024 ** 2;

/** Texts of files, at most so many bytes of them: what was not asked for longest goes first. */
export class KnownTexts {
  readonly #texts = new Map<string, { readonly texts: ChunkTexts; readonly bytes: number }>();
  readonly #maximumBytes: number;
  #bytes = 0;

  constructor(maximum = maximumBytes) {
    this.#maximumBytes = maximum;
  }

  /** `file` is the name of a list's file: that of its content. */
  get(file: string): ChunkTexts | undefined {
    const known = this.#texts.get(file);
    if (known === undefined) return undefined;
    this.#texts.delete(file);
    this.#texts.set(file, known);
    return known.texts;
  }

  /**
   * Keeps the texts of `file`, and lets those of `instead` go, from which it was made: texts that both have are the
   * same buffers.
   */
  keep(file: string, texts: ChunkTexts, instead?: string): void {
    if (instead !== undefined) this.#forget(instead);
    this.#forget(file);
    const bytes = texts.reduce((sum, { length }) => sum + length, 0);
    if (bytes > this.#maximumBytes) return;
    this.#texts.set(file, { texts, bytes });
    this.#bytes += bytes;
    for (const oldest of this.#texts.keys()) {
      if (this.#bytes <= this.#maximumBytes) return;
      this.#forget(oldest);
    }
  }

  #forget(file: string): void {
    this.#bytes -= this.#texts.get(file)?.bytes ?? 0;
    this.#texts.delete(file);
  }
}
