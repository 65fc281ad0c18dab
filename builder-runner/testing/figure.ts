// What the room's measurements print.

/** One row of `var/bench.json`; `ratio` says how many times better `value` is than `againstValue`. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly against: string;
  readonly againstValue: number;
  readonly ratio: number;
  readonly n: number;
}
