// Makes a published tree as runner and bot leave it, for tests and measurements: every record passes its schema.
import { hash } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  type BuildId,
  type ChrootName,
  type PackageHeader,
  type ProjectsJson,
  packageHeadersFile,
  packageHeadersSchema,
  projectsJsonSchema,
  published,
  type QueueSnapshot,
  queueSnapshotSchema,
  type Result,
  resultSchema,
  type ServiceJson,
  type ShownJson,
  serviceJsonSchema,
  shownJsonSchema,
} from '@coppice/config';
import { History } from '../src/history/history.ts';
import { loadProject } from '../src/history/load.ts';
import { openTables } from '../src/history/tables.ts';
import {
  type Build,
  joinBuild,
  type OtherShown,
  type ResultRecord,
  type SiteProject,
} from '../src/model/site-model.ts';

export const fixtureChroot = 'sapling-12-x86_64';
const start = Date.UTC(2026, 10, 20, 12, 0, 0);

/** A chroot's options when nobody asked for any. */
const noOptions: QueueSnapshot['builds'][number]['chroots'][number]['buildroot'] = {
  ...{ packages: [], repos: [], with: [], without: [], macros: {}, isolation: 'auto', modules: [], forcearch: null },
  network: false,
};

/** An ISO time `seconds` after the beginning of the fixture's history. */
export function at(seconds: number): string {
  return new Date(start + seconds * 1000).toISOString();
}

/** What the headers of a package say; `changes` are laid over it. */
export function fixtureHeader(changes: Partial<PackageHeader> = {}): PackageHeader {
  const none = { recommends: [], suggests: [], supplements: [], enhances: [], conflicts: [], obsoletes: [] };
  return {
    ...{
      nevra: 'hello-2.12-1.sap12.x86_64',
      name: 'hello',
      summary: 'Prints a friendly greeting',
      group: 'Unspecified',
    },
    ...{
      license: 'GPL-3.0-or-later',
      url: 'https://www.gnu.org/software/hello/',
      builtAt: at(120),
      installedBytes: 183_402,
    },
    description: 'Hello greets people.\nIt shows how a package is made.',
    requires: [{ name: 'libgreet.so.1()(64bit)' }, { name: '/bin/sh' }, { name: 'rtld(GNU_HASH)' }],
    provides: [{ name: 'hello', is: '=', version: '2.12-1.sap12' }],
    ...none,
    files: [
      { path: '/usr/bin/hello', bytes: 31_208, mode: '100755' },
      { path: '/usr/bin/hi', bytes: 5, mode: '120777', target: 'hello' },
      { path: '/usr/share/man/man1/hello.1.gz', bytes: 1_482, mode: '100644' },
    ],
    changelog: [
      { at: at(-86_400), author: 'Mia <mia@example.org> - 2.12-1', text: '- New release' },
      { at: at(-9_000_000), author: 'Mia <mia@example.org> - 2.11-1', text: '- First package' },
    ],
    left: {},
    ...changes,
  };
}

/** A result that succeeded; `changes` are laid over it. */
export function fixtureResult(changes: Partial<Result> = {}): Result {
  const id = changes.id ?? 1;
  const began = id * 100;
  const name = changes.package ?? 'hello';
  const nevra = `${name}-2.12-${id}.sap12`;
  const names = [
    'queued',
    'srpm',
    'spawn',
    'provision',
    'root',
    'build',
    'check',
    'collect',
    'sign',
    'publish',
  ] as const;
  const lengths = [1.2, 0.9, 4.1, 3.3, 5.2, 18.4, 6.1, 0.6, 0.1, 1.1];
  let passed = 0;
  const phases = names.map((phase, index) => {
    const seconds = lengths[index] ?? 0;
    passed += seconds;
    return { name: phase, startedAt: at(began + passed - seconds), seconds };
  });
  return resultSchema.parse({
    schemaVersion: 1,
    id,
    owner: 'acme',
    project: 'tools',
    package: name,
    chroot: fixtureChroot,
    state: 'succeeded',
    reason: null,
    message: null,
    excerpt: [],
    requestedBy: 'maintainer',
    request: 'http://127.0.0.1:4100/acme/packages/issues/1#issuecomment-7',
    requestedAt: at(began),
    batch: 'b1',
    configCommit: '3f2a9c0d4e5b60718293a4b5c6d7e8f901234567',
    source: {
      type: 'dir',
      commit: '3f2a9c0d4e5b60718293a4b5c6d7e8f901234567',
      path: `packages/acme/tools/${name}`,
      tree: 'aa2a9c0d4e5b60718293a4b5c6d7e8f901234567',
    },
    inputDigest: 'sha256:5d41402abc4b2a76b9719d911017c592',
    attempts: 1,
    builder: 'local-3',
    engine: { name: 'mock-lite', version: '0.1.0' },
    phases,
    artifacts: [
      { file: `${nevra}.x86_64.rpm`, nevra: `${nevra}.x86_64`, bytes: 48_213, sha256: 'ab'.repeat(32) },
      {
        file: `${name}-debuginfo-2.12-${id}.sap12.x86_64.rpm`,
        nevra: `${name}-debuginfo-2.12-${id}.sap12.x86_64`,
        bytes: 131_072,
        sha256: 'cd'.repeat(32),
      },
    ],
    startedAt: at(began + 2),
    endedAt: at(began + 43),
    ...changes,
  });
}

/** A build as the queue holds it; `changes` are laid over it. */
export function fixtureQueued(changes: Partial<QueueSnapshot['builds'][number]> = {}): QueueSnapshot['builds'][number] {
  const { id, owner, project, source, requestedBy, request, requestedAt, configCommit, batch } = fixtureResult(
    changes.id === undefined ? {} : { id: changes.id },
  );
  return {
    ...{
      id,
      owner,
      project,
      package: 'hello',
      source,
      after: [],
      timeoutSeconds: 3600,
      memoryBytes: null,
      background: false,
      builderLabels: [],
      diskBytes: 1e9,
      sourceBytes: 1e9,
    },
    ...{ repos: [], requestedBy, request, configCommit, batch, requestedAt, srpm: null, srpmState: 'pending' },
    chroots: [fixtureQueuedChroot()],
    ...changes,
  };
}

/** A chroot that waits; `changes` are laid over it. */
export function fixtureQueuedChroot(
  changes: Partial<QueueSnapshot['builds'][number]['chroots'][number]> = {},
): QueueSnapshot['builds'][number]['chroots'][number] {
  return {
    ...{
      chroot: fixtureChroot,
      inputDigest: 'sha256:1',
      buildroot: noOptions,
      state: 'pending',
      reason: null,
      message: null,
      phase: 'queued',
    },
    ...{ phaseStartedAt: at(500), phases: [], attempts: 0, builder: null, startedAt: null, endedAt: null },
    ...{ cancelRequestedBy: null, skipBecause: null },
    ...changes,
  };
}

/** What the config repo states, in one project `acme/tools`. */
export function fixtureProjects(changes: Partial<ProjectsJson['projects'][number]> = {}): ProjectsJson {
  const dir = 'dir in the config repository';
  return {
    configCommit: '3f2a9c0d4e5b60718293a4b5c6d7e8f901234567',
    configRepository: 'acme/packages',
    projects: [
      {
        owner: 'acme',
        name: 'tools',
        description: 'Small tools that greet people',
        instructions: 'Enable the repository, then install hello.\nRun hello --help to see what it can do.',
        homepage: null,
        contact: null,
        ...{ repos: [], network: false, repoOptions: { priority: null, moduleHotfixes: false } },
        chroots: [fixtureChroot],
        chrootStates: { [fixtureChroot]: { state: 'active', keepUntil: null } },
        maintainers: ['maintainer'],
        builders: ['builder'],
        frozen: null,
        forkedFrom: null,
        pinned: false,
        deleteAfter: null,
        leaving: null,
        departed: [],
        keyFingerprint: '9F3C0A7E5B1D2468ACE013579BDF02468ACE1357',
        keys: [
          {
            fingerprint: '9F3C0A7E5B1D2468ACE013579BDF02468ACE1357',
            ...{ kind: 'rsa4096', role: 'signing', endsAt: '2028-11-29T07:45:07.000Z', signsFrom: null },
          },
        ],
        packages: [
          { name: 'libgreet', needs: [], chroots: [fixtureChroot], source: dir },
          { name: 'hello', needs: ['libgreet'], chroots: [fixtureChroot], source: dir },
          { name: 'figlet', needs: [], chroots: [fixtureChroot], source: 'https://github.com/acme/figlet.git v1.0' },
        ],
        ...changes,
      },
    ],
  };
}

/** What the service says of itself when all is well; `changes` are laid over it. */
export function fixtureService(changes: Partial<ServiceJson> = {}): ServiceJson {
  const builders = { making: 0, idle: 1, leased: 0, kept: 0, ending: 0 };
  const local = { name: 'local', driver: 'local', architectures: ['x86_64'], labels: ['small'], min: 0, max: 4 };
  return {
    pools: [{ ...local, builders, madeAt: at(100), fault: null }],
    limits: { perOwner: null, perChroot: {}, perArchitecture: {} },
    mirror: null,
    github: true,
    ...changes,
  };
}

/** The folder of a result inside `published/`. */
function folderOf(result: Result): string {
  const place = { ...result, id: result.id as BuildId };
  return result.chroot === 'srpm'
    ? published.srpmBuild(place)
    : published.chrootBuild(place, result.chroot as ChrootName);
}

/** Writes into a published tree. */
export function openFixture(folder: string) {
  const write = async (path: string, text: string) => {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  };
  /** A result with its files and its logs. */
  async function addResult(
    result: Result,
    logs: Readonly<Record<string, string>> = { 'build.log': greenLog },
  ): Promise<string> {
    const at = folderOf(result);
    for (const [file, text] of Object.entries(logs)) await write(`${at}/${file}`, text);
    for (const { file } of result.artifacts) await write(`${at}/${file}`, '');
    await write(`${at}/result.json`, JSON.stringify(result));
    return at;
  }
  /** The same with what the headers of its packages say. */
  async function addDescribed(result: Result, packages: readonly PackageHeader[]): Promise<string> {
    const told = packageHeadersSchema.parse({ schemaVersion: 1, packages, packagesLeft: 0 });
    const text = JSON.stringify(told);
    const sha256 = hash('sha256', text);
    await write(`${folderOf(result)}/${packageHeadersFile}`, text);
    return addResult({
      ...result,
      packageHeaders: { file: packageHeadersFile, bytes: Buffer.byteLength(text), sha256 },
    });
  }
  return {
    write,
    addResult,
    addDescribed,
    setQueue: (builds: QueueSnapshot['builds'], brokenPools: QueueSnapshot['brokenPools'] = []) =>
      write(
        published.queueJson,
        JSON.stringify(queueSnapshotSchema.parse({ generatedAt: at(600), builds, brokenPools })),
      ),
    setService: (service: ServiceJson) =>
      write(published.serviceJson, JSON.stringify(serviceJsonSchema.parse(service))),
    /** What users get of a repository of `acme/tools`; null for no file. */
    setShown: (packages: ShownJson['packages'] | null, chroot = fixtureChroot) => {
      const path = published.shown('acme', 'tools', chroot as ChrootName);
      if (packages === null) return rm(join(folder, path));
      return write(path, JSON.stringify(shownJsonSchema.parse({ schemaVersion: 1, packages })));
    },
    setProjects: async (projects: ProjectsJson) => {
      await write(published.projectsJson, JSON.stringify(projectsJsonSchema.parse(projects)));
      for (const { owner, name, chroots } of projects.projects) {
        await write(published.publicKey(owner, name), 'key');
        for (const chroot of chroots) await write(published.ownRepo(owner, name, chroot as ChrootName), 'repo');
      }
    },
  };
}

/** A log of a build that succeeded. */
export const greenLog = `Mock Version: 5.6
Executing(%prep): /bin/sh -e /var/tmp/rpm-tmp.1
+ cd hello-2.12
Executing(%build): /bin/sh -e /var/tmp/rpm-tmp.2
+ make -j2
cc -O2 -o hello hello.c -lgreet
hello.c:12:5: warning: unused variable 'x' [-Wunused-variable]
Executing(%install): /bin/sh -e /var/tmp/rpm-tmp.3
+ make install DESTDIR=/builddir/build/BUILDROOT
Executing(%check): /bin/sh -e /var/tmp/rpm-tmp.4
+ make check
3 tests, 0 failed
Processing files: hello-2.12-1.x86_64
Provides: hello = 2.12-1
Wrote: /builddir/build/RPMS/hello-2.12-1.x86_64.rpm
Child return code was: 0
`;

/** A log of a build whose tests failed. */
export const redLog = `Mock Version: 5.6
Executing(%prep): /bin/sh -e /var/tmp/rpm-tmp.1
+ cd libgreet-1.4
Executing(%build): /bin/sh -e /var/tmp/rpm-tmp.2
+ make -j2
cc -O2 -fPIC -c greet.c
cc -shared -o libgreet.so.1 greet.o
Executing(%install): /bin/sh -e /var/tmp/rpm-tmp.3
+ make install
Executing(%check): /bin/sh -e /var/tmp/rpm-tmp.4
+ make check
ok 1 - greets the world
ok 2 - greets a name
test_empty.c:21: error: expected "Hello!" but got ""
FAIL: test_empty
make: *** [Makefile:31: check] Error 1
error: Bad exit status from /var/tmp/rpm-tmp.4 (%check)
RPM build errors:
    Bad exit status from /var/tmp/rpm-tmp.4 (%check)
Child return code was: 1
`;

/** What pages speak of, straight from records, without a file. */
export interface FixtureSite {
  readonly history: History;
  readonly projects: ReadonlyMap<string, SiteProject>;
  /** Newest first. */
  readonly builds: readonly Build[];
}

export function fixtureSite(records: {
  readonly results?: readonly Result[];
  readonly queue?: QueueSnapshot['builds'];
  readonly projects?: ProjectsJson;
  /** What users get, of the project `acme/tools`. */
  readonly others?: readonly OtherShown[];
}): FixtureSite {
  const history = new History(openTables(':memory:'));
  for (const entry of records.projects?.projects ?? []) history.saveEntry(`${entry.owner}/${entry.name}`, entry, null);
  const entries = new Map(records.queue?.map((entry) => [entry.id, entry]));
  const results = Map.groupBy(records.results ?? [], ({ id }) => id);
  for (const id of new Set([...results.keys(), ...entries.keys()])) {
    const read = (results.get(id) ?? []).map((result): [string, ResultRecord] => {
      const logs = [{ file: 'build.log', bytes: 10 }];
      return [`${folderOf(result)}/result.json`, { result, logs }];
    });
    const build = joinBuild({ results: new Map(read), entry: entries.get(id), liveLogs: new Map() });
    if (build !== undefined) history.saveBuild(build);
  }
  for (const [chroot, others] of Map.groupBy(records.others ?? [], (each) => each.chroot))
    history.saveShown('acme/tools', chroot, { changed: 1, bytes: 1 }, others);
  const load = (key: string) => loadProject(history, key);
  const projects = history.projectKeys().flatMap((key) => load(key) ?? []);
  return {
    history,
    projects: new Map(projects.map((project) => [`${project.owner}/${project.name}`, project])),
    builds: history.newestBuilds({}, 10_000),
  };
}
