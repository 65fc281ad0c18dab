// What Coppice adds to building: `node builder-runner/testing/overhead-bench.ts` prints its figures as a JSON array.
// The same source packages are built by Coppice on warm builders (SSH, collecting, signing, publishing and all) and by
// one `mock-lite --chain`: as somebody calls it who has no root yet, and again (`…-against-warm`) with the root that it
// has made.
import { createHash } from 'node:crypto';
import { access, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { QueuedBuild } from '@coppice/config';
import { execa } from 'execa';
import type { Figure } from './figure.ts';
import { type PackageFiles, program } from './packages.ts';
import { sapling, startTestService, type TestService } from './start-test-service.ts';

interface Srpm {
  readonly name: string;
  readonly path: string;
  readonly sha256: string;
}

const independent = 20;
const links = 5;
const repository = join(import.meta.dirname, '..', '..');
const mockLite = join(repository, 'ansible/roles/builder/files/mock-lite/mock-lite');

/**
 * `overhead.one-builder`, `overhead.two-builders` and `overhead.chain`, in seconds from the request to the last result,
 * each against both.
 */
async function overheadFigures(): Promise<readonly Figure[]> {
  const scratch = await mkdtemp(join(tmpdir(), 'coppice-overhead-'));
  try {
    const alone = await makeSrpms(join(scratch, 'alone'), independent, () => '');
    const chain = await makeSrpms(join(scratch, 'chain'), links, (index) => (index === 0 ? '' : `tiny${index - 1}`));
    const bareAlone = await bareChain(scratch, 'bare-alone', alone);
    const bareLinked = await bareChain(scratch, 'bare-chain', chain);
    const one = await coppice(alone, 1);
    const two = await coppice(alone, 2);
    const linked = await coppice(chain, 1, true);
    const figures = (name: string, value: number, bare: BareTimes, n: number): readonly Figure[] => {
      const chained = 'one mock-lite --chain of the same source packages';
      const figure = (of: string, against: string, seconds: number): Figure => ({
        ...{ name: of, value, unit: 's', against, againstValue: seconds, ratio: seconds / value, n },
      });
      return [
        figure(name, chained, bare.seconds),
        figure(`${name}-against-warm`, `${chained}, its root made before`, bare.againSeconds),
      ];
    };
    return [
      ...figures('overhead.one-builder', one, bareAlone, independent),
      ...figures('overhead.two-builders', two, bareAlone, independent),
      ...figures('overhead.chain', linked, bareLinked, links),
    ];
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Source packages of C programs; `needs` names what the one with this number requires. */
async function makeSrpms(folder: string, count: number, needs: (index: number) => string): Promise<readonly Srpm[]> {
  const srpms: Srpm[] = [];
  for (let index = 0; index < count; index += 1) {
    const name = `tiny${index}`;
    const sources = join(folder, name);
    await writeAll(sources, program(name, needs(index)));
    const defines = [`_topdir ${sources}`, `_sourcedir ${sources}`, `_srcrpmdir ${folder}/srpms`, 'dist .sap12'];
    await execa('rpmbuild', ['-bs', ...defines.flatMap((each) => ['--define', each]), join(sources, `${name}.spec`)]);
    const file = (await readdir(join(folder, 'srpms'))).find((each) => each.startsWith(`${name}-`)) ?? '';
    const path = join(folder, 'srpms', file);
    srpms.push({
      name,
      path,
      sha256: createHash('sha256')
        .update(await readFile(path))
        .digest('hex'),
    });
  }
  return srpms;
}

async function writeAll(folder: string, files: PackageFiles): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [path, text] of Object.entries(files)) await writeFile(join(folder, path), text);
}

interface BareTimes {
  /** Nothing cached. */
  readonly seconds: number;
  /** Once more, the root being there. */
  readonly againSeconds: number;
}

/** How long mock-lite takes on this machine itself. */
async function bareChain(scratch: string, name: string, srpms: readonly Srpm[]): Promise<BareTimes> {
  const folder = join(scratch, name);
  const server = await startTestService({});
  try {
    await mkdir(folder);
    const config = join(folder, 'bare.cfg');
    await writeFile(
      config,
      [
        `config_opts['coppice_control'] = '${server.url}'`,
        `include('${join(repository, 'config/example/chroots', `${sapling}.cfg`)}')`,
        `config_opts['basedir'] = '${folder}/lib'`,
        `config_opts['cache_topdir'] = '${folder}/cache'`,
        '',
      ].join('\n'),
    );
    const chain = async (results: string) => {
      const started = performance.now();
      const options = ['-r', config, '--chain', '--recurse', '-c', '--localrepo', join(folder, results)];
      await execa(mockLite, [...options, ...srpms.map(({ path }) => path)], { stdin: 'ignore' });
      return (performance.now() - started) / 1000;
    };
    return { seconds: await chain('results'), againSeconds: await chain('results-again') };
  } finally {
    await server.stop();
  }
}

/** Seconds of Coppice with that many warm builders, from the request to the last result. */
async function coppice(srpms: readonly Srpm[], builders: number, isChain = false): Promise<number> {
  const context = await startTestService(
    {},
    {
      workers: builders * 3, // one has the builder, one makes ready for it, one signs and publishes
      builders: { pools: [{ driver: 'local', max: builders }] },
      git: { protocols: ['http'] },
      sources: { privateAddresses: true },
    },
  );
  try {
    await offer(context, srpms);
    await warmUp(context, srpms, builders);
    const started = performance.now();
    const builds = await context.enqueue(
      srpms.map(({ name, path, sha256 }, index) => ({
        package: name,
        after: isChain && index > 0 ? [index - 1] : [],
        batch: 'overhead',
        source: { type: 'srpm' as const, url: `${context.url}/srpms/${path.split('/').at(-1)}`, sha256 },
      })),
    );
    await allSucceed(context, builds);
    return (performance.now() - started) / 1000;
  } finally {
    await context.stop();
  }
}

/** One build on each builder, all at once. */
async function warmUp(context: TestService, srpms: readonly Srpm[], builders: number): Promise<void> {
  const builds = await context.enqueue(
    srpms.slice(0, builders).map(({ path, sha256 }, index) => ({
      package: `warm${index}`,
      batch: 'warm',
      source: { type: 'srpm' as const, url: `${context.url}/srpms/${path.split('/').at(-1)}`, sha256 },
    })),
  );
  await allSucceed(context, builds);
}

async function allSucceed(context: TestService, builds: readonly QueuedBuild[]): Promise<void> {
  const results = builds.map(async (build) => context.gone(build.id).then(() => context.result(build)));
  for (const { state, message } of await Promise.all(results)) {
    if (state !== 'succeeded') throw new Error(`A build of the bench ended ${state}: ${message}`);
  }
}

async function offer(context: TestService, srpms: readonly Srpm[]): Promise<void> {
  const folder = join(context.home, 'published', 'srpms');
  await mkdir(folder, { recursive: true });
  for (const { path } of srpms) await execa('cp', ['--', path, folder]);
}

await access(mockLite);
console.log(JSON.stringify(await overheadFigures()));
