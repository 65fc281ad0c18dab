// `coppice plan [FOLDER]`: what the config repo in a folder, committed or not, would build if it were pushed.
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { openGit } from '@coppice/builder-runner/remote';
import { formatProblem, type Plan, type Settings } from '@coppice/config';
import { readConfigAt } from '../config-repo/config-in-force.ts';
import { openConfigRepo } from '../config-repo/mirror.ts';
import { builtUnderFormerName, openBuiltIndex } from '../planning/built.ts';
import { makePlan } from '../planning/plan-requests.ts';
import { lowerVersionsIn } from '../planning/planner.ts';
import { fateLine } from '../reply/fates.ts';
import { inWords } from '../reply/plan.ts';
import { readEndpoint } from '../service/endpoint.ts';
import { type Environment, readHome, readSettings, withheldIn } from '../service/home.ts';
import { mirrorToLocalGithub } from '../service/local-mirror.ts';
import type { CheckAnnotation } from '../vocabulary/answer.ts';
import { ServiceError } from '../vocabulary/errors.ts';
import type { Fate } from '../vocabulary/fate.ts';
import { sayFileFault } from '../vocabulary/file-fault.ts';
import { deleteAtFrom } from '../vocabulary/leaving.ts';
import { oneLine, printableJson } from '../vocabulary/plain-text.ts';
import { fatesInFolder } from './plan-fates.ts';
import { type Terminal, table } from './terminal.ts';

const gitSeconds = 60;

/** Prints the plan, or every problem of the config. Returns the exit code: 1 when there are problems. */
export async function plan(
  terminal: Terminal,
  environment: Environment,
  folder: string,
  json: boolean,
): Promise<number> {
  await assertFolder(folder);
  const scratch = await mkdtemp(join(tmpdir(), 'coppice-plan-'));
  try {
    const repository = join(scratch, 'config.git');
    const mirror = await openConfigRepo({
      folder: repository,
      url: () => 'https://localhost/',
      token: async () => '',
      forgetToken: () => undefined,
    });
    const at = await readConfigAt(mirror, await commitFolder(repository, resolve(folder)));
    if (!at.ok) {
      const { problems } = at;
      terminal.print(
        json ? printableJson({ problems }) : problems.map((one) => oneLine(formatProblem(one))).join('\n'),
      );
      return 1;
    }
    const home = readHome(environment);
    const unseen: string[] = [];
    const built = await openBuiltIndex(home.published, undefined, withheldIn(home.folder), ({ path = '' }) =>
      unseen.push(path),
    );
    if (unseen.length > 0) terminal.say(sayUnseen(unseen));
    const rules = await settingsOfService(environment);
    const now = new Date();
    const deleteAt = deleteAtFrom(now, rules.deletion.graceSeconds);
    const changes = await fatesInFolder(at.value, home, built.counts(), deleteAt, now);
    const made = await makePlan({
      at: at.value,
      selections: [],
      force: false,
      // As a push does.
      leavesUnbuilt: true,
      rules,
      built: (owner, project) => builtUnderFormerName(owner, project, changes, built.lastOf),
      queued: () => [],
      expectedSeconds: built.expectedSeconds,
    });
    const warnings = (await lowerVersionsIn(made, at.value, { built, mirror })).map(
      ({ path, line, column, message }) => ({ path, line, column, message }),
    );
    terminal.print(json ? printableJson({ ...made, changes, warnings }) : renderPlan(made, changes, warnings));
    return 0;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Throws ServiceError `folder` when it is none, cannot be read, or holds nothing of a config repo. */
async function assertFolder(folder: string): Promise<void> {
  const said = 'Name a checkout of the config repo.';
  const path = resolve(folder);
  const names = await readdir(path).catch((error: unknown) => {
    throw new ServiceError('folder', `${path} ${sayFileFault(error)}. ${said}`);
  });
  if (names.length === 0) throw new ServiceError('folder', `${path} is empty. ${said}`);
  // Before all of it is read: it may be a home, or a whole disk.
  if (!names.some((name) => /^(?:coppice\.ya?ml|projects)$/i.test(name)))
    throw new ServiceError('folder', `${path} has no coppice.yaml. ${said}`);
}

/** What a user who is not that of the service is not told. Pure. */
function sayUnseen(paths: readonly string[]): string {
  const what = `${paths.join(' and ')} may not be read by the user who runs this`;
  const lacks = 'builds of frozen projects are not counted, builds that were deleted minutes ago are';
  const names = 'and what becomes of projects is told by their names';
  return `${what}: ${lacks}, ${names}. Run it as the user of the service to see all.`;
}

/** What the check of a push would annotate, by its place in the folder. */
type Warning = Pick<CheckAnnotation, 'path' | 'line' | 'column' | 'message'>;

/** Pure: what goes or moves, what builds, in order and for how long, what to mind, then what does not and why. */
export function renderPlan(
  { builds, skipped, cycles, expectedSeconds }: Plan,
  changes: readonly Fate[],
  warnings: readonly Warning[] = [],
): string {
  const rows = builds.flatMap((build, index) =>
    build.chroots.map(({ chroot, cause, expectedSeconds: seconds }) => [
      String(index + 1),
      `${build.owner}/${build.project}`,
      build.package,
      chroot,
      cause,
      seconds === null ? '?' : inWords(seconds),
      build.after.map((earlier) => builds[earlier]?.package ?? '').join(', '),
    ]),
  );
  const will =
    rows.length === 0
      ? 'Nothing to build.'
      : table(['order', 'project', 'package', 'chroot', 'because', 'expected', 'after'], rows);
  const left = skipped.map(({ owner, project, package: name, chroot, why }) => [
    `${owner}/${project}`,
    name,
    chroot ?? '',
    why,
  ]);
  const parts = [
    changes.map(fateLine).join('\n'),
    will,
    rows.length === 0 || expectedSeconds === null
      ? ''
      : `Expected to take at least ${inWords(expectedSeconds)}, as before.`,
    warnings.map(({ path, line, column, message }) => oneLine(`${path}:${line}:${column}: ${message}`)).join('\n'),
    ...cycles.map(({ owner, project, packages }) =>
      oneLine(
        `Packages of ${owner}/${project} require each other, so no order fits: ${[...packages, packages[0]].join(' → ')}`,
      ),
    ),
    left.length === 0 ? '' : `Not built:\n${table(['project', 'package', 'chroot', 'why'], left)}`,
  ];
  return parts.filter((part) => part !== '').join('\n\n');
}

/**
 * The folder's files, as they are now, as a commit in a repository of its own: the checkout and its index stay
 * untouched.
 */
async function commitFolder(repository: string, folder: string): Promise<string> {
  const config = [
    ['user.name', 'coppice'],
    ['user.email', 'coppice@localhost'],
  ] as const;
  const git = openGit({ repository, workTree: folder, config, timeoutSeconds: gitSeconds });
  await git.text(['add', '--all', '--', '.']);
  const tree = await git.text(['write-tree']);
  return await git.text(['commit-tree', '-m', 'plan', tree]);
}

/** The settings, with the mirrors of the embedded service when one has run here. */
async function settingsOfService(environment: Environment): Promise<Settings> {
  const settings = await readSettings(environment);
  const endpoint = await readEndpoint(readHome(environment));
  return endpoint?.github.mode === 'embedded' ? mirrorToLocalGithub(settings, endpoint.github.webUrl) : settings;
}
