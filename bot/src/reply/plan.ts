// A plan for people: what builds, where, after what, for how long, and what does not build and why. Markdown. Pure.
import { describePinnedSource, type Plan, type PlanCycle } from '@coppice/config';
import { skippedNotes } from './accepted.ts';
import { code, plain } from './escape.ts';

const maximumRows = 200;
const maximumCycles = 10;

/** The title and summary of a check. `ids` are the numbers of the planned builds, empty while they are not queued. */
export function planSummary(plan: Plan, ids: readonly number[]): { readonly title: string; readonly summary: string } {
  const n = plan.builds.length;
  const title = n === 0 ? 'Nothing to build' : `${n} ${n === 1 ? 'build' : 'builds'} queued`;
  return { title, summary: planBody(plan, ids) || 'The config has no packages to build.' };
}

/** Empty when the plan is. */
export function planBody(plan: Plan, ids: readonly number[]): string {
  const more = plan.builds.length - maximumRows;
  const parts = [
    planTable(plan, ids),
    more > 0 ? `${more} more builds are not listed.` : '',
    promotionNote(plan),
    expectation(plan),
    cycleNotes(plan.cycles),
    skippedNotes(plan.skipped, plan.builds),
  ];
  return parts.filter((part) => part !== '').join('\n\n');
}

function planTable(plan: Plan, ids: readonly number[]): string {
  if (plan.builds.length === 0) return '';
  const queued = ids.length > 0;
  const name = (index: number) => (queued ? String(ids[index] ?? '?') : `\`${plan.builds[index]?.package ?? '?'}\``);
  const rows = plan.builds.slice(0, maximumRows).map((build, at) => {
    const from = build.promotes === undefined ? '' : ` from build ${build.promotes.id} of the pull request`;
    const chroots = build.chroots.map(({ chroot, cause, expectedSeconds: seconds }) =>
      seconds === null ? `\`${chroot}\` (${cause})` : `\`${chroot}\` (${cause}${from}, about ${inWords(seconds)})`,
    );
    const after = [...build.after.map(name), ...build.afterBuilds.map(String)].join(', ');
    const number = queued ? (ids[at] ?? '') : at + 1;
    return `| ${number} | \`${build.owner}/${build.project}\` | \`${build.package}\` | ${chroots.join(', ')} | ${after} | ${plain(describePinnedSource(build.source))} |`;
  });
  const head = `| ${queued ? 'Build' : 'Order'} | Project | Package | Chroots | After | Source |`;
  return [head, '|--:|---|---|---|---|---|', ...rows].join('\n');
}

/** That some are not built: what is signed for the project is what was tested. */
function promotionNote({ builds }: Plan): string {
  const promoted = builds.filter(({ promotes }) => promotes !== undefined);
  if (promoted.length === 0) return '';
  const projects = new Set(promoted.map(({ owner, promotes }) => code(`${owner}/${promotes?.project}`)));
  const what =
    promoted.length === builds.length
      ? 'Nothing is built'
      : `${promoted.length} of them ${promoted.length === 1 ? 'is' : 'are'} not built`;
  return `${what}: the packages that were tested in ${[...projects].slice(0, 20).join(', ')} have the same inputs: they are taken over, signed with the key of the project, and shown to users as its \`publish\` says.`;
}

function expectation({ builds, expectedSeconds }: Plan): string {
  if (builds.length === 0) return '';
  if (expectedSeconds === null) return 'How long this takes is not known yet.';
  const unknown = builds.some(({ chroots }) => chroots.some((one) => one.expectedSeconds === null));
  return `Expected to take ${unknown ? 'at least' : 'about'} ${inWords(expectedSeconds)}, as before.`;
}

function cycleNotes(cycles: readonly PlanCycle[]): string {
  return cycles
    .slice(0, maximumCycles)
    .map(({ owner, project, packages }) => {
      const round = [...packages, packages[0] ?? ''].map((name) => code(name)).join(' → ');
      return `Packages of ${code(`${owner}/${project}`)} require each other, so no order fits: ${round}.`;
    })
    .join('\n\n');
}

/** A duration, rounded so that it promises no more than is known. */
export function inWords(seconds: number): string {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}
