// Measures what one changed build costs beside writing the whole site. Prints a JSON array of figures, times as
// medians.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { regenerate } from '../src/regenerate.ts';
import { fixtureProjects, fixtureResult, openFixture } from './fixture.ts';

const builds = 300;
const rounds = 9;

const folder = await mkdtemp(join(tmpdir(), 'coppice-site-bench-'));
try {
  const fixture = openFixture(folder);
  await fixture.setProjects(fixtureProjects());
  for (let id = 1; id <= builds; id += 1) await fixture.addResult(fixtureResult({ id }));
  const call = { published: folder, url: 'http://127.0.0.1:8080', now: new Date() };
  // The first call pays for loading Eleventy; a service pays that once.
  await regenerate({ ...call, changes: 'all' });
  const all = await median(3, () => regenerate({ ...call, changes: 'all' }));
  const one = await median(rounds, async (round) => {
    const id = builds + 1 + round;
    await fixture.addResult(fixtureResult({ id }));
    return () => regenerate({ ...call, changes: [{ owner: 'acme', project: 'tools', package: 'hello', id }] });
  });
  const figure = { name: 'site.one-build', value: one, unit: 'ms', against: 'site.all', againstValue: all };
  console.log(JSON.stringify([{ ...figure, ratio: Math.round((all / one) * 10) / 10, n: builds }]));
} finally {
  await rm(folder, { recursive: true, force: true });
}

/** Milliseconds, one decimal. `act` may prepare and return what is to be timed. */
async function median(count: number, act: (round: number) => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < count; round += 1) {
    let from = performance.now();
    const timed = await act(round);
    if (typeof timed === 'function') {
      from = performance.now();
      await timed();
    }
    times.push(performance.now() - from);
  }
  times.sort((a, b) => a - b);
  return Math.round((times[Math.floor(count / 2)] ?? 0) * 10) / 10;
}
