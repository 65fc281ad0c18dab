// The connection to a builder from the first time on that somebody has it, shared by all who have something to do
// there.
import { type Line, type LineOptions, openLine } from '../builder/session.ts';
import { abortable } from '../builder/ssh.ts';

export class SharedLine {
  #line: Line | undefined;
  #opening: Promise<Line> | undefined;

  /** Undefined before the first opening. */
  get line(): Line | undefined {
    return this.#line;
  }

  /**
   * Opens it, unless it is open. One that is lost is opened anew when nobody else uses it (`isAlone`), and is otherwise
   * theirs to mend. `options.signal` ends the opening for all, `patience` the waiting of this one. Throws as
   * `openLine`, or the reason of either.
   */
  async open(options: LineOptions, isAlone: boolean, patience: AbortSignal): Promise<Line> {
    if (isAlone && this.#line?.isUp === false) {
      this.#line.close();
      this.#line = undefined;
    }
    if (this.#line !== undefined) return this.#line;
    this.#opening ??= this.#open(options).finally(() => {
      this.#opening = undefined;
    });
    return await abortable(patience, this.#opening);
  }

  async #open(options: LineOptions): Promise<Line> {
    this.#line = await openLine(options);
    return this.#line;
  }

  close(): void {
    this.#line?.close();
  }
}
