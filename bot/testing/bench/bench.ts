// `npm run bench [NAME…]`: measures, prints a table and writes `var/bench.json`. A name selects the figures that begin
// with it.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { table } from '../../src/cli/terminal.ts';
import { sourceFolder } from '../service-under-test.ts';
import { answerFigures } from './answer-figures.ts';
import { chainFigures } from './chain-figures.ts';
import { type Figure, figuresOf } from './figure.ts';
import { siteFigures } from './site-figures.ts';

/** What is measured together, by the beginning of its figures' names. */
const measurements: readonly (readonly [prefix: string, measure: () => Promise<readonly Figure[]>])[] = [
  ['config.', () => figuresOf(join(sourceFolder, 'config/testing/config-bench.ts'))],
  ['queue.', () => figuresOf(join(sourceFolder, 'builder-runner/testing/queue/queue-bench.ts'))],
  ['publish.', () => figuresOf(join(sourceFolder, 'builder-runner/testing/publish-bench.ts'))],
  ['site.', siteFigures],
  ['overhead.', () => figuresOf(join(sourceFolder, 'builder-runner/testing/overhead-bench.ts'))],
  ['comment.', answerFigures],
  ['chain.', chainFigures],
];

const wanted = process.argv.slice(2);
const selected = measurements.filter(
  ([prefix]) => wanted.length === 0 || wanted.some((name) => name.startsWith(prefix) || prefix.startsWith(name)),
);
if (selected.length === 0) {
  console.error(
    `No figure begins with ${wanted.join(' or ')}. There are: ${measurements.map(([prefix]) => `${prefix}*`).join(' ')}`,
  );
  process.exit(2);
}
const figures: Figure[] = [];
for (const [prefix, measure] of selected) {
  console.error(`measuring ${prefix}*`);
  const measured = await measure();
  figures.push(...measured.filter(({ name }) => wanted.length === 0 || wanted.some((one) => name.startsWith(one))));
}
await mkdir(join(sourceFolder, 'var'), { recursive: true });
await writeFile(join(sourceFolder, 'var/bench.json'), `${JSON.stringify({ figures }, null, 2)}\n`);
console.log(
  table(
    ['figure', 'value', 'unit', 'yardstick', 'times better', 'n', 'against'],
    figures.map(({ name, value, unit, against, againstValue, ratio, n }) => [
      name,
      String(value),
      unit,
      String(againstValue),
      String(ratio),
      String(n),
      against,
    ]),
  ),
);
