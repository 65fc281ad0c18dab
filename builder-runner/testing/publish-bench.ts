// The figures of publishing: `node builder-runner/testing/publish-bench.ts` prints them as a JSON array. One package is
// added to a repository of so many RPMs, signing included. The yardstick is `createrepo_c --update --no-database` over
// the same tree with the same package added, in the same run, unsigned. Both are warm: the files were read before.
// `publish.add-one` is that of a service that has published to this repository before, `publish.add-first` the first
// one after its start.
import { cp, mkdir, mkdtemp, rename, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { describeBuilds } from '../src/publish/repository-of.ts';
import { namedByIndex } from '../src/repodata/read-index.ts';
import { changeRepository } from '../src/repodata/repository.ts';
import { closeAllSigning } from '../src/signing/sign.ts';
import type { Figure } from './figure.ts';
import { makeManyRpms } from './make-rpms.ts';
import { addOne, benchRepository } from './publish-one.ts';

const sizes = [100, 2_000, 20_000];
const samples = 20;
const firstSamples = 5;
const yardstickSamples = 5;
const program = join(import.meta.dirname, 'publish-one.ts');
const against = 'createrepo_c --update --no-database';

async function publishFigures(): Promise<readonly Figure[]> {
  const home = await mkdtemp(join(tmpdir(), 'coppice-publish-bench-'));
  try {
    const figures: Figure[] = [];
    const most = Math.max(...sizes);
    const rpms = await makeManyRpms(join(home, 'rpms'), most + samples);
    for (const size of sizes) figures.push(...(await measure(home, rpms, size)));
    return figures;
  } finally {
    await closeAllSigning(home);
    await rm(home, { recursive: true, force: true });
  }
}

async function measure(home: string, rpms: readonly string[], size: number): Promise<readonly Figure[]> {
  const project = `of-${size}`;
  const repository = await benchRepository(home, project);
  const { folder } = repository;
  const builds = [];
  for (const [index, rpm] of rpms.slice(0, size).entries()) builds.push(await placeBuild(folder, index + 1, rpm));
  await changeRepository(repository, { show: (await describeBuilds(folder, builds)).builds });
  const theirs = join(home, `theirs-${size}`);
  await mkdir(theirs);
  await createrepo(folder, theirs);
  const [first, ours, yardstick]: [number[], number[], number[]] = [[], [], []];
  const more = rpms.slice(-samples);
  for (const [index, rpm] of more.entries()) {
    const build = await placeBuild(folder, size + 1 + index, rpm);
    if (index < firstSamples) first.push(await addFirst(home, project, build));
    else ours.push(await addOne(repository, build));
    if (index < yardstickSamples) yardstick.push(await timed(() => createrepo(folder, theirs)));
  }
  await createrepo(folder, theirs);
  const bytes = await sizeOf(join(folder, 'repodata'));
  const theirBytes = await sizeOf(join(theirs, 'repodata'));
  return [
    figureOf(`publish.add-one@${size}`, 'ms', median(ours), median(yardstick), ours.length),
    figureOf(`publish.add-first@${size}`, 'ms', median(first), median(yardstick), first.length),
    figureOf(`publish.bytes@${size}`, 'bytes', bytes, theirBytes, 1),
  ];
}

/** In a process of its own. */
async function addFirst(home: string, project: string, build: string): Promise<number> {
  const { stdout } = await execa(process.execPath, [program, home, project, build]);
  return Number(stdout);
}

function figureOf(name: string, unit: string, value: number, againstValue: number, n: number): Figure {
  return { name, value, unit, against, againstValue, ratio: againstValue / value, n };
}

async function placeBuild(folder: string, id: number, rpm: string): Promise<string> {
  const file = rpm.slice(rpm.lastIndexOf('/') + 1);
  const build = `${String(id).padStart(8, '0')}-${file.replace(/-[^-]+-[^-]+$/, '')}`;
  await mkdir(join(folder, build), { recursive: true });
  await cp(rpm, join(folder, build, file), { preserveTimestamps: true });
  return build;
}

/** Over everything that is there, beside what it wrote the last time. */
async function createrepo(folder: string, output: string): Promise<void> {
  const fresh = await mkdtemp(join(output, 'fresh-'));
  const options = ['--quiet', '--update', '--no-database', '--general-compress-type=gz', '--compress-type=gz'];
  await execa('createrepo_c', [...options, '--update-md-path', output, '--outputdir', fresh, folder]);
  await rm(join(output, 'repodata'), { recursive: true, force: true });
  await rename(join(fresh, 'repodata'), join(output, 'repodata'));
  await rm(fresh, { recursive: true });
}

/** Of the lists that the index names. */
async function sizeOf(repodata: string): Promise<number> {
  const sizes = (await namedByIndex(repodata)).map(async (name) => (await stat(join(repodata, name))).size);
  return (await Promise.all(sizes)).reduce((sum, each) => sum + each, 0);
}

async function timed(work: () => Promise<void>): Promise<number> {
  const before = performance.now();
  await work();
  return performance.now() - before;
}

function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? Number.NaN;
}

console.log(JSON.stringify(await publishFigures()));
