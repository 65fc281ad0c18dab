// `node mirror.child.ts HOME STEPS SETTINGS`: publishes in one repository as fast as it can, with a mirror in the same
// process as the service has it. It prints `ready` when the mirror has the first builds, and at the end its state.
import { copyFile, mkdtemp, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { openMirror } from '../src/mirror/open-mirror.ts';
import { publishEnding, publishPackages } from '../src/publish/publish.ts';
import { signerOf } from '../src/publish/repository-of.ts';
import { closeAllSigning, signRpms } from '../src/signing/sign.ts';
import { makeManyRpms } from './make-rpms.ts';
import { buildOf, endingOf, testChroot } from './publish-builds.ts';

const [home = '', steps = '0', settings = '{}'] = process.argv.slice(2);
const publisher = { home, url: 'http://localhost' };
const log = (level: string, message: string) => void (level === 'info' || console.error(message));
const mirror = await openMirror({ mirror: JSON.parse(settings) }, { home, log, now: () => new Date() });
let id = (await readdir(join(home, 'published/results/acme/tools', testChroot)).catch(() => [])).length + 1;

const rpms = join(home, 'rpms');
const made = (await readdir(rpms).catch(() => [])).filter((name) => name.endsWith('.rpm'));
const files = made.length > 0 ? made : (await makeManyRpms(rpms, 12)).map((path) => path.slice(rpms.length + 1));
if (made.length === 0) await signRpms(await signerOf(publisher, { owner: 'acme', project: 'tools' }), rpms, files);
await publish(files[0] ?? '');
await mirror?.settled();
console.log('ready');
for (let step = 0; step < Number(steps); step += 1) await publish(files[step % files.length] ?? '');
await mirror?.settled();
await closeAllSigning(home);
console.log(JSON.stringify(mirror?.state()));
await mirror?.stop();

async function publish(file: string): Promise<void> {
  id += 1;
  const build = buildOf(id, file.replace(/-.*/, ''));
  const staging = await mkdtemp(join(home, 'staging-'));
  await copyFile(join(rpms, file), join(staging, file));
  const end = await publishPackages(publisher, build, testChroot, { folder: staging, files: [file] });
  if (end !== 'published') throw new Error(`build ${id}: ${JSON.stringify(end)}`);
  await publishEnding(publisher, build, build.chroots[0], endingOf('succeeded'));
}
