// What Coppice adds to building: `node builder-runner/testing/overhead-bench.ts` prints its figures as a JSON array.
// The same source packages are built by Coppice on warm builders (SSH, collecting, signing, publishing and all) and by
// one `mock-lite --chain`: as somebody calls it who has no root yet, and again (`…-against-warm`) with the root that it
// has made. Where COPPICE_MOCK names a real mock, it is `mock --chain` (figures `overhead.mock-…`), and builders have
// to have that mock too: as /usr/bin/mock or /usr/local/bin/mock of this machine.
import { createHash } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { QueuedBuild, Result } from '@coppice/config';
import { execa } from 'execa';
import { type Engine, findEngines } from './engine-bench.ts';
import type { Figure } from './figure.ts';
import { type PackageFiles, program } from './packages.ts';
import { sapling, startTestService, type TestService } from './start-test-service.ts';

interface Srpm {
  readonly name: string;
  readonly path: string;
  readonly sha256: string;
}

const repository = join(import.meta.dirname, '..', '..');

/**
 * `overhead.one-builder`, `overhead.two-builders` and `overhead.chain`, in seconds from the request to the last result,
 * each against both. Of a real mock also what the first build on a new builder and the later ones spend in their phase
 * `root` (`overhead.mock-root-first`, `overhead.mock-root-later`), against a root that mock fills anew.
 */
async function overheadFigures(engine: Engine): Promise<readonly Figure[]> {
  const scratch = await mkdtemp(join(tmpdir(), 'coppice-overhead-'));
  await chmod(scratch, 0o755); // mock does not run as root
  const independent = engine.isReal ? 4 : 20;
  const links = engine.isReal ? 3 : 5;
  const prefix = engine.isReal ? 'overhead.mock-' : 'overhead.';
  const tool = engine.isReal ? 'mock' : 'mock-lite';
  try {
    const alone = await makeSrpms(join(scratch, 'alone'), independent);
    const chain = await makeSrpms(join(scratch, 'chain'), links, (index) => (index === 0 ? '' : `tiny${index - 1}`));
    // Of the same project, in which no two packages make the same.
    const first = await makeSrpms(join(scratch, 'first'), 2, undefined, 'first');
    const bareAlone = await bareChain(engine, scratch, 'bare-alone', alone);
    const bareLinked = await bareChain(engine, scratch, 'bare-chain', chain);
    const one = await coppice(engine, { first, srpms: alone }, 1);
    const two = await coppice(engine, { first, srpms: alone }, 2);
    const linked = await coppice(engine, { first, srpms: chain }, 1, true);
    const figure = (name: string, value: number, against: string, seconds: number, n: number): Figure => ({
      ...{ name: `${prefix}${name}`, value, unit: 's', against, againstValue: seconds, ratio: seconds / value, n },
    });
    const figures = (name: string, { seconds }: CoppiceTimes, bare: BareTimes, n: number): readonly Figure[] => {
      const chained = `one ${tool} --chain of the same source packages`;
      return [
        figure(name, seconds, chained, bare.seconds, n),
        figure(`${name}-against-warm`, seconds, `${chained}, its root made before`, bare.againSeconds, n),
      ];
    };
    const anew = 'a root that mock fills anew';
    const roots = [
      figure('root-first', one.firstRoot, anew, bareAlone.fillSeconds, 1),
      figure('root-later', one.laterRoot, anew, bareAlone.fillSeconds, independent),
    ];
    return [
      ...figures('one-builder', one, bareAlone, independent),
      ...figures('two-builders', two, bareAlone, independent),
      ...figures('chain', linked, bareLinked, links),
      ...(engine.isReal ? roots : []),
    ];
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Source packages of C programs; `needs` names what the one with this number requires. */
async function makeSrpms(
  folder: string,
  count: number,
  needs: (index: number) => string = () => '',
  stem = 'tiny',
): Promise<readonly Srpm[]> {
  const srpms: Srpm[] = [];
  for (let index = 0; index < count; index += 1) {
    const name = `${stem}${index}`;
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
  /** Of a root that is filled when what it takes is there; 0 for mock-lite. */
  readonly fillSeconds: number;
  /** Nothing cached. */
  readonly seconds: number;
  /** Once more, the root being there. */
  readonly againSeconds: number;
}

/** How long the engine takes on this machine itself. */
async function bareChain(engine: Engine, scratch: string, name: string, srpms: readonly Srpm[]): Promise<BareTimes> {
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
    const { user } = engine;
    if (user !== null) await execa('chown', ['-R', `${user}:mock`, folder]);
    const asUser = user === null ? [] : ['setpriv', '--reuid', user, '--regid', user, '--init-groups', '--'];
    const mock = async (...words: readonly string[]) => {
      const started = performance.now();
      const [command = '', ...rest] = [...asUser, engine.command, '-r', config, ...words];
      await execa(command, rest, { stdin: 'ignore', cwd: folder });
      return (performance.now() - started) / 1000;
    };
    const paths = srpms.map(({ path }) => path);
    const chain = (results: string) =>
      mock('--chain', '--recurse', '-c', '--localrepo', join(folder, results), ...paths);
    const seconds = await chain('results');
    const againSeconds = await chain('results-again');
    if (!engine.isReal) return { fillSeconds: 0, seconds, againSeconds };
    await mock('--scrub=root-cache');
    return { fillSeconds: await mock('--init', '--disable-plugin=root_cache'), seconds, againSeconds };
  } finally {
    await server.stop();
  }
}

interface CoppiceTimes {
  /** From the request to the last result, with warm builders. */
  readonly seconds: number;
  /** In the phase `root`: of the first build of a new builder, and what the later ones take on the average. */
  readonly firstRoot: number;
  readonly laterRoot: number;
}

async function coppice(
  engine: Engine,
  { first, srpms }: { readonly first: readonly Srpm[]; readonly srpms: readonly Srpm[] },
  builders: number,
  isChain = false,
): Promise<CoppiceTimes> {
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
    await offer(context, [...first, ...srpms]);
    const warmed = await warmUp(context, first.slice(0, builders));
    const started = performance.now();
    const builds = await context.enqueue(
      srpms.map((srpm, index) => ({
        ...requestOf(context, srpm),
        after: isChain && index > 0 ? [index - 1] : [],
        batch: 'overhead',
      })),
    );
    const results = await allSucceed(context, builds);
    const seconds = (performance.now() - started) / 1000;
    const used = results[0]?.engine;
    // mock-lite says the version of mock whose options it has, and its own name behind that.
    const isReal = used?.name === 'mock' && !used.version.includes('mock-lite');
    if (isReal !== engine.isReal)
      throw new Error(`The builders have ${used?.name} ${used?.version}, and ${engine.name} is measured beside them`);
    return { seconds, firstRoot: meanRoot(warmed.slice(0, 1)), laterRoot: meanRoot(results) };
  } finally {
    await context.stop();
  }
}

/** One build on each builder, all at once. */
async function warmUp(context: TestService, srpms: readonly Srpm[]): Promise<readonly Result[]> {
  const builds = await context.enqueue(srpms.map((srpm) => ({ ...requestOf(context, srpm), batch: 'warm' })));
  return await allSucceed(context, builds);
}

function requestOf({ url }: TestService, { name, path, sha256 }: Srpm) {
  const source = { type: 'srpm' as const, url: `${url}/srpms/${path.split('/').at(-1)}`, sha256 };
  return { package: name, source };
}

async function allSucceed(context: TestService, builds: readonly QueuedBuild[]): Promise<readonly Result[]> {
  const results = await Promise.all(
    builds.map(async (build) => context.gone(build.id).then(() => context.result(build))),
  );
  for (const { state, message } of results) {
    if (state !== 'succeeded') throw new Error(`A build of the bench ended ${state}: ${message}`);
  }
  return results;
}

function meanRoot(results: readonly Result[]): number {
  const seconds = results.map(({ phases }) => phases.find(({ name }) => name === 'root')?.seconds ?? 0);
  return seconds.reduce((sum, each) => sum + each, 0) / seconds.length;
}

async function offer(context: TestService, srpms: readonly Srpm[]): Promise<void> {
  const folder = join(context.home, 'published', 'srpms');
  await mkdir(folder, { recursive: true });
  for (const { path } of srpms) await execa('cp', ['--', path, folder]);
}

const [engine] = await findEngines();
if (engine === undefined) throw new Error('There is no mock to measure');
console.log(JSON.stringify(await overheadFigures(engine)));
