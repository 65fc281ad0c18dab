// A bench for build engines: a folder with Sapling served over HTTP, packages, generated configurations, and one mock
// command to try on it.
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Buildroot, type ChrootName, published as places, plainBuildroot } from '@coppice/config';
import { execa } from 'execa';
import { writeMockFiles } from '../src/mock/base-root.ts';
import { baseConfig, type FurtherRepository, type MockConfigInput, mockConfig } from '../src/mock/mock-config.ts';
import { macroFile } from '../src/rpm/macro-file.ts';
import { serveFolder } from './serve-folder.ts';

const repository = join(import.meta.dirname, '..', '..');
const sapling = 'sapling-12-x86_64' as ChrootName;
const distribution = process.env.COPPICE_SAPLING ?? join(repository, 'var/test/distributions', sapling);
const mockLite = join(repository, 'ansible/roles/builder/files/mock-lite/mock-lite');

/**
 * One mock to try. A real one refuses root: it runs as `user`, a member of group mock (null: as whoever runs the
 * tests).
 */
export interface Engine {
  readonly name: string;
  readonly command: string;
  readonly isReal: boolean;
  readonly user: string | null;
  /** How long one command may take: real mock fills roots slowly. */
  readonly commandMilliseconds: number;
}

/**
 * `COPPICE_MOCK` alone when it is set (run as `COPPICE_MOCK_USER`); else mock-lite, and the machine's own mock where
 * there is one.
 */
export async function findEngines(): Promise<readonly Engine[]> {
  const named = process.env.COPPICE_MOCK;
  if (named !== undefined && named !== '') return [await describeEngine(named)];
  const engines = [await describeEngine(mockLite)];
  const installed = await execa('sh', ['-c', 'command -v mock'], { reject: false });
  if (installed.exitCode === 0) engines.push(await describeEngine(installed.stdout.trim()));
  return engines.filter(({ isReal }, index) => index === 0 || isReal);
}

async function describeEngine(command: string): Promise<Engine> {
  const { stdout } = await execa(command, ['--version'], { reject: false });
  const isReal = !stdout.includes('mock-lite');
  const user = isReal && process.getuid?.() === 0 ? (process.env.COPPICE_MOCK_USER ?? 'mockbuild') || null : null;
  const name = isReal ? `mock ${stdout.trim()}` : 'mock-lite';
  return { name, command, isReal, user, commandMilliseconds: isReal ? 900_000 : 240_000 };
}

export interface PackageParts {
  /** Lines of the preamble, subpackages and scripts included. */
  readonly head?: string;
  readonly prep?: string;
  readonly build?: string;
  readonly install?: string;
  readonly check?: string;
  readonly files?: string;
}

export interface ConfigParts {
  readonly name?: string;
  readonly buildroot?: Partial<Buildroot>;
  readonly timeoutSeconds?: number;
  readonly diskBytes?: number;
  readonly memoryBytes?: number;
  readonly repos?: readonly FurtherRepository[];
  /** Lines of Python after the generated ones. */
  readonly extra?: string;
}

export interface MockRun {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Everything of one engine's tests; `close` ends it and looks for what was left. */
export class EngineBench {
  readonly engine: Engine;
  readonly folder: string;
  readonly #url: string;
  readonly #closeServer: () => Promise<void>;

  #hasContainers = true;

  private constructor(engine: Engine, folder: string, url: string, closeServer: () => Promise<void>) {
    this.engine = engine;
    this.folder = folder;
    this.#url = url;
    this.#closeServer = closeServer;
  }

  static async open(engine: Engine): Promise<EngineBench> {
    const folder = await mkdtemp(join(tmpdir(), 'coppice-engine-'));
    await chmod(folder, 0o755);
    const root = join(folder, 'published');
    await mkdir(join(root, 'distributions'), { recursive: true });
    await symlink(distribution, join(root, places.distribution(sapling)));
    for (const name of ['lib', 'cache', 'results', 'srpms']) await mkdir(join(folder, name));
    if (engine.user !== null) await execa('chown', ['-R', `${engine.user}:mock`, folder]);
    if (engine.user !== null) await execa('chmod', ['2775', join(folder, 'lib'), join(folder, 'cache')]);
    const server = await serveFolder(root);
    const { port } = server.address() as AddressInfo;
    return new EngineBench(engine, folder, `http://127.0.0.1:${port}`, async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    });
  }

  async close(): Promise<void> {
    await this.#closeServer();
    await rm(this.folder, { recursive: true, force: true });
  }

  /**
   * Fills the first root and finds out whether this machine runs the engine's containers: systemd-nspawn needs a
   * systemd that has booted the machine. Where it does not, configurations are those of a builder that reaches no
   * network by itself. mock-lite needs nothing.
   */
  async prepare(): Promise<void> {
    if (!this.engine.isReal) return;
    // With the network, the isolation is left to mock: this root can be filled on any machine.
    const config = await this.config({ buildroot: { network: true } });
    const filled = await this.mock(config, ['--init']);
    if (filled.exitCode !== 0) throw new Error(`${this.engine.name} cannot fill a root: ${filled.stderr}`);
    const inContainer = await this.mock(config, ['--isolation=nspawn', '--chroot', '--', 'true']);
    this.#hasContainers = inContainer.exitCode === 0;
    await this.mock(config, ['--clean']);
    // As with-base-root.sh has it made on a builder.
    for (const step of ['--init', '--clean']) {
      const { exitCode, stderr } = await this.mock(join(this.folder, 'build-base.cfg'), [step]);
      if (exitCode !== 0) throw new Error(`${this.engine.name} cannot make a base root: ${stderr}`);
    }
  }

  /** Whether a build gets a container, and so no network. */
  get hasContainers(): boolean {
    return this.#hasContainers;
  }

  /** Writes the configuration that the runner would, for a chroot named `name`; returns its path. */
  async config(parts: ConfigParts = {}): Promise<string> {
    const name = parts.name ?? 'build';
    const buildroot = { ...plainBuildroot, ...parts.buildroot };
    const macros = join(this.folder, `${name}.macros`);
    const path = join(this.folder, `${name}.cfg`);
    const input: MockConfigInput = {
      id: 1,
      chroot: sapling,
      root: name,
      chrootConfig: join(repository, 'config/example/chroots', `${sapling}.cfg`),
      macros,
      controlUrl: this.#url,
      timeoutSeconds: parts.timeoutSeconds ?? 300,
      diskBytes: parts.diskBytes ?? 400_000_000,
      memoryBytes: parts.memoryBytes ?? null,
      buildroot,
      builderHasNetwork: this.#hasContainers,
      projectRepository: null,
      repos: parts.repos ?? [],
      keepsRoot: parts.name === 'kept',
    };
    const places = [
      `config_opts['basedir'] = '${this.folder}/lib'`,
      `config_opts['cache_topdir'] = '${this.folder}/cache'`,
      parts.extra ?? '',
    ];
    const text = (config: string) =>
      `${config.replaceAll('/var/cache/mock', `${this.folder}/cache`)}${places.join('\n')}\n`;
    await writeMockFiles(this.folder, {
      [`${name}.macros`]: macroFile(buildroot),
      [`${name}.cfg`]: text(mockConfig(input)),
      [`${name}-base.cfg`]: text(baseConfig(input)),
    });
    return path;
  }

  /** Writes a spec; returns its path. */
  async spec(name: string, parts: PackageParts = {}): Promise<string> {
    const sections = [
      `Name: ${name}\nVersion: 1\nRelease: 1%{?dist}\nSummary: A package of the tests\nLicense: Apache-2.0`,
      parts.head ?? '',
      `%description\nA package of the tests.\n%prep\n${parts.prep ?? ''}\n%build\n${parts.build ?? ''}`,
      `%install\n${parts.install ?? ''}\n%check\n${parts.check ?? ''}\n%files\n${parts.files ?? ''}`,
    ];
    const path = join(this.folder, 'srpms', `${name}.spec`);
    await writeFile(path, `${sections.join('\n')}\n`);
    return path;
  }

  /** Makes an SRPM with the machine's rpmbuild; returns its path. */
  async srpm(name: string, parts: PackageParts = {}): Promise<string> {
    const folder = join(this.folder, 'srpms');
    const defines = [`_srcrpmdir ${folder}`, `_sourcedir ${folder}`, `_dbpath ${folder}/rpmdb`, 'dist .sap12'];
    await execa('rpmbuild', [
      ...['-bs', '--quiet', '--nodeps'],
      ...defines.flatMap((define) => ['--define', define]),
      await this.spec(name, parts),
    ]);
    return join(folder, `${name}-1-1.sap12.src.rpm`);
  }

  /** Starts mock and does not wait for it. */
  start(config: string, args: readonly string[], results = 'results') {
    const resultArgs = args.includes('--chain') ? [] : ['--resultdir', join(this.folder, results)];
    const command = [this.engine.command, '-r', config, ...resultArgs, ...args];
    const { user } = this.engine;
    const asUser = user === null ? [] : ['setpriv', '--reuid', user, '--regid', user, '--init-groups', '--'];
    const [program = '', ...rest] = [...asUser, ...command];
    return execa(program, rest, {
      reject: false,
      stdin: 'ignore',
      cwd: this.folder,
      timeout: this.engine.commandMilliseconds,
    });
  }

  async mock(config: string, args: readonly string[], results = 'results'): Promise<MockRun> {
    const { exitCode, stdout, stderr } = await this.start(config, args, results);
    return { exitCode: exitCode ?? -1, stdout: String(stdout), stderr: String(stderr) };
  }

  results(folder = 'results'): Promise<string[]> {
    return readdir(join(this.folder, folder));
  }

  /** A log, or an empty text where there is none. */
  log(name: string, folder = 'results'): Promise<string> {
    return readFile(join(this.folder, folder, name), 'utf8').catch(() => '');
  }

  /** Puts built packages into a repository of this bench; returns it as a project would name it. */
  async publish(name: string, from: string): Promise<FurtherRepository> {
    const target = join(this.folder, 'published', name);
    await mkdir(target, { recursive: true });
    for (const file of await readdir(from)) {
      if (file.endsWith('.rpm') && !file.endsWith('.src.rpm')) await cp(join(from, file), join(target, file));
    }
    await execa('createrepo_c', ['--quiet', '--no-database', target]);
    return { url: `${this.#url}/${name}` };
  }

  /** Processes in a chroot of this bench or started with its folder, and mounts below `lib`, in whatever namespace. */
  async leftovers(): Promise<readonly string[]> {
    const left: string[] = [];
    for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name) && name !== String(process.pid))) {
      const [command, mounts, root] = await Promise.all([
        readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => ''),
        readFile(`/proc/${pid}/mounts`, 'utf8').catch(() => ''),
        readlink(`/proc/${pid}/root`).catch(() => ''),
      ]);
      const isHere =
        [command, root].some((text) => text.includes(this.folder)) || mounts.includes(`${this.folder}/lib`);
      if (isHere) left.push(`${pid} ${command.replaceAll('\0', ' ').slice(0, 200)}`);
    }
    return left;
  }
}
