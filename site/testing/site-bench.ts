// Measures what one changed build costs beside writing the whole site, and a start, in a history of many builds in many
// projects. Prints a JSON array of figures, times as medians. The results are made in a folder that is kept between
// the sizes; of the whole site only a part is timed and reckoned up, for all of it takes many minutes.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { closeSite, regenerate } from '../src/regenerate.ts';
import { fixtureProjects, fixtureResult, openFixture } from './fixture.ts';

const sizes = [10_000, 100_000];
const projects = 500;
const packages = 20;
const rounds = 15;

const folder = await mkdtemp(join(tmpdir(), 'coppice-site-bench-'));
try {
  const call = {
    published: join(folder, 'published'),
    history: join(folder, 'history.sqlite'),
    url: 'http://127.0.0.1:8080',
  };
  const fixture = openFixture(call.published);
  const [entry] = fixtureProjects().projects;
  await fixture.setProjects({
    ...fixtureProjects(),
    projects: Array.from({ length: projects }, (_, index) => ({
      ...entry!,
      name: `tools-${index}`,
      packages: Array.from({ length: packages }, (_, of) => ({ ...entry!.packages[0]!, name: `package-${of}` })),
    })),
  });
  const figures = [];
  let made = 0;
  const add = async () => {
    made += 1;
    const change = {
      owner: 'acme',
      project: `tools-${made % projects}`,
      package: `package-${Math.floor(made / projects) % packages}`,
      id: made,
    };
    await fixture.addResult(fixtureResult(change));
    return change;
  };
  for (const size of sizes) {
    const from = made;
    while (made < size) await add();
    const whole = await timed(() => regenerate({ ...call, changes: 'all' }));
    const all = (whole / (size - from)) * size;
    closeSite(call.published);
    const start = await timed(() => regenerate({ ...call, changes: 'all' }));
    const times: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const change = await add();
      times.push(await timed(() => regenerate({ ...call, changes: [change] })));
    }
    const one = times.toSorted((a, b) => a - b)[Math.floor(rounds / 2)] ?? Number.NaN;
    const figure = { unit: 'ms', against: 'site.all', againstValue: round(all) };
    figures.push(
      { ...figure, name: `site.one-build@${size}`, value: round(one), ratio: round(all / one), n: rounds },
      { ...figure, name: `site.start@${size}`, value: round(start), ratio: round(all / start), n: 1 },
    );
    console.error(`${size}: ${Math.round(process.memoryUsage().rss / 1e6)} MB resident`);
  }
  console.log(JSON.stringify(figures));
} finally {
  await rm(folder, { recursive: true, force: true });
}

/** Milliseconds. */
async function timed(act: () => Promise<unknown>): Promise<number> {
  const from = performance.now();
  await act();
  return performance.now() - from;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
