// What was read and may be asked for again: as much of it as fits, what was not asked for longest goes first.

/** What each entry takes besides its content, roughly. */
const entryBytes = 500;

export class BoundedMemory<T> {
  readonly #entries = new Map<string, { readonly value: T; readonly bytes: number }>();
  readonly #maximumBytes: number;
  #bytes = 0;

  constructor(maximumBytes: number) {
    this.#maximumBytes = maximumBytes;
  }

  get(key: string): T | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry.value;
  }

  /** `characters` of text are what the value mostly consists of. What is larger than all that may be is not kept. */
  set(key: string, value: T, characters: number): void {
    this.#forget(key);
    const bytes = entryBytes + 2 * (key.length + characters);
    this.#entries.set(key, { value, bytes });
    this.#bytes += bytes;
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= this.#maximumBytes) return;
      this.#forget(oldest);
    }
  }

  #forget(key: string): void {
    this.#bytes -= this.#entries.get(key)?.bytes ?? 0;
    this.#entries.delete(key);
  }
}
