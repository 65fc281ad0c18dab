// The one sentence that says how a build is doing: the first thing on its page.
import { type BuildState, type FailureReason, failedOn, isFinal, parseNevra } from '@coppice/config';
import type { Build, ChrootRun } from '../model/site-model.ts';
import { chrootLabel, sayDuration, sayList } from './format.ts';

const failurePlaces: Readonly<Record<FailureReason, string>> = {
  infrastructure: 'could not be built because the build service failed, not the package,',
  dependencies: 'failed while its build dependencies were installed',
  source: 'failed while its source package was made',
  prep: 'failed in %prep',
  compile: 'failed in %build',
  check: 'failed in %check',
  packaging: 'failed while its files were packaged',
  unbuildable: 'prevents its own build',
  timeout: 'ran out of time',
  signing: 'was built but could not be signed',
  policy: 'is not allowed by the policy',
};

/** What a reason means, in a few words, for tooltips and tables. */
export const reasonTitles: Readonly<Record<FailureReason, string>> = {
  infrastructure: 'The build service failed, not the package',
  dependencies: 'Build dependencies could not be installed',
  source: 'The source package could not be made',
  prep: 'Failed in %prep',
  compile: 'Failed in %build',
  check: 'Failed in %check',
  packaging: 'Failed while packaging',
  unbuildable: 'The package prevents its own build',
  timeout: 'Ran out of time',
  signing: 'Could not be signed',
  policy: 'Not allowed by the policy',
};

/**
 * `2.12-1` of what a build made: of the package of its name, else of the source package (a subpackage may have a
 * version of its own), else of the first; undefined before there is one.
 */
export function versionOf(build: Build): string | undefined {
  return versionIn([...build.chroots, ...(build.srpm === null ? [] : [build.srpm])], build.package);
}

/** The same of what these runs made. */
export function versionIn(runs: readonly Pick<ChrootRun, 'artifacts'>[], name: string): string | undefined {
  const nevras = runs.flatMap((run) => run.artifacts).flatMap((artifact) => parseNevra(artifact.nevra) ?? []);
  const main =
    nevras.find((nevra) => nevra.name === name) ??
    nevras.find(({ architecture }) => architecture === 'src') ??
    nevras[0];
  return main === undefined ? undefined : `${main.version}-${main.release}`;
}

/** One sentence without markup; parts of it are hostile text. */
export function verdictOf(build: Build): string {
  const version = versionOf(build);
  const what = version === undefined ? build.package : `${build.package} ${version}`;
  const all = sayChroots(build.chroots);
  switch (build.state) {
    case 'succeeded':
      return succeededSentence(build, what);
    case 'failed':
      return failedSentence(build, what);
    case 'canceled':
      return endSentence(`${what} was canceled`, build.chroots, 'canceled');
    case 'skipped':
      return endSentence(`${what} was skipped`, build.chroots, 'skipped');
    case 'starting':
    case 'running':
      return `${what} is being built for ${all}${doneSoFar(build)}.`;
    case 'pending':
      return `${what} is waiting to be built for ${all}${afterPhrase(build.after)}.`;
  }
}

/** More are counted, for the list of them stands below. */
const mostNamed = 5;

function sayChroots(runs: readonly ChrootRun[], label = chrootLabel): string {
  return runs.length > mostNamed ? `${runs.length} chroots` : sayList(runs.map((run) => label(run.chroot)));
}

/** Of a build that took over what a pull request's sandbox had, wholly or for some chroots, says so. */
function succeededSentence(build: Build, what: string): string {
  const promoted = build.chroots.filter((run) => run.promotedFrom !== undefined);
  const built = build.chroots.filter((run) => run.promotedFrom === undefined);
  const from = promoted[0]?.promotedFrom;
  if (from === undefined) return `${what} was built for ${sayChroots(build.chroots)}${tookPhrase(build)}.`;
  const tested = `as it was tested in build ${from.id} of ${build.owner}/${from.project}, and signed with the project's key`;
  const others = built.length === 0 ? '' : `; it was built for ${sayChroots(built)}`;
  return `${what} was taken over for ${sayChroots(promoted)} ${tested}${others}.`;
}

function failedSentence(build: Build, what: string): string {
  const failed = build.chroots.filter((run) => run.state === 'failed');
  const [first] = failed;
  if (first === undefined) return endSentence(`${what} failed`, build.srpm === null ? [] : [build.srpm], 'failed');
  const places = [...Map.groupBy(failed, ({ reason }) => reason)].map(([reason, runs]) => ({
    place: reason === null ? 'failed' : failurePlaces[reason],
    on: `on ${sayChroots(runs, (name) => name)}`,
    message: runs.find((run) => run.message !== null && run.message !== '')?.message ?? null,
  }));
  const [only, ...others] = places;
  const count = failedOn(build.chroots.map((run) => run.state));
  if (only !== undefined && others.length === 0 && count === undefined)
    return withMessage(`${build.package} ${only.place} ${only.on}`, first.message);
  const told = places.map(({ place, on, message }) => {
    const why = message === null ? '' : ` (${message.replace(/[.!]$/, '')})`;
    return `${place.replace(/^failed /, '')} ${on}${why}`;
  });
  return `${build.package} ${count ?? (failed.length === 2 ? 'failed on both' : `failed on all ${failed.length}`)}: ${told.join('; ')}.`;
}

function endSentence(start: string, runs: readonly ChrootRun[], state: BuildState): string {
  return withMessage(start, runs.find((run) => run.state === state && run.message !== null)?.message ?? null);
}

function withMessage(start: string, message: string | null): string {
  const sentence = message === null || message === '' ? start : `${start}: ${message}`;
  return /[.!?]$/.test(sentence) ? sentence : `${sentence}.`;
}

/** What it took from when its first chroot left the queue: as long as the time lines on its page. */
function tookPhrase(build: Build): string {
  const seconds = Math.max(0, ...build.chroots.map(workedSeconds));
  return build.endedAt === null || seconds === 0 ? '' : ` in ${sayDuration(seconds)}`;
}

/** Without the time in the queue. */
function workedSeconds({ phases }: Pick<ChrootRun, 'phases'>): number {
  return phases.reduce((sum, { name, seconds }) => (name === 'queued' ? sum : sum + seconds), 0);
}

function doneSoFar(build: Build): string {
  const done = build.chroots.filter((run) => isFinal(run.state)).length;
  return build.chroots.length > 1 && done > 0 ? `; ${done} of ${build.chroots.length} are finished` : '';
}

function afterPhrase(after: readonly number[]): string {
  if (after.length === 0) return '';
  return `, after build${after.length === 1 ? '' : 's'} ${sayList(after.map((id) => `#${id}`))}`;
}
