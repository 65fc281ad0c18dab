// Work that cannot go on before something is done that takes long and needs nobody's turn.

/** Thrown by what works off a delivery: others go on meanwhile, and this one is worked off again after `ready`. */
export class NotYet extends Error {
  override readonly name = 'NotYet';
  /** Resolves when it is worth another try; does not reject. */
  readonly ready: Promise<unknown>;

  constructor(ready: Promise<unknown>) {
    super('it is being judged');
    this.ready = ready;
  }
}
