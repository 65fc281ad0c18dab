// What the site costs, and what the whole service takes that has 100,000 builds of 500 projects: its start when nothing
// has changed, and the memory of its process, as the kernel counts it, after the start and after changes.
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureKey, keyFolder } from '@coppice/builder-runner/runner';
import { startLocalGithub } from '../../local-github/start.ts';
import { appRegistration } from '../../src/github/app-permissions.ts';
import { scratchOf } from '../service-leftovers.ts';
import { type ServiceUnderTest, sourceFolder, startService } from '../service-under-test.ts';
import { waitFor } from '../wait-for.ts';
import { duration, type Figure, figuresOf } from './figure.ts';

const builds = 100_000;
const projects = 500;
const packages = 20;
const changedBuilds = 100;
/** Above those that the site's own bench adds. */
const firstAdded = builds + 1000;
const starts = 3;
const chroot = 'sapling-12-x86_64';
/** What is asked for. */
const memoryBytes = 300e6;
const startSeconds = 3;

/** `site.*`; of the service `site.start@100000`, `site.memory@100000` and `site.memory-peak@100000`. */
export async function siteFigures(): Promise<readonly Figure[]> {
  const home = await mkdtemp(join(tmpdir(), 'coppice-site-bench-'));
  try {
    const figures = await figuresOf(join(sourceFolder, 'site/testing/site-bench.ts'), ['--home', home]);
    await mkdir(scratchOf(home));
    return [...figures, ...(await serviceFigures(home))];
  } finally {
    for (const each of [home, scratchOf(home)]) await rm(each, { recursive: true, force: true });
  }
}

/** Of a service whose GitHub is not in its process. */
async function serviceFigures(home: string): Promise<readonly Figure[]> {
  await makeKeys(home);
  const github = await startLocalGithub({ folder: join(home, 'github'), app: { slug: 'coppice', ...appRegistration } });
  try {
    await github.createRepository('acme/packages', { seedFolder: await writeConfig(join(home, 'config')) });
    const settings = await writeSettings(home, github);
    // The first start makes what the config states; it is not measured.
    await (await startUpToDate(home, settings)).end('SIGTERM');
    const seconds: number[] = [];
    let resident = 0;
    let peak = 0;
    const look = async (service: ServiceUnderTest, what: string) => {
      const memory = await memoryOf(service.process.pid ?? 0);
      console.error(`${what}: ${megabytes(memory.resident)} resident, ${megabytes(memory.peak)} at most`);
      resident = Math.max(resident, memory.resident);
      peak = Math.max(peak, memory.peak);
    };
    for (let start = 0; start < starts; start += 1) {
      const began = performance.now();
      const service = await startUpToDate(home, settings);
      seconds.push((performance.now() - began) / 1000);
      await look(service, 'after a start');
      if (start === starts - 1) {
        await addBuilds(home);
        await pushDescription(service, 0);
        await look(service, `after a push that touches one project, and ${changedBuilds} builds`);
      }
      await service.end('SIGTERM');
    }
    const memory = (name: string, value: number) => ({
      ...{ name: `${name}@${builds}`, value, unit: 'B', against: 'what is asked for', againstValue: memoryBytes },
      ...{ ratio: memoryBytes / value, n: 1 },
    });
    return [
      duration(`site.start@${builds}`, seconds, 's', 'what is asked for', startSeconds),
      memory('site.memory', resident),
      memory('site.memory-peak', peak),
    ];
  } finally {
    await github.stop();
  }
}

/** Resolves when it takes builds and the site is up to date. */
async function startUpToDate(home: string, settings: string): Promise<ServiceUnderTest> {
  const service = await startService(home, { COPPICE_SETTINGS: settings });
  await waitFor('the site', 600, async () => service.output().includes('Serving http'));
  return service;
}

/** Bytes of one process; what it started has ended. */
async function memoryOf(pid: number): Promise<{ readonly resident: number; readonly peak: number }> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const bytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) * 1024;
  return { resident: bytes('VmRSS'), peak: bytes('VmHWM') };
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`;
}

/** One key for all: to make hundreds is not what is measured. */
async function makeKeys(home: string): Promise<void> {
  await ensureKey(home, 'acme', 'tools-0', {
    terms: { kind: 'ed25519', lifeSeconds: 86_400 * 365, overlapSeconds: 0 },
  });
  const made = keyFolder(home, 'acme', 'tools-0');
  for (let of = 1; of < projects; of += 1) await cp(made, keyFolder(home, 'acme', `tools-${of}`), { recursive: true });
}

/** Nothing is built for a chroot that rests. */
async function writeConfig(folder: string): Promise<string> {
  await mkdir(join(folder, 'projects/acme'), { recursive: true });
  const policy = `admins: [maintainer]\nchroots:\n  ${chroot}: { state: inactive }\n`;
  await writeFile(join(folder, 'coppice.yaml'), policy);
  const source = `{ type: srpm, url: "https://example.org/hello.src.rpm", sha256: ${'ab'.repeat(32)} }`;
  const named = Array.from({ length: packages }, (_, of) => `  package-${of}:\n    source: ${source}\n`).join('');
  const text = `description: Tools\nmaintainers: [maintainer]\nchroots: [${chroot}]\npackages:\n${named}`;
  for (let of = 0; of < projects; of += 1) await writeFile(projectFile(folder, of), text);
  return folder;
}

function projectFile(folder: string, of: number): string {
  return join(folder, `projects/acme/tools-${of}.yaml`);
}

async function writeSettings(
  home: string,
  github: { readonly apiUrl: string; readonly url: string; readonly appId: number; readonly privateKeyPem: string },
): Promise<string> {
  const key = join(home, 'app.pem');
  await writeFile(key, github.privateKeyPem, { mode: 0o600 });
  const path = join(home, 'settings.yaml');
  // The address is the one for which the pages are written.
  const about = [
    'url: http://127.0.0.1:8080',
    'github:',
    `  { mode: github, apiUrl: "${github.apiUrl}", webUrl: "${github.url}", appId: ${github.appId}, webhooks: false,`,
    `    pollSeconds: 1, throttle: false, privateKeyFile: "${key}" }`,
    'git: { protocols: [https, http] }',
  ];
  await writeFile(path, about.join('\n'));
  return path;
}

/** The newest build of some projects once more, under new numbers: what the next look at all finds. */
async function addBuilds(home: string): Promise<void> {
  for (let of = 0; of < changedBuilds; of += 1) {
    const results = join(home, 'published/results/acme', `tools-${of}`, chroot);
    const before = String(builds - projects + of).padStart(8, '0');
    const id = firstAdded + of;
    const name = `package-${Math.floor((builds - projects + of) / projects) % packages}`;
    const to = join(results, `${String(id).padStart(8, '0')}-${name}`);
    await cp(join(results, `${before}-${name}`), to, { recursive: true });
    const result = join(to, 'result.json');
    await writeFile(result, JSON.stringify({ ...JSON.parse(await readFile(result, 'utf8')), id }));
  }
}

/** Resolves when readers find it on the project's page. */
async function pushDescription(service: ServiceUnderTest, of: number): Promise<void> {
  const description = 'Tools that have another description';
  await service.push('maintainer', 'Describe', async (folder) => {
    const path = projectFile(folder, of);
    await writeFile(path, (await readFile(path, 'utf8')).replace(/^description: .*$/m, `description: ${description}`));
  });
  const published = join(service.home, 'published/acme');
  const read = (path: string) => readFile(join(published, path, 'index.html'), 'utf8').catch(() => '');
  await waitFor('the page', 120, async () => (await read(`tools-${of}`)).includes(description));
  const last = changedBuilds - 1;
  await waitFor('the new builds', 120, async () => (await read(`tools-${last}/build/${firstAdded + last}`)) !== '');
}
