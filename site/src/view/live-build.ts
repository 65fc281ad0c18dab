// How a build is doing, for its own pages while they are open, and for programs.
import { createHash } from 'node:crypto';
import { isFinal, type LiveBuild } from '@coppice/config';
import { siteHref } from '../markup/html.ts';
import type { Build, ChrootRun } from '../model/site-model.ts';
import { runsOf } from './log-pages.ts';
import { verdictOf } from './verdict.ts';

/** What the live file of a build says; `expected` are the seconds that its chroots may take. */
export function liveBuild(build: Build, expected: ReadonlyMap<string, number>): LiveBuild {
  const live = {
    id: build.id,
    owner: build.owner,
    project: build.project,
    package: build.package,
    state: build.state,
    reason: build.reason,
    verdict: verdictOf(build),
    requestedAt: build.requestedAt,
    startedAt: build.startedAt,
    endedAt: build.endedAt,
    runs: runsOf(build).map((run) => liveRun(run, expected.get(run.chroot) ?? null)),
  };
  return { ...live, revision: createHash('sha256').update(JSON.stringify(live)).digest('hex').slice(0, 16) };
}

function liveRun(run: ChrootRun, expectedSeconds: number | null): LiveBuild['runs'][number] {
  const { chroot, state, reason, message, phase, phases, attempts, builder, startedAt, endedAt, logs, folder } = run;
  return {
    ...{ chroot, state, reason, message },
    phase: isFinal(state) ? null : phase,
    phases: [...phases],
    ...{ attempts, builder, startedAt, endedAt, expectedSeconds },
    logs: logs.map(({ file, bytes }) => ({ file, bytes, url: siteHref(`${folder}/${file}`) })),
  };
}
