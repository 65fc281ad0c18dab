// One measured figure beside its yardstick from the same run.
import { execa } from 'execa';
import { z } from 'zod';

const figureSchema = z.object({
  name: z.string(),
  value: z.number(),
  unit: z.string(),
  /** What the yardstick is. */
  against: z.string(),
  againstValue: z.number(),
  /** How many times better than the yardstick the value is. */
  ratio: z.number(),
  /** How many samples the value stands on. */
  n: z.number(),
});
export type Figure = z.infer<typeof figureSchema>;

/** The middle of the samples. Throws a RangeError when there is none. */
export function median(samples: readonly number[]): number {
  const middle = samples.toSorted((a, b) => a - b)[Math.floor(samples.length / 2)];
  if (middle === undefined) throw new RangeError('no samples');
  return middle;
}

/** A figure of durations, where less is better. */
export function duration(
  name: string,
  samples: readonly number[],
  unit: 'ms' | 's',
  against: string,
  againstValue: number,
): Figure {
  const value = median(samples);
  return {
    name,
    value: round(value),
    unit,
    against,
    againstValue: round(againstValue),
    ratio: round(againstValue / value),
    n: samples.length,
  };
}

/** Runs a room's own measurement, a program that prints a JSON array of figures last. */
export async function figuresOf(program: string, args: readonly string[] = []): Promise<readonly Figure[]> {
  const { stdout } = await execa(process.execPath, [program, ...args], { stdin: 'ignore', stderr: 'inherit' });
  const figures = z.array(figureSchema).parse(JSON.parse(stdout));
  return figures.map((figure) => ({
    ...figure,
    value: round(figure.value),
    againstValue: round(figure.againstValue),
    ratio: round(figure.ratio),
  }));
}

/** Four significant digits are more than these measurements hold. */
function round(value: number): number {
  return Number(value.toPrecision(4));
}
