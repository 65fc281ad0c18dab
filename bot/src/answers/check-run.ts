// What a check run says about one chroot of a build, or about a commit's config. Pure.
import {
  type BuildState,
  type FailureReason,
  isFinal,
  published,
  type QueuedBuild,
  readSandbox,
} from '@coppice/config';
import type { CheckRun } from '../github/checks.ts';
import { codeBlock, sentence } from '../reply/escape.ts';
import { installLines, logAddress, partly, stateInWords, waitingNote } from '../reply/progress.ts';
import type { Check } from '../vocabulary/answer.ts';
import { type BuildView, type ChrootView, refOf } from '../vocabulary/build-view.ts';
import { buildCheckKey } from '../vocabulary/check-key.ts';

export const configCheckName = 'coppice / config';
/** GitHub's bound of a summary, less a little. */
const maximumSummary = 60_000;

type BuildCheck = Extract<Check, { kind: 'build' }>;
type ConfigCheck = Extract<Check, { kind: 'config' }>;

export function checkOfBuild(check: BuildCheck, view: BuildView, url: string): CheckRun {
  const { build, chroot } = check;
  const one = view.chroots.find((each) => each.chroot === chroot);
  const state = one?.state ?? 'skipped';
  const conclusion = isFinal(state) ? conclusionOf(state, one?.reason ?? null) : null;
  return {
    // The same on a pull request as on the default branch, so that rules for branches can ask for it.
    name: `${build.owner}/${readSandbox(build.project)?.project ?? build.project}: ${build.package} (${chroot})`,
    commit: check.commit,
    externalId: check.key,
    detailsUrl: `${url}/${published.buildPage(build)}`,
    status: state === 'pending' ? 'queued' : conclusion === null ? 'in_progress' : 'completed',
    conclusion,
    title:
      one === undefined
        ? 'not built'
        : `Build ${build.id} ${conclusion === null ? progress[one.state === 'pending' ? 'pending' : 'running'] : endOf(one, view)}`,
    summary: one === undefined ? 'This chroot is not part of the build.' : summaryOf(check, one, url),
    startedAt: one?.startedAt ?? null,
    completedAt: one?.endedAt ?? null,
    actions: [conclusion === null ? buttons.cancel : buttons.rebuild],
  };
}

/** Of one that failed where others did not, how many did: whoever reads one check need not look for them. */
function endOf(one: ChrootView, view: BuildView): string {
  return (one.state === 'failed' ? partly(view) : undefined) ?? stateInWords(one);
}

/** Whether nothing more comes: of one that failed it is told in the end where else the build did. */
export function isLastWord({ chroot }: BuildCheck, view: BuildView): boolean {
  const state = view.chroots.find((each) => each.chroot === chroot)?.state ?? 'skipped';
  return isFinal(state) && (state !== 'failed' || isFinal(view.state));
}

/** Without the phase: that would be an edit for each, and the answer and the build's page tell it. */
const progress = { pending: 'waits', running: 'is under way' } as const;

/** What people can press on the check run of a build. */
const buttons = {
  cancel: { label: 'Cancel', description: 'Stop this build', identifier: 'cancel' },
  rebuild: { label: 'Rebuild', description: 'Build it again as it is now', identifier: 'rebuild' },
} as const;

function summaryOf({ build, note }: BuildCheck, one: ChrootView, url: string): string {
  const log = logAddress(build, one, url);
  const page = `[Build ${build.id}](${url}/${published.buildPage(build)})${log === undefined ? '' : `, [log](${log})`}`;
  const why = one.message === null ? '' : sentence(one.message, 1000);
  const alone = [{ ...build, requestedBy: '', state: one.state, chroots: [one] }];
  const install = [waitingNote(alone), installLines(alone, url)];
  const lines = one.state === 'failed' && one.excerpt.length > 0 ? codeBlock(one.excerpt) : '';
  return [note ?? '', why, lines, ...install, page]
    .filter((part) => part !== '')
    .join('\n\n')
    .slice(0, maximumSummary);
}

function conclusionOf(state: BuildState, reason: FailureReason | null): CheckRun['conclusion'] {
  switch (state) {
    case 'succeeded':
      return 'success';
    case 'canceled':
      return 'cancelled';
    case 'skipped':
      return 'skipped';
    default:
      return reason === 'timeout' ? 'timed_out' : 'failure';
  }
}

export function checkOfConfig(check: ConfigCheck, url: string): CheckRun {
  return {
    name: configCheckName,
    commit: check.commit,
    externalId: check.key,
    detailsUrl: `${url}/`,
    status: 'completed',
    conclusion: check.conclusion ?? (check.good ? 'success' : 'failure'),
    title: check.title,
    summary: check.summary.slice(0, maximumSummary),
    startedAt: null,
    completedAt: null,
    actions: [],
  };
}

/** A check run for each chroot of each build, on the commit whose config it was planned from. */
export function checksOf(builds: readonly QueuedBuild[]): readonly Check[] {
  return builds.flatMap((one) =>
    one.chroots.map(
      ({ chroot }): Check => ({
        kind: 'build',
        key: buildCheckKey(one.id, chroot),
        commit: one.configCommit,
        checkRunId: null,
        build: refOf(one),
        chroot,
      }),
    ),
  );
}
