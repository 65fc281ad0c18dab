// Measures what one changed build costs beside writing the whole site, and a look at all there is as at a start, in a
// history of many builds in many projects. Prints a JSON array of figures, times as medians. The whole site is
// written for some builds, and its time reckoned up: for all of them it would take a good part of an hour. With
// `--home FOLDER` it leaves a home in which the service finds the site of the largest size written (how much memory and
// time that takes is measured with the service).
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { History } from '../src/history/history.ts';
import { openTables } from '../src/history/tables.ts';
import { updateHistory } from '../src/history/update.ts';
import { openStatements } from '../src/model/read.ts';
import { closeSite, regenerate } from '../src/regenerate.ts';
import { fixtureHeader, fixtureProjects, fixtureResult, openFixture } from './fixture.ts';

/** Other numbers of builds can be asked for: `node site-bench.ts 1000 5000`. */
const { values, positionals } = parseArgs({ options: { home: { type: 'string' } }, allowPositionals: true });
const asked = positionals.map(Number);
const sizes = asked.length > 0 ? asked : [10_000, 100_000];
/** Of which the whole site is written. */
const written = 1000;
const projects = 500;
const packages = 20;
const rounds = 15;
const filesOfPackage = 30;

const folder = values.home ?? (await mkdtemp(join(tmpdir(), 'coppice-site-bench-')));
const published = join(folder, 'published');
const call = { published, history: join(folder, 'state/site/history.sqlite'), url: 'http://127.0.0.1:8080' };
const fixture = openFixture(published);
let made = 0;

try {
  const [entry] = fixtureProjects().projects;
  const stated = Array.from({ length: packages }, (_, of) => ({ ...entry!.packages[0]!, name: `package-${of}` }));
  const named = Array.from({ length: projects }, (_, of) => ({ ...entry!, name: `tools-${of}`, packages: stated }));
  await fixture.setProjects({ ...fixtureProjects(), projects: named });
  const figures = [];
  while (made < written) await add();
  const whole = await timed(() => regenerate({ ...call, changes: 'all' }));
  for (const size of sizes) {
    closeSite(published);
    while (made < size) await add();
    await readAll();
    const start = await timed(() => regenerate({ ...call, changes: 'all' }));
    const times: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const change = await add();
      times.push(await timed(() => regenerate({ ...call, changes: [change] })));
    }
    const one = times.toSorted((a, b) => a - b)[Math.floor(rounds / 2)] ?? Number.NaN;
    const all = (whole / written) * size;
    const against = { unit: 'ms', against: 'site.all', againstValue: round(all) };
    figures.push(
      { ...against, name: `site.one-build@${size}`, value: round(one), ratio: round(all / one), n: rounds },
      { ...against, name: `site.look@${size}`, value: round(start), ratio: round(all / start), n: 1 },
    );
  }
  console.log(JSON.stringify(figures));
} finally {
  closeSite(published);
  if (values.home === undefined) await rm(folder, { recursive: true, force: true });
}

async function add() {
  made += 1;
  const name = `package-${Math.floor(made / projects) % packages}`;
  const change = { owner: 'acme', project: `tools-${made % projects}`, package: name, id: made };
  const files = Array.from({ length: filesOfPackage }, (_, of) => {
    return { path: `/usr/share/${name}/part${of}-${made % projects}.txt`, bytes: of, mode: '100644' };
  });
  await fixture.addDescribed(fixtureResult(change), [
    fixtureHeader({ name, nevra: `${name}-2.12-${made}.x86_64`, files }),
  ]);
  return change;
}

/** What a service that has run all the time has done. */
async function readAll(): Promise<void> {
  const history = new History(openTables(call.history));
  const statements = await openStatements(published)(() => undefined);
  await updateHistory(history, published, { changes: 'all', statements, report: () => undefined });
  for (let after = ''; ; ) {
    const paths = history.owed(after, 1000);
    const last = paths.at(-1);
    if (last === undefined) break;
    after = last;
    history.atOnce(() => {
      for (const path of paths) history.settle(path);
    });
  }
  history.close();
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
