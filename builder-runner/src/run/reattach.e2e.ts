// Builds that outlive their runner: a real process with a runner is killed, stopped and cut off from builders of this
// machine, whose driver says that they outlive the service.
import { linkSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { published, type QueuedBuild, type Result, resultSchema } from '@coppice/config';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { hasFile, lookIntoBuilder, type SeenBuilder } from '../../testing/look-into-builder.ts';
import { needRoot } from '../../testing/need-root.ts';
import { scripted } from '../../testing/packages.ts';
import { type RunnerProcess, startRunnerProcess } from '../../testing/runner-process.ts';
import { makeTestHome, sapling, type TestHome } from '../../testing/start-test-service.ts';
import { ansibleFolder } from '../builder/playbook.ts';

needRoot();
const lineCount = 20_000;
/** Prints its lines in ten parts with pauses. */
/** Goes neither on nor to its end before the test lets it, however slow the machine: see `letGo`. */
const [halfway, stay] = ['sleep 3602', 'sleep 3601'];
const talk = (until: number) => `while [ $i -lt ${until} ]; do
  i=$((i + 1)); echo "line $i of it"
  [ $((i % ${lineCount / 10})) -ne 0 ] || sleep 0.3
done`;
const talkAndStay = `i=0\n${talk(lineCount)}\n${stay} || :`;
const talkInHalves = `i=0\n${talk(lineCount / 2)}\n${halfway} || :\n${talk(lineCount)}\n${stay} || :`;

const packages = {
  talker: scripted('talker', talkInHalves),
  short: scripted('short', talkAndStay),
  deaf: scripted('deaf', talkInHalves),
  cut: scripted('cut', talkInHalves),
  stubborn: scripted(
    'stubborn',
    '(trap "" TERM; while :; do sleep 1; done) & setsid sleep 3600 & echo it began; sleep 3600',
  ),
  patient: scripted('patient', talkInHalves),
};

let place: TestHome;
let driver: string;
let settings: unknown;
let runner: RunnerProcess;

beforeAll(async () => {
  place = await makeTestHome(packages);
  driver = join(await mkdtemp(join(tmpdir(), 'coppice-driver-')), 'lasting');
  await mkdir(driver);
  for (const part of ['spawn.yml', 'terminate.yml', 'list.yml', 'files']) {
    await symlink(join(ansibleFolder, 'drivers', 'local', part), join(driver, part));
  }
  const facts = ['description: Builders of this machine that stay', 'architectures: [machine]', 'labels: []'];
  await writeFile(join(driver, 'driver.yml'), `${facts.join('\n')}\noutlivesService: true\nnetwork: false\n`);
  // Two for source packages, and two for builds that run at the same time: neither of these waits for a builder to be
  // made after another.
  settings = { workers: 2, builders: { reconnectSeconds: 60, pools: [{ driver, max: 4 }] } };
  runner = await start();
});

afterAll(async () => {
  await runner.stop();
  // What outlives the service is ended by a service that has nothing to do.
  await (await start()).stop();
  await place.remove();
  await rm(join(driver, '..'), { recursive: true, force: true });
});

function start(): Promise<RunnerProcess> {
  const { home, url, port } = place;
  return startRunnerProcess({ home, url, port, settings });
}

async function enqueue(...names: (keyof typeof packages)[]): Promise<QueuedBuild[]> {
  return [...(await runner.enqueue(names.map((name) => place.request({ package: name }))))];
}

const inBuild = ({ build }: { readonly build: QueuedBuild }) => build.chroots.some(({ phase }) => phase === 'build');
const gone = (build: QueuedBuild) => runner.until(build.id, (change) => change.gone);

function folderOf(build: QueuedBuild): string {
  return join(place.root, published.chrootBuild(build, sapling));
}

async function resultOf(build: QueuedBuild): Promise<Result> {
  return resultSchema.parse(JSON.parse(await readFile(join(folderOf(build), 'result.json'), 'utf8')));
}

/**
 * Waits until the published log has this line, and keeps the file that is followed into: at the end another one takes
 * its name.
 */
async function followed(build: QueuedBuild, line: number): Promise<string> {
  const log = join(folderOf(build), 'build.log');
  const hasLine = () => expect(readFileSync(log, 'utf8')).toContain(`line ${line} of it\n`);
  await vi.waitFor(hasLine, { timeout: 120_000, interval: 50 });
  const kept = join(place.home, `followed-${build.id}`);
  linkSync(log, kept);
  return kept;
}

/** The numbers of the lines of the build, as a log has them. */
function numbersIn(log: string): number[] {
  return [...readFileSync(log, 'utf8').matchAll(/^line (\d+) of it$/gm)].map((match) => Number(match[1]));
}
const allNumbers = Array.from({ length: lineCount }, (_, index) => index + 1);

/** Lets the build say the rest, waits until the log that was followed into has each line once, then lets it end. */
async function endsAfterAllLines(log: string, seen: SeenBuilder): Promise<void> {
  await letGo(seen, halfway);
  const hasLast = () => expect(numbersIn(log).at(-1)).toBe(lineCount);
  await vi.waitFor(hasLast, { timeout: 120_000, interval: 100 });
  expect(numbersIn(log)).toEqual(allNumbers);
  await letGo(seen, stay);
}

/** Ends what a build on this builder waits for, once it does. */
async function letGo(seen: SeenBuilder, what: string): Promise<void> {
  const stays = () => seen.processes().find(({ args }) => args === what) ?? expect.unreachable('it does not stay yet');
  process.kill((await vi.waitFor(stays, { timeout: 120_000 })).pid);
}

async function builderOf(build: QueuedBuild): Promise<{ readonly name: string; readonly seen: SeenBuilder }> {
  const now = await runner.until(build.id, inBuild);
  const name = now.chroots[0]?.builder ?? '';
  const drivers = join(place.home, 'state', 'drivers');
  const [state] = readdirSync(drivers);
  return { name, seen: await lookIntoBuilder(join(drivers, state as string), name) };
}

test('a runner that is killed with -9 is followed by one that goes on with its builds, and no line is missed', async () => {
  const [talker, short] = (await enqueue('talker', 'short')) as [QueuedBuild, QueuedBuild];
  const builders = await Promise.all([builderOf(talker), builderOf(short)]);
  const log = await followed(talker, lineCount / 5);
  await runner.kill();
  // One build goes on until after the next start, the other one ends before it.
  await letGo(builders[1].seen, stay);
  const exit = `home/mockbuild/builds/${short.id}-${sapling}/exit`;
  await vi.waitFor(() => expect(hasFile(builders[1].seen, exit)).toBe(true), { timeout: 120_000 });
  expect(numbersIn(log).length).toBeLessThan(lineCount);
  runner = await start();
  await endsAfterAllLines(log, builders[0].seen);
  await Promise.all([gone(talker), gone(short)]);
  for (const [index, build] of [talker, short].entries()) {
    expect(await resultOf(build)).toMatchObject({
      state: 'succeeded',
      attempts: 1,
      builder: builders[index]?.name,
      engine: { name: expect.stringMatching(/^mock/) },
    });
    expect(numbersIn(join(folderOf(build), 'build.log'))).toEqual(allNumbers);
  }
});

test('a connection that is lost is mended: its server killed, or its network cut', async () => {
  const [deaf, cut] = (await enqueue('deaf', 'cut')) as [QueuedBuild, QueuedBuild];
  const [killedOn, cutOff] = await Promise.all([builderOf(deaf), builderOf(cut)]);
  const logs = await Promise.all([followed(deaf, lineCount / 10), followed(cut, lineCount / 10)]);
  const said = runner.lines.length;
  const session = JSON.parse(
    await readFile(join(place.home, 'state', 'builders', killedOn.name, 'session.json'), 'utf8'),
  ) as { pid: number };
  const server = killedOn.seen.processes().find(({ innerPid }) => innerPid === session.pid);
  expect(server?.args).toContain('sshd');
  process.kill(server?.pid as number, 'SIGKILL');
  const instance = JSON.parse(
    await readFile(join(place.home, 'state', 'builders', cutOff.name, 'instance.json'), 'utf8'),
  ) as { host: string };
  const route = [`${instance.host}/32`, 'table', 'local'];
  await execa('ip', ['route', 'add', 'blackhole', ...route]);
  try {
    const lost = () => runner.lines.slice(said).filter((line) => line.includes('connecting again'));
    await vi.waitFor(() => expect(lost().length).toBeGreaterThanOrEqual(2), { timeout: 60_000 });
  } finally {
    await execa('ip', ['route', 'del', 'blackhole', ...route]);
  }
  await Promise.all([endsAfterAllLines(logs[0], killedOn.seen), endsAfterAllLines(logs[1], cutOff.seen)]);
  await Promise.all([gone(deaf), gone(cut)]);
  for (const [index, build] of [deaf, cut].entries()) {
    const builder = [killedOn, cutOff][index]?.name;
    expect(await resultOf(build)).toMatchObject({ state: 'succeeded', attempts: 1, builder });
    expect(numbersIn(join(folderOf(build), 'build.log'))).toEqual(allNumbers);
  }
});

test('a build that is canceled leaves nothing on its builder', async () => {
  const [stubborn] = (await enqueue('stubborn')) as [QueuedBuild];
  const { seen } = await builderOf(stubborn);
  const log = join(folderOf(stubborn), 'build.log');
  await vi.waitFor(() => expect(readFileSync(log, 'utf8')).toContain('it began'), { timeout: 60_000 });
  const left = () => seen.detached().map(({ args }) => args);
  const said = left(); // the same look: what it sees of the build now, it would see afterwards
  for (const part of ['detached.sh', 'mock', 'sleep 3600']) expect(said.join('\n')).toContain(part);
  runner.cancel(stubborn.id);
  await gone(stubborn);
  // Looked at in the moment in which the build has ended, not when its builder has been cleaned.
  const mounts = seen.mounts().filter((path) => path.startsWith('/var/lib/mock/'));
  const roots = readdirSync(join(seen.root, 'var/lib/mock')).filter((name) => name.startsWith('coppice-'));
  expect(await resultOf(stubborn)).toMatchObject({ state: 'canceled', message: 'Canceled by somebody.' });
  expect([...mounts, ...roots]).toEqual([]);
  const lingers = left();
  // A login that has just been closed may have a last command. Cleaning ends no process: what is left of the build
  // would stay.
  await vi.waitFor(() => expect(left()).toEqual([]), { timeout: 30_000 });
  const folder = 'home/mockbuild/builds';
  const builds = () =>
    hasFile(seen, folder) ? readdirSync(join(seen.root, folder)) : ['the builder was ended', ...lingers];
  await vi.waitFor(() => expect(builds()).toEqual([]), { timeout: 30_000 });
  // Nobody is there any more once it is clean, and it is: a builder on which something was left is ended.
  const others = () => seen.processes().flatMap(({ args }) => (args.startsWith('sshd: ') ? [] : [args]));
  await vi.waitFor(() => expect(others()).toEqual([]), { timeout: 30_000 });
  expect(builds()).toEqual([]);
});

test('an orderly stop leaves builds to builders that outlive it, and the next start goes on', async () => {
  const [patient] = (await enqueue('patient')) as [QueuedBuild];
  const { name, seen } = await builderOf(patient);
  const log = await followed(patient, lineCount / 10);
  const { inputs } = (await runner.until(patient.id, inBuild)).chroots[0] ?? {};
  expect(inputs).toEqual([{ project: 'acme/tools', generation: expect.any(Number) }]);
  await runner.stop();
  expect(seen.processes().some((each) => each.args.includes('mock'))).toBe(true);
  runner = await start();
  expect(runner.lines.some((line) => line.includes(`goes on on ${name}`))).toBe(true);
  await endsAfterAllLines(log, seen);
  await gone(patient);
  expect(await resultOf(patient)).toMatchObject({ state: 'succeeded', attempts: 1, builder: name, inputs });
  expect(numbersIn(join(folderOf(patient), 'build.log'))).toEqual(allNumbers);
});
