// What a check run says about one chroot of a build, or about a commit's config. Pure.
import { type BuildState, type FailureReason, isFinal, published } from '@coppice/config';
import type { Check } from './bot-state.ts';
import type { BuildView, ChrootView } from './build-view.ts';
import type { CheckRun } from './github.ts';
import { codeBlock, plain } from './reply/escape.ts';
import { stateInWords } from './reply/progress.ts';

export const configCheckName = 'coppice / config';
/** GitHub's bound of a summary, less a little. */
const maximumSummary = 60_000;

type BuildCheck = Extract<Check, { kind: 'build' }>;
type ConfigCheck = Extract<Check, { kind: 'config' }>;

export function buildCheckKey(id: number, chroot: string): string {
  return `build/${id}/${chroot}`;
}

export function checkOfBuild(check: BuildCheck, view: BuildView, url: string): CheckRun {
  const { build, chroot } = check;
  const one = view.chroots.find((each) => each.chroot === chroot);
  const state = one?.state ?? 'skipped';
  const conclusion = isFinal(state) ? conclusionOf(state, one?.reason ?? null) : null;
  return {
    name: `${build.owner}/${build.project}: ${build.package} (${chroot})`,
    commit: check.commit,
    externalId: check.key,
    detailsUrl: `${url}/${published.buildPage(build)}`,
    status: state === 'pending' ? 'queued' : conclusion === null ? 'in_progress' : 'completed',
    conclusion,
    title: one === undefined ? 'not built' : `Build ${build.id} ${stateInWords(one)}`,
    summary: one === undefined ? 'This chroot is not part of the build.' : summaryOf(check, one, url),
    startedAt: one?.startedAt ?? null,
    completedAt: one?.endedAt ?? null,
  };
}

function summaryOf({ build, chroot }: BuildCheck, one: ChrootView, url: string): string {
  const page = `[Build ${build.id}](${url}/${published.buildPage(build)}), [log](${url}/${published.logPage(build, chroot)})`;
  const why = one.message === null ? '' : plain(one.message, 1000);
  const lines = one.state === 'failed' && one.excerpt.length > 0 ? codeBlock(one.excerpt) : '';
  return [why, lines, page]
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
    conclusion: check.good ? 'success' : 'failure',
    title: check.title,
    summary: check.summary.slice(0, maximumSummary),
    startedAt: null,
    completedAt: null,
  };
}
