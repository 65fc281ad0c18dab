// `coppice prune`: what nobody needs any more goes, as retention says. The running service does it; where none runs,
// this process does, under the service's locks.
import { join } from 'node:path';
import { noLimits, openJournaledStore, openQueue } from '@coppice/builder-runner/queue';
import { type Log, openBuildNumbers, prune as pruneBuilds, runnerProjects } from '@coppice/builder-runner/runner';
import { findProject, parseJsonAs, readSandbox } from '@coppice/config';
import { type ConfigAtCommit, readConfigAt } from '../config-repo/config-in-force.ts';
import { openConfigRepo } from '../config-repo/mirror.ts';
import { readLeaving } from '../config-repo/read-leaving.ts';
import { pruneAll } from '../retention/prune-all.ts';
import { type Endpoint, readEndpoint } from '../service/endpoint.ts';
import { type Environment, type Home, readHome, withheldIn } from '../service/home.ts';
import { applyToBotState, type BotOperation, type BotState, initialBotState } from '../vocabulary/bot-state.ts';
import { ServiceError } from '../vocabulary/errors.ts';
import { countingLeaving } from '../vocabulary/leaving.ts';
import { oneLine, printableJson } from '../vocabulary/plain-text.ts';
import { type PruneReport, pruneReportSchema } from '../vocabulary/prune-report.ts';
import { askControl } from './ask-control.ts';
import { type Terminal, table } from './terminal.ts';

export interface PruneWish {
  /** Only say what would go. */
  readonly dryRun: boolean;
  readonly json: boolean;
}

/** Prints what goes, or would. Returns the exit code: 1 when something could not be looked at. */
export async function prune(terminal: Terminal, environment: Environment, wish: PruneWish): Promise<number> {
  const home = readHome(environment);
  const endpoint = await readEndpoint(home);
  if (endpoint === undefined) {
    const what = `No service has run in ${home.folder}, so there is nothing to prune.`;
    throw new ServiceError('unreachable', `${what} Name its folder in COPPICE_HOME.`);
  }
  const report = (await askService(endpoint, wish.dryRun)) ?? (await pruneHere(home, endpoint, wish.dryRun, terminal));
  if (wish.json) terminal.print(printableJson(report));
  else terminal.print(renderReport(report));
  for (const problem of report.problems) terminal.say(oneLine(problem));
  return report.problems.length === 0 ? 0 : 1;
}

/** Undefined when no service runs. */
async function askService(endpoint: Endpoint, dryRun: boolean): Promise<PruneReport | undefined> {
  const answer = await askControl(endpoint, '/prune', { dryRun });
  // Somebody else has the port by now: the lock tells whether a service runs.
  if (answer === undefined || answer.status === 403 || answer.status === 404) return undefined;
  const read = parseJsonAs(answer.text, pruneReportSchema);
  if (answer.status === 200 && read.kind === 'value') return read.value;
  throw new ServiceError(
    'unreachable',
    `The service could not prune (${answer.status}): ${oneLine(answer.text.trim().slice(0, 500))}`,
  );
}

async function pruneHere(home: Home, endpoint: Endpoint, dryRun: boolean, { say }: Terminal): Promise<PruneReport> {
  const log: Log = (level, text) => {
    if (level !== 'info') say(text);
  };
  const now = () => new Date();
  const numbers = await openBuildNumbers(home.folder, log);
  const queue = await openQueue({ folder: join(home.state, 'queue'), numbers, now, limits: () => noLimits });
  try {
    const store = await openJournaledStore<BotState, BotOperation, void>({
      folder: join(home.state, 'bot'),
      initial: initialBotState,
      apply: applyToBotState,
      decode: (json) => ({ ...initialBotState(), ...(json as Partial<BotState>) }),
    });
    try {
      const at = await readConfigInForce(home, store.state);
      const { projects } = countingLeaving(at);
      const stated = (owner: string, name: string) => findProject(projects, owner, readSandbox(name)?.project ?? name);
      const isFrozen = (owner: string, name: string) => (stated(owner, name)?.frozen ?? null) !== null;
      const publisher = { home: home.folder, url: endpoint.url, isFrozen, log };
      const folders = { publishedFolder: home.published, withheldFolder: withheldIn(home.folder) };
      const sandboxes = {
        ...{ pulls: () => store.state.pulls, live: () => queue.builds(), ...folders, isFrozen, now },
        retentionSeconds: () => at.config.policy.retention.pullRequestsSeconds,
        remove: (owner: string, name: string) => runnerProjects(publisher, queue).remove({ owner, name }),
        forget: (pull: number) => store.commit([{ kind: 'forgotten', pull }]),
      };
      const context = { ...folders, sandboxes, live: () => queue.builds(), now };
      const { isCut: _, ...report } = await pruneAll(
        at,
        { ...context, prune: (options) => pruneBuilds(publisher, options) },
        { dryRun },
      );
      return report;
    } finally {
      await store.close();
    }
  } finally {
    await queue.close();
  }
}

async function readConfigInForce(home: Home, { goodCommit, leaving }: BotState): Promise<ConfigAtCommit> {
  const nowhere = () => Promise.reject(new TypeError('nothing is fetched here'));
  const access = { url: () => '', token: nowhere, forgetToken: () => undefined };
  const mirror = await openConfigRepo({ folder: join(home.state, 'config.git'), existing: true, ...access });
  const parsed = goodCommit === null ? undefined : await readConfigAt(mirror, goodCommit);
  if (parsed?.ok !== true) {
    const what = 'No config is in force, so nobody has said what is kept how long.';
    throw new ServiceError('unreachable', `${what} Start the service once with: npm start.`);
  }
  return { ...parsed.value, leaving: await readLeaving(leaving, mirror, () => undefined) };
}

function renderReport(report: PruneReport): string {
  const rows = [
    ...report.builds.map((one) => [one.project, one.chroot, `build ${one.id} of ${one.package}`, one.why, one.bytes]),
    ...report.sources.map((one) => [one.project, '', `source package of build ${one.id}`, '', one.bytes]),
    ...report.generations.map((one) => [one.project, one.chroot, `generation ${one.generation}`, '', one.bytes]),
    ...report.sandboxes.map((one) => [one.project, '', `sandbox of pull request ${one.pull}`, 'closed', one.bytes]),
    ...report.projects.map((one) => [one.project, '', 'project', `to be deleted on ${one.deleteAfter}`, one.bytes]),
  ].map((row) => row.map(String));
  const done = report.dryRun ? 'would be freed; nothing was removed' : 'are freed, those of packages in ten minutes';
  const sum = `${report.bytes} bytes ${done}.`;
  if (rows.length === 0) return 'Nothing is to be removed.';
  return [table(['PROJECT', 'CHROOT', 'WHAT', 'WHY', 'BYTES'], rows), sum].join('\n');
}
