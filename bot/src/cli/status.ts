// `coppice status [ID]`: what is waiting, running and recently done.
import type { BuildSummary, QueueSnapshot } from '@coppice/config';
import { isFinal } from '@coppice/config';
import type { Environment } from '../service/home.ts';
import { fetchBuilds, fetchQueue, findService } from './ask-service.ts';
import { type Terminal, table } from './terminal.ts';

const recentBuilds = 15;

/** Prints the builds, or the one with the number `id`. Returns the exit code: 1 when that build is unknown or did not succeed. */
export async function status(
  terminal: Terminal,
  environment: Environment,
  id: number | undefined,
  json: boolean,
): Promise<number> {
  const { url } = await findService(environment);
  const [builds, queue] = await Promise.all([fetchBuilds(url), fetchQueue(url)]);
  const shown = id === undefined ? builds : builds.filter((build) => build.id === id);
  if (json) terminal.print(JSON.stringify({ builds: shown }, null, 2));
  else if (shown.length > 0) terminal.print(renderStatus(shown.slice(0, recentBuilds), queue, url));
  else
    terminal.print(
      id === undefined ? 'No builds yet.' : `There is no build ${id}. \`coppice status\` lists the builds.`,
    );
  if (id === undefined) return 0;
  return shown.some((build) => build.state === 'succeeded' || !isFinal(build.state)) ? 0 : 1;
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
