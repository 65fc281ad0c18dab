// Where the time of a build went: its phases on one line of time.
import type { Phase, PhaseName } from '@coppice/config';
import type { ChrootRun } from '../model/site-model.ts';

/** What each phase is, in words for people who never saw the inside. */
export const phaseTitles: Readonly<Record<PhaseName, string>> = {
  queued: 'Waiting in the queue',
  srpm: 'Making the source package',
  spawn: 'Starting a builder',
  provision: 'Preparing the builder',
  root: 'Installing build dependencies',
  build: 'Building',
  check: 'Running tests',
  collect: 'Fetching and checking the results',
  sign: 'Signing',
  publish: 'Publishing the repository',
};

interface TimelineBar {
  readonly name: PhaseName;
  readonly title: string;
  readonly seconds: number;
  /** Where the bar begins and how long it is, in percent of the whole. */
  readonly left: number;
  readonly width: number;
}

export interface Timeline {
  /** What was done, to scale; without the time in the queue. */
  readonly bars: readonly TimelineBar[];
  readonly totalSeconds: number;
  /** In the queue, before and between tries. */
  readonly waitedSeconds: number;
  /** The phase that goes on now, with its beginning (ISO 8601). */
  readonly current: { readonly name: PhaseName; readonly title: string; readonly since: string } | null;
}

/** Bars one after the other in the order in which the phases ran; a retried build shows its phases again. */
export function timelineOf(run: ChrootRun): Timeline {
  const worked = run.phases.filter(({ name }) => name !== 'queued');
  const sum = (phases: readonly Phase[]) => phases.reduce((seconds, phase) => seconds + phase.seconds, 0);
  const totalSeconds = sum(worked);
  const percent = (seconds: number) => (totalSeconds === 0 ? 0 : Math.round((seconds / totalSeconds) * 10_000) / 100);
  let before = 0;
  const bars = worked.map((phase): TimelineBar => {
    const left = percent(before);
    before += phase.seconds;
    return {
      name: phase.name,
      title: phaseTitles[phase.name],
      seconds: phase.seconds,
      left,
      width: percent(phase.seconds),
    };
  });
  const { phase } = run;
  const current = phase && { name: phase.name, title: phaseTitles[phase.name], since: phase.startedAt };
  return { bars, totalSeconds, waitedSeconds: sum(run.phases) - totalSeconds, current };
}
