// Whose turn it is: owners take turns, and a new owner goes to the end of the line.

/** The owners with live builds, each with the number of its last turn: the lower, the longer ago. */
export class Turns {
  #last: number;
  readonly #owners = new Map<string, { turn: number; live: number }>();

  /** `json` is what `toJson` gave; the live builds are to be told again with `come`. */
  constructor(json?: TurnsJson) {
    this.#last = json?.last ?? 0;
    for (const [owner, turn] of json?.owners ?? []) this.#owners.set(owner, { turn, live: 0 });
  }

  /** A build of this owner came into the queue. */
  come(owner: string): void {
    const known = this.#owners.get(owner);
    if (known !== undefined) known.live += 1;
    else this.#owners.set(owner, { turn: ++this.#last, live: 1 });
  }

  /** A build of this owner has left the queue. */
  leave(owner: string): void {
    const known = this.#owners.get(owner);
    if (known !== undefined && --known.live === 0) this.#owners.delete(owner);
  }

  /** This owner got a task. */
  take(owner: string): void {
    const known = this.#owners.get(owner);
    if (known !== undefined) known.turn = ++this.#last;
  }

  of(owner: string): number {
    return this.#owners.get(owner)?.turn ?? 0;
  }

  toJson(): TurnsJson {
    return { last: this.#last, owners: [...this.#owners].map(([owner, { turn }]) => [owner, turn]) };
  }
}

export interface TurnsJson {
  readonly last: number;
  readonly owners: readonly (readonly [owner: string, turn: number])[];
}
