// `node publish-storm.child.ts HOME STEPS SEED`: publishes, deletes and takes back in one repository as fast as it can.
// It prints `ready` when there is something to read, and at the end how often it did what, as JSON.
import { copyFile, mkdir, mkdtemp, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { BuildId } from '@coppice/config';
import { deleteBuild } from '../src/publish/project-life.ts';
import { publishEnding, publishPackages } from '../src/publish/publish.ts';
import { repositoryFolder, shownBuilds, signerOf } from '../src/publish/repository-of.ts';
import { listGenerations, showGeneration } from '../src/repodata/generations.ts';
import { packageOfBuild } from '../src/repodata/texts.ts';
import { closeAllSigning, signRpms } from '../src/signing/sign.ts';
import { makeManyRpms } from './make-rpms.ts';
import { buildOf, endingOf, testChroot } from './publish-builds.ts';

const [home = '', steps = '0', seed = '1'] = process.argv.slice(2);
const publisher = { home, url: 'http://localhost' };
const place = { owner: 'acme', project: 'tools' };
let dice = Number(seed);
const folder = repositoryFolder(publisher, place, testChroot);
const done = { published: 0, deleted: 0, returned: 0 };
let id = 0;

const rpms = join(home, 'rpms');
const files = (await makeManyRpms(rpms, 12)).map((path) => path.slice(rpms.length + 1));
await signRpms(await signerOf(publisher, place), rpms, files);
for (const file of files) await publish(file);
console.log('ready');
for (let step = 0; step < Number(steps); step += 1) {
  const throwOf = random();
  if (throwOf < 0.7) await publish(files[Math.floor(random() * files.length)] ?? '');
  else if (throwOf < 0.85) await deleteOne();
  else await takeBack();
}
await closeAllSigning(home);
console.log(JSON.stringify({ ...done, generations: (await listGenerations(folder)).length }));

async function publish(file: string): Promise<void> {
  id += 1;
  const build = buildOf(id, file.replace(/-.*/, ''));
  const staging = await mkdtemp(join(home, 'staging-'));
  await mkdir(staging, { recursive: true });
  await copyFile(join(rpms, file), join(staging, file));
  const end = await publishPackages(publisher, build, testChroot, { folder: staging, files: [file] });
  if (end !== 'published') throw new Error(`build ${id}: ${JSON.stringify(end)}`);
  await publishEnding(publisher, build, build.chroots[0], endingOf('succeeded'));
  done.published += 1;
}

async function deleteOne(): Promise<void> {
  const builds = (await readdir(folder)).filter((name) => packageOfBuild(name) !== undefined);
  const shown = await shownBuilds(publisher, folder, 'current');
  const candidates = random() < 0.5 ? shown : builds;
  const build = candidates[Math.floor(random() * candidates.length)];
  if (build === undefined) return;
  await deleteBuild(publisher, place.owner, place.project, Number.parseInt(build, 10) as BuildId);
  done.deleted += 1;
}

/** Shows what some generation showed. */
async function takeBack(): Promise<void> {
  const numbers = await listGenerations(folder);
  await showGeneration(folder, numbers[Math.floor(random() * numbers.length)] ?? 1, 'everybody');
  done.returned += 1;
}

/** From 0 to 1, the same for the same seed (mulberry32). */
function random(): number {
  dice = (dice + 0x6d2b79f5) | 0;
  let mixed = Math.imul(dice ^ (dice >>> 15), 1 | dice);
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
}
