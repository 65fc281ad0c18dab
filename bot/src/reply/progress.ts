// How builds are doing: the table and the verdict of an answer. Pure.
import { type BuildState, type ChrootName, failedOn, isFinal, published } from '@coppice/config';
import type { BuildView, ChrootView } from '../vocabulary/build-view.ts';
import { code, codeBlock, sentence } from './escape.ts';

const marks: Readonly<Record<BuildState, string>> = {
  pending: '⏳',
  starting: '🔧',
  running: '🔧',
  succeeded: '✅',
  failed: '❌',
  canceled: '🚫',
  skipped: '⏭️',
};

const maximumRows = 200;
const maximumExcerpts = 3;

/** One row a chroot: number, package, chroot, state with its phase or reason. */
export function progressTable(builds: readonly BuildView[], url: string): string {
  const rows = builds.flatMap((build) => build.chroots.map((chroot) => row(build, chroot, url)));
  const more = rows.length > maximumRows ? [`| … | ${rows.length - maximumRows} more | | |`] : [];
  return ['| Build | Package | Chroot | State |', '|--:|---|---|---|', ...rows.slice(0, maximumRows), ...more].join(
    '\n',
  );
}

function row(build: BuildView, one: ChrootView, url: string): string {
  const page = `${url}/${published.buildPage(build)}`;
  return `| [${build.id}](${page}) | \`${build.package}\` | \`${one.chroot}\` | ${marks[one.state]} ${stateInWords(one)} |`;
}

/** `running (root)`, `failed (compile)`, `succeeded`. */
export function stateInWords(one: ChrootView): string {
  if (isFinal(one.state)) return one.reason === null ? one.state : `${one.state} (${one.reason})`;
  return one.phase === null || one.phase === 'queued' ? one.state : `${one.state} (${one.phase})`;
}

/** Chroots that are named when a build failed in some. */
const maximumFailed = 3;

/**
 * `failed on 2 of 4: fedora-43-x86_64 (compile), epel-9-x86_64 (timeout)`, of a build that has ended so; undefined of
 * all others. Plain text.
 */
export function partly({ chroots }: Pick<BuildView, 'chroots'>): string | undefined {
  const count = failedOn(chroots.map(({ state }) => state));
  if (count === undefined) return undefined;
  const failed = chroots.filter(({ state }) => state === 'failed');
  const named = failed.map(({ chroot, reason }) => (reason === null ? chroot : `${chroot} (${reason})`));
  const more = named.length > maximumFailed ? ` and ${named.length - maximumFailed} more` : '';
  return `${count}: ${named.slice(0, maximumFailed).join(', ')}${more}`;
}

/** Builds of several that are told of one by one, when they failed in some chroots. */
const maximumPartly = 5;

/** What is to be said over all chroots of all builds: one sentence, and one for each build that failed in some. */
export function verdict(builds: readonly BuildView[]): string {
  const [only, ...others] = builds;
  const alone = only === undefined || others.length > 0 ? undefined : partly(only);
  if (alone !== undefined) return `It ${alone}.`;
  const mixed = builds.flatMap((build) => {
    const said = partly(build);
    return said === undefined ? [] : [`${code(build.package)} ${said}.`];
  });
  return [countChroots(builds), ...mixed.slice(0, maximumPartly)].join(' ');
}

function countChroots(builds: readonly BuildView[]): string {
  const chroots = builds.flatMap((build) => build.chroots);
  const count = (...states: readonly BuildState[]) => chroots.filter(({ state }) => states.includes(state)).length;
  const ended = count('succeeded', 'failed', 'canceled', 'skipped');
  if (ended < chroots.length) return `${ended} of ${chroots.length} done.`;
  const parts = (['succeeded', 'failed', 'canceled', 'skipped'] as const)
    .map((state) => ({ state, n: count(state) }))
    .filter(({ n }) => n > 0);
  const [only] = parts;
  if (parts.length === 1 && only !== undefined)
    return `${chroots.length === 1 ? 'It' : `All ${only.n}`} ${ending[only.state](only.n)}.`;
  return `${parts.map(({ state, n }) => `${n} ${ending[state](n)}`).join(', ')}.`;
}

const ending = {
  succeeded: () => 'succeeded',
  failed: () => 'failed',
  canceled: (n: number) => (n === 1 ? 'was canceled' : 'were canceled'),
  skipped: (n: number) => (n === 1 ? 'was skipped' : 'were skipped'),
} as const;

/** Why chroots ended badly: a sentence each, and the lines of the log for the first few. */
export function failureNotes(builds: readonly BuildView[], url: string): string {
  const bad = builds.flatMap((build) =>
    build.chroots
      .filter((one) => one.state === 'failed' || (one.state === 'skipped' && one.message !== null))
      .map((one) => ({ build, one })),
  );
  const notes = bad.slice(0, 20).map(({ build, one }, at) => {
    const log = logAddress(build, one, url);
    const why = one.message === null ? '' : `: ${sentence(one.message)}`;
    const link = log === undefined ? '' : ` ([log](${log}))`;
    const line = `- \`${build.package}\` for \`${one.chroot}\` ${stateInWords(one)}${why}${link}`;
    return at < maximumExcerpts && one.excerpt.length > 0 ? `${line}\n\n${codeBlock(one.excerpt)}\n` : line;
  });
  if (bad.length > notes.length) notes.push(`- and ${bad.length - notes.length} more`);
  return notes.join('\n');
}

/** What is said of a build that succeeded without being built: its packages were tested by a pull request. */
export function promotionNote({ chroots }: BuildView): string {
  const said = chroots.flatMap(({ state, message }) => (state === 'succeeded' && message !== null ? [message] : []));
  return [...new Set(said)].map((message) => sentence(message)).join('\n\n');
}

/**
 * The page of the log that says why a chroot failed (its own, or that of the source package), opened at the line that
 * does; undefined for what never began, which has none.
 */
export function logAddress(
  build: Pick<BuildView, 'id' | 'owner' | 'project' | 'package'>,
  one: ChrootView,
  url: string,
): string | undefined {
  const { where = null } = one;
  if (one.startedAt === null && one.state !== 'failed') return undefined;
  // A builder may have been waited for, and nothing more.
  if (one.logged === false || (one.state === 'canceled' && one.logged === undefined)) return undefined;
  const line = where === null ? '' : `#L${where.line}`;
  const run = where?.log === 'srpm.log' ? ('srpm' as ChrootName) : one.chroot;
  return `${url}/${published.logPage(build, run)}${line}`;
}

/** Of so many packages the names stand in one command; the rest is on the project's page. */
const maximumNames = 40;

/**
 * How to install what succeeded: for each project one block for the chroot that most of its packages were built for,
 * and more for what was built for others only. The repository is added by the address of its file, which asks for both
 * signatures; the copr plugin of dnf 5 would not. Names are those of the results. Empty when nothing succeeded.
 */
export function installLines(builds: readonly BuildView[], url: string): string {
  const projects = Map.groupBy(builds, ({ owner, project }) => `${owner}/${project}`);
  const blocks = [...projects.values()].flatMap((ofProject) =>
    commandsByChroot(ofProject).map(([chroot, names]) => {
      const [{ owner, project }] = ofProject as [BuildView];
      const address = `${url}/${published.ownRepo(owner, project, chroot)}`;
      return `${addRepositoryLines(address)}
dnf install ${names.slice(0, maximumNames).join(' ')}`;
    }),
  );
  return blocks.length === 0 ? '' : `\`\`\`sh\n${blocks.join('\n')}\n\`\`\``;
}

/** That users do not see yet what succeeded, and what shows it, a sentence for each project; empty where they do. */
export function waitingNote(builds: readonly BuildView[]): string {
  const projects = Map.groupBy(builds, ({ owner, project }) => `${owner}/${project}`);
  const notes = [...projects].flatMap(([key, all]) => {
    const waits = all.flatMap(({ chroots }) => chroots.flatMap((one) => one.waits ?? []));
    if (waits.includes('manual'))
      return [`Users do not see it yet: it waits for ${code(`/publish ${key}`)}, which gives the lines to install it.`];
    if (waits.includes('batch')) return ['Users see it when the last build of its batch has ended.'];
    return [];
  });
  return notes.join('\n\n');
}

/** How to add a repository, by the address of its file. */
export function addRepositoryLines(address: string): string {
  return `# dnf 5
dnf config-manager addrepo --from-repofile=${address}
# dnf 4
dnf config-manager --add-repo ${address}`;
}

/** Chroots and what to install there, until each build that succeeded anywhere is named once. */
function commandsByChroot(builds: readonly BuildView[]): readonly (readonly [ChrootName, readonly string[]])[] {
  const left = new Map<ChrootName, Map<number, string>>();
  for (const build of builds) {
    for (const { chroot, state, packages, waits } of build.chroots) {
      const [main] = packages;
      if (state !== 'succeeded' || main === undefined || waits === 'manual') continue;
      left.set(chroot, (left.get(chroot) ?? new Map<number, string>()).set(build.id, main));
    }
  }
  const commands: [ChrootName, readonly string[]][] = [];
  for (;;) {
    const [next] = [...left].sort(([, a], [, b]) => b.size - a.size);
    if (next === undefined || next[1].size === 0) return commands;
    const [chroot, named] = next;
    commands.push([chroot, [...new Set(named.values())]]);
    left.delete(chroot);
    for (const others of left.values()) for (const id of named.keys()) others.delete(id);
  }
}

/** The command that an answer's section answers. */
export function heading(line: string): string {
  return `**${code(line, 120)}**`;
}
