// Answers to /explain: why a package is built, or not; how a build came to what it is; what to do next. Pure.
import {
  type BuildCause,
  canonicalSource,
  describePinnedSource,
  type FailureReason,
  isFinal,
  type PinnedSource,
  type Plan,
  type Project,
  projectKey,
  published,
  readSandbox,
} from '@coppice/config';
import type { BuildView } from '../vocabulary/build-view.ts';
import { code, plain, sentence } from './escape.ts';
import { failureNotes, promotionNote, stateInWords, verdict } from './progress.ts';

/** What is known of a package. */
export interface Subject {
  readonly project: Project;
  readonly package: string;
  /** What `/build` without names would do about it now. */
  readonly plan: Plan;
  /** Its last builds, newest first. */
  readonly builds: readonly BuildView[];
  /** The source that the last build was made of; undefined when there is none. */
  readonly lastSource: PinnedSource | undefined;
  /** The last state of what it needs, by package; undefined when that was never built. */
  readonly needs: ReadonlyMap<string, string | undefined>;
  /** That something of it waits to be published, as a sentence in Markdown; empty when nothing does. */
  readonly waiting: string;
}

export function explainPackage(subject: Subject, url: string): string {
  const { project, builds, plan } = subject;
  const name = code(`${projectKey(project)}/${subject.package}`);
  const [planned] = plan.builds;
  const head =
    project.frozen !== null
      ? `${name} is not built: its project is frozen.`
      : planned === undefined
        ? `${name} would not be built now.`
        : `${name} would be built now.`;
  return [head, causes(subject), needsLine(subject), lastLine(builds, url), next(subject)]
    .filter((part) => part !== '')
    .join('\n\n');
}

function causes({ plan, builds, lastSource }: Subject): string {
  const [planned] = plan.builds;
  const last = builds[0];
  const lines = (planned?.chroots ?? []).map(
    ({ chroot, cause }) => `- ${code(chroot)}: ${whyBuilt(cause, difference(planned?.source, lastSource), last?.id)}`,
  );
  const skipped = plan.skipped.map(
    ({ chroot, why }) => `- ${chroot === null ? '' : `${code(chroot)}: `}${sentence(why)}`,
  );
  return [...lines, ...skipped].join('\n');
}

function whyBuilt(cause: BuildCause, changed: string, last: number | undefined): string {
  switch (cause) {
    case 'new':
      return 'it was never built.';
    case 'changed':
      return `${changed} since build ${last ?? '?'}.`;
    case 'canceled before':
      return 'its last build did not come to an end of its own.';
    case 'forced':
      return 'it was asked for.';
    case 'promoted':
      return 'what was tested of its pull request is taken over.';
  }
}

/** What differs between the source now and that of the last build. */
function difference(now: PinnedSource | undefined, before: PinnedSource | undefined): string {
  if (now === undefined || before === undefined) return 'its inputs have changed';
  if (canonicalSource(before) !== canonicalSource(now))
    return `its source has changed from ${plain(describePinnedSource(before))} to ${plain(describePinnedSource(now))}`;
  return 'its source is the same, but its chroot, repositories, build options or needs have changed';
}

function needsLine({ needs }: Subject): string {
  if (needs.size === 0) return '';
  const each = [...needs].map(([name, state]) => `${code(name)} (${state ?? 'never built'})`);
  return `It needs ${each.join(', ')}.`;
}

function lastLine([last]: readonly BuildView[], url: string): string {
  if (last === undefined) return '';
  const notes = failureNotes([last], url);
  return `Its last build is [${last.id}](${url}/${published.buildPage(last)}): ${verdict([last])}${notes === '' ? '' : `\n\n${notes}`}`;
}

function next({ project, package: name, plan, builds, waiting }: Subject): string {
  if (project.frozen !== null) return `${code(`/resolve ${projectKey(project)}`)} by an admin lets it build again.`;
  // Another project may have a package of that name.
  const build = code(`/build ${projectKey(project)}/${name}`);
  if (plan.builds.length > 0) return `Next: ${build} builds it.${waiting === '' ? '' : ` Before that, ${waiting}`}`;
  const reason = builds[0]?.chroots.find(({ state }) => state === 'failed')?.reason ?? null;
  if (reason === null && waiting !== '') return `Next: ${waiting} ${build} builds it once more.`;
  return reason === null ? `Next: nothing; ${build} builds it all the same.` : `Next: ${advice(reason, builds[0])}`;
}

/** A build by itself: what each chroot came to, and what to do. `waitsFor` are unfinished builds that it needs. */
export function explainBuild(build: BuildView, waitsFor: readonly number[], url: string): string {
  const head = `[Build ${build.id}](${url}/${published.buildPage(build)}) of ${code(`${build.owner}/${build.project}/${build.package}`)}: ${verdict([build])}`;
  const states = build.chroots.map((one) => `- ${code(one.chroot)} ${stateInWords(one)}`).join('\n');
  const waits = waitsFor.length === 0 ? '' : `It waits for ${waitsFor.map((id) => `build ${id}`).join(', ')}.`;
  const reason = build.chroots.find(({ state }) => state === 'failed')?.reason ?? null;
  const later = isFinal(build.state)
    ? ''
    : `Next: ${code(`/status ${build.id}`)} shows how far it is, ${code(`/cancel ${build.id}`)} stops it.`;
  const todo = reason === null ? later : `Next: ${advice(reason, build)}`;
  return [head, states, waits, failureNotes([build], url), promotionNote(build), todo]
    .filter((part) => part !== '')
    .join('\n\n');
}

function advice(reason: FailureReason, build: BuildView | undefined): string {
  const { owner = '', project = '', package: name = '' } = build ?? {};
  const key = `${owner}/${readSandbox(project)?.project ?? project}/${name}`;
  const again = code(`/rebuild ${build?.id ?? key}`);
  switch (reason) {
    case 'infrastructure':
      return `it was not the package's fault; ${again} tries it once more.`;
    case 'dependencies':
      return 'make what it requires available: in its `needs`, in the project, or in one of the `repos`.';
    case 'source':
      return 'look at the address, the reference and the spec of its source.';
    case 'prep':
      return 'look at `%prep`: patches and archives that do not fit.';
    case 'compile':
      return 'look at `%build`, with the lines of the log.';
    case 'check':
      return 'look at `%check`: the tests of the package fail.';
    case 'packaging':
      // The message of a clash says itself what to do, and no part of one spec is at fault.
      if (build?.chroots.some(({ message }) => message?.includes(' in this repository already. ')) === true)
        return 'see to it that only one package of the project makes it, as said above.';
      return 'look at `%install` and `%files`.';
    case 'unbuildable':
      return 'change the package: as it is, its build ends in the same way on every builder.';
    case 'timeout':
      return `give it more time: \`timeout\` of the package, or ${code(`/build ${key} --timeout 4h`)}.`;
    case 'signing':
      return `the service could not sign it; tell its admins, then ${again}.`;
    case 'policy':
      return 'it asks for what the policy of this service does not allow; see `coppice.yaml`.';
  }
}
