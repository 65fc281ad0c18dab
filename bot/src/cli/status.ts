// `coppice status [ID]`: what is waiting, running and recently done.
import type { BuildState, BuildSummary, QueueSnapshot } from '@coppice/config';
import { isFinal } from '@coppice/config';
import { time } from '../reply/fates.ts';
import type { Environment } from '../service/home.ts';
import { oneLine, printableJson } from '../vocabulary/plain-text.ts';
import { fetchBuilds, fetchLeaving, fetchQueue, findResults, type LeavingEntry } from './ask-service.ts';
import { type Terminal, table } from './terminal.ts';

const recentBuilds = 15;

/** Which builds are asked for; what is not given does not count. */
export interface StatusQuestion {
  readonly id?: number | undefined;
  /** `owner/name`, or an owner: all of its projects. */
  readonly project?: string | undefined;
  /** One of these. Empty: every state. */
  readonly states: readonly BuildState[];
  readonly json: boolean;
}

/**
 * Prints the builds that were asked for. Returns the exit code: 1 when the one with the number is unknown or did not
 * succeed.
 */
export async function status(terminal: Terminal, environment: Environment, question: StatusQuestion): Promise<number> {
  const url = await findResults(environment);
  const [builds, queue, departing] = await Promise.all([fetchBuilds(url), fetchQueue(url), fetchLeaving(url)]);
  const shown = selectBuilds(builds, question);
  const leaving = question.id === undefined ? selectLeaving(departing, question.project) : [];
  if (question.json) terminal.print(printableJson({ builds: shown, leaving }));
  else if (shown.length > 0) {
    terminal.print(renderStatus(shown.slice(0, recentBuilds), queue, url));
    if (shown.length > recentBuilds) terminal.say(`${shown.length - recentBuilds} more; --json prints all of them.`);
  } else terminal.print(nothingOf(question));
  if (!question.json) for (const one of leaving) terminal.say(oneLine(leavingLine(one)));
  if (question.id === undefined) return 0;
  return shown.some((build) => build.state === 'succeeded' || !isFinal(build.state)) ? 0 : 1;
}

/** Pure: the builds that the question is about, in their order. Names are compared as they are written. */
export function selectBuilds(
  builds: readonly BuildSummary[],
  { id, project, states }: Omit<StatusQuestion, 'json'>,
): readonly BuildSummary[] {
  return builds.filter(
    (build) =>
      (id === undefined || build.id === id) &&
      (project === undefined || project === build.owner || project === `${build.owner}/${build.project}`) &&
      (states.length === 0 || states.includes(build.state)),
  );
}

/** Pure: those that a question about this project, or about all, is about. */
export function selectLeaving(leaving: readonly LeavingEntry[], project: string | undefined): readonly LeavingEntry[] {
  return leaving.filter((one) => project === undefined || [one.project, one.project.split('/')[0]].includes(project));
}

function leavingLine({ project, deleteAt, commit, by }: LeavingEntry): string {
  return `${project} is deleted at ${time(deleteAt)}: commit ${commit.slice(0, 10)} by ${by} took projects/${project}.yaml away. Put it back to keep the project.`;
}

function nothingOf({ id, project, states }: StatusQuestion): string {
  if (id === undefined && project === undefined && states.length === 0) return 'No builds yet.';
  const words = [
    ...(states.length === 0 ? [] : [`that is ${states.join(' or ')}`]),
    ...(project === undefined ? [] : [`of ${project}`]),
  ];
  const what = id === undefined ? 'no build' : `no build ${id}`;
  return `There is ${[what, ...words].join(' ')}. \`coppice status\` lists the builds.`;
}

/** Pure: one row for each build and chroot. */
export function renderStatus(builds: readonly BuildSummary[], queue: QueueSnapshot, url: string): string {
  const rows = builds.flatMap((build) =>
    build.chroots.map((chroot) => {
      const live = queue.builds.find(({ id }) => id === build.id)?.chroots.find((one) => one.chroot === chroot.chroot);
      const state = live?.state === 'running' ? `running (${live.phase})` : chroot.state;
      return [
        String(build.id),
        `${build.owner}/${build.project}`,
        build.package,
        chroot.chroot,
        chroot.reason === null ? state : `${state} (${chroot.reason})`,
        new URL(build.url, `${url}/`).href,
      ];
    }),
  );
  return table(['build', 'project', 'package', 'chroot', 'state', 'page'], rows);
}
