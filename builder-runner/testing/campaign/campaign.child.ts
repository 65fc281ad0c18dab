// A service that is broken again and again while it builds: `node campaign.child.ts <seed> <builds>`, in a network, a
// mount and a process namespace of its own (`npm run campaign -w builder-runner -- <seed> <builds>` sees to that), as
// root. Prints what happened as one line of JSON, and exits with 1 when something was lost, doubled, wrongly ended or
// left behind. COPPICE_CAMPAIGN_LOG=1 shows the service's log.
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { type BuildId, published, type Result, resultSchema } from '@coppice/config';
import { execa } from 'execa';
import { ansibleFolder } from '../../src/builder/playbook.ts';
import { scripted } from '../packages.ts';
import { makeTestHome, sapling } from '../start-test-service.ts';
import { builderProcesses, doFault, type FaultName, faultNames, type Place, type Witness } from './faults.ts';
import { allProcesses, findRemains, namespacesOf } from './remains.ts';
import type { Said } from './service.child.ts';
import { type Service, startService } from './service.ts';

/** What a campaign came to. */
export interface CampaignReport {
  readonly accepted: number;
  /** How many accepted builds have no final record. */
  readonly lost: readonly number[];
  /** Builds that were seen to end more than once, or whose record changed after it was written. */
  readonly doubled: readonly string[];
  /** Builds that ended otherwise than their package deserves. */
  readonly wrong: readonly string[];
  /** How often each was seen to hit something. */
  readonly faults: Readonly<Record<FaultName, number>>;
  readonly attempts: number;
  readonly remains: readonly string[];
  readonly stillQueued: number;
  readonly seconds: number;
}

const [seed, count] = process.argv.slice(2).map(Number) as [number, number];
/** Room for two hundred small builds and their repository, not for much more. */
const homeMebibytes = 384;
const builders = 3;
const buildsBetweenFaults = 8;
/** So many have not ended when a fault begins. */
const buildsAhead = 10;

let state = seed >>> 0;
/** 0 ≤ number < 1; the same for the same seed (a linear congruential generator: nothing depends on its quality). */
function random(): number {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return state / 2 ** 32;
}

function pick<T>(choices: readonly T[]): T {
  return choices[Math.floor(random() * choices.length)] as T;
}

const packages = {
  quick: scripted('quick', 'true'),
  slow: scripted('slow', 'for second in 1 2 3; do echo "second $second"; sleep 1; done'),
  broken: scripted('broken', 'echo "error: it is broken" >&2; exit 1'),
};
type PackageName = keyof typeof packages;

async function campaign(): Promise<CampaignReport> {
  const startedAt = performance.now();
  const before = allProcesses();
  await execa('ip', ['link', 'set', 'lo', 'up']);
  const scratch = mkdtempSync(join(tmpdir(), 'coppice-campaign-'));
  process.env.TMPDIR = scratch; // what the service and its programs make for themselves is looked for there too
  const { place, request, ...test } = await makePlace(scratch);
  const ends = new Map<string, number>();
  const records = new Map<string, string>();
  const packageOf = new Map<number, PackageName>();
  const namespaces = new Set<string>();
  const doubled = new Set<string>();
  const faults = Object.fromEntries(faultNames.map((name) => [name, 0])) as Record<FaultName, number>;
  const pathOf = (id: number) =>
    join(
      place.home,
      'published',
      published.chrootBuild(
        { id: id as BuildId, owner: 'acme', project: 'tools', package: packageOf.get(id) ?? '' },
        sapling,
      ),
      'result.json',
    );
  const words: string[] = [];
  const hear = (said: Said) => {
    if ('message' in said) words.push(said.message);
    if ('refused' in said) words.push(said.refused);
    if ('message' in said && process.env.COPPICE_CAMPAIGN_LOG !== undefined) console.error(said.level, said.message);
    if (!('ended' in said)) return;
    const key = `${said.ended} ${said.chroot}`;
    ends.set(key, (ends.get(key) ?? 0) + 1);
    if ((ends.get(key) ?? 0) > 1) doubled.add(`build ${key} ended ${ends.get(key)} times`);
  };
  /** A record is the mark of an ending: once there, it stays as it is. */
  const look = () => {
    for (const name of namespacesOf(builderProcesses(place).flat())) if (!ours.has(name)) namespaces.add(name);
    for (const id of packageOf.keys()) {
      const text = readOr(pathOf(id));
      if (text === undefined) continue;
      const hash = createHash('sha256').update(text).digest('hex');
      const before = records.get(String(id));
      if (before !== undefined && before !== hash) doubled.add(`the record of build ${id} changed`);
      records.set(String(id), hash);
    }
  };
  const ours = new Set(namespacesOf([process.pid]));
  const service = await startService(
    { home: place.home, url: test.url, port: test.port, settings: test.settings },
    hear,
  );
  const watching = setInterval(look, 500);
  const accept = async (by: Service, wanted: number) => {
    const names = Array.from({ length: wanted }, () => pick(['quick', 'quick', 'slow', 'broken'] as const));
    const ids = await by.accept(names.map((name) => request({ package: name })));
    ids?.forEach((id, index) => void packageOf.set(id, names[index] as PackageName));
    return ids !== undefined;
  };
  const witness = (): Witness => {
    const from = words.length;
    return {
      heard: (pattern) => words.slice(from).some((text) => pattern.test(text)),
      ask: () => accept(service, 1),
    };
  };
  const untilEnded = async (wanted: number) => {
    while (records.size < Math.min(wanted, packageOf.size) && performance.now() - startedAt < limitSeconds * 1000)
      await delay(200);
  };
  /** Every kind of fault comes, in turns of a random order; as many faults as the builds are enough for. */
  const faultOrder = () => {
    const order: FaultName[] = [];
    while (order.length < Math.floor(count / buildsBetweenFaults) - 1) {
      order.push(
        ...faultNames
          .map((name) => ({ name, at: random() }))
          .sort((a, b) => a.at - b.at)
          .map(({ name }) => name),
      );
    }
    return order.slice(0, Math.floor(count / buildsBetweenFaults) - 1);
  };
  try {
    for (const name of faultOrder()) {
      await untilEnded(records.size + buildsBetweenFaults);
      // However long the faults before took: what a fault is to hit is there.
      const wanted = buildsAhead - (packageOf.size - records.size);
      if (wanted > 0) await accept(service, wanted);
      if (await doFault(name, place, service, random, witness())) faults[name] += 1;
    }
    while (packageOf.size < count) await accept(service, Math.min(10, count - packageOf.size));
    await untilEnded(packageOf.size);
    await service.stop();
  } finally {
    clearInterval(watching);
  }
  look();
  const results = new Map([...packageOf.keys()].map((id) => [id, parse(readOr(pathOf(id)))]));
  const report = {
    accepted: packageOf.size,
    lost: [...results].filter(([, result]) => result === undefined).map(([id]) => id),
    doubled: [...doubled],
    wrong: [...results].flatMap(([id, result]) => misjudged(packageOf.get(id), result)),
    faults,
    attempts: [...results.values()].reduce((sum, result) => sum + (result?.attempts ?? 0), 0),
    stillQueued: await queued(place.home),
    remains: await findRemains({
      folders: [scratch, place.home],
      namespaces,
      known: new Set([process.pid, process.ppid, ...before]),
      knownMounts: new Set([place.home]),
    }),
    seconds: (performance.now() - startedAt) / 1000,
  };
  await execa('umount', ['--lazy', place.home]);
  await test.remove();
  rmSync(scratch, { recursive: true, force: true });
  return report;
}

/** After this a campaign has hung. */
const limitSeconds = 900;

async function makePlace(scratch: string) {
  const test = await makeTestHome(packages, async (home) => {
    await execa('mount', ['-t', 'tmpfs', '-o', `size=${homeMebibytes}m,mode=0755`, 'coppice-campaign', home]);
  });
  const { home } = test;
  // Only what Coppice itself writes is on the small file system: the builders' disks are not.
  const outside = join(scratch, 'drivers');
  const noSpawn = join(scratch, 'no-spawn');
  mkdirSync(outside, { mode: 0o711 });
  mkdirSync(join(home, 'state'), { recursive: true });
  symlinkSync(outside, join(home, 'state', 'drivers'));
  const driver = join(scratch, 'driver');
  mkdirSync(driver);
  const local = join(ansibleFolder, 'drivers', 'local');
  const facts = readFileSync(join(local, 'driver.yml'));
  writeFileSync(join(driver, 'driver.yml'), facts);
  for (const verb of ['keep-roots', 'terminate', 'list']) {
    writeFileSync(join(driver, `${verb}.yml`), `- ansible.builtin.import_playbook: ${local}/${verb}.yml\n`);
  }
  writeFileSync(
    join(driver, 'spawn.yml'),
    `- hosts: localhost
  connection: local
  gather_facts: false
  tasks:
    - ansible.builtin.assert:
        that: not ('${noSpawn}' is exists)
        fail_msg: no builder can be made now
- ansible.builtin.import_playbook: ${local}/spawn.yml
`,
  );
  const settings = {
    workers: builders + 2,
    builders: {
      attempts: 10,
      pools: [{ driver, max: builders, idleSeconds: 30 }],
      breaker: { failures: 3, pauseSeconds: 1 },
    },
  };
  const place: Place = { home, drivers: outside, noSpawn };
  return { place, settings, ...test };
}

function readOr(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function parse(text: string | undefined): Result | undefined {
  return text === undefined ? undefined : resultSchema.parse(JSON.parse(text));
}

function misjudged(name: PackageName | undefined, result: Result | undefined): readonly string[] {
  if (result === undefined) return [];
  const right = name === 'broken' ? 'failed compile' : 'succeeded null';
  const is = `${result.state} ${result.reason}`;
  return is === right ? [] : [`build ${result.id} of ${name}: ${is}: ${result.message}`];
}

async function queued(home: string): Promise<number> {
  const { openQueue } = await import('../../src/queue/index.ts');
  const queue = await openQueue({ folder: join(home, 'state', 'queue'), now: () => new Date() });
  const { length } = queue.builds();
  await queue.close();
  return length;
}

const report = await campaign();
console.log(JSON.stringify(report));
const { lost, doubled, wrong, remains, stillQueued } = report;
process.exit([lost, doubled, wrong, remains].every((found) => found.length === 0) && stillQueued === 0 ? 0 : 1);
