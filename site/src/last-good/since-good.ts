// What a build has other than the last good one before it: the first question about one that failed. Pure.
import { isFinal, published } from '@coppice/config';
import { siteHref } from '../markup/html.ts';
import type { Build, ChrootRun } from '../model/site-model.ts';
import { leadsOf, type PackageChange } from './compare-buildroots.ts';
import { type CommitLine, compareSources, type Fact } from './compare-sources.ts';

/** What one chroot of a build has other than in the last build that was good there. */
export interface SinceGood {
  readonly id: number;
  readonly href: string;
  /** What has changed, one phrase each; without those of the buildroot. */
  readonly source: readonly string[];
  readonly facts: readonly Fact[];
  readonly commits: readonly CommitLine[];
  /** Null where it is not known of both. */
  readonly buildroot: BuildrootChange | null;
}

interface BuildrootChange {
  /** A few that stand for all, one phrase each. */
  readonly leads: readonly string[];
  /** How many packages are others beyond those that the phrases speak of. */
  readonly more: number;
  readonly rows: readonly PackageChange[];
  /** How many have no row. */
  readonly left: number;
}

const mostRows = 50;
const mostLeads = 2;

/** Whether it is said of a run what has changed: of one that says how the package builds. */
export function isCompared({ state }: Pick<ChrootRun, 'state'>): boolean {
  return isFinal(state) && (state === 'succeeded' || state === 'failed');
}

/** `good` is an earlier build in which this chroot was good, and `goodRun` that run. */
export function sinceGood(build: Build, run: ChrootRun, good: Build, goodRun: ChrootRun): SinceGood {
  const { isSame, facts, commits } = compareSources(good, build);
  const engine = engineChanged(goodRun, run);
  return {
    id: good.id,
    href: siteHref(published.buildPage(good)),
    source: [saySource(isSame, facts), ...engine.map(sayFact)],
    facts: [...facts, ...engine],
    commits,
    buildroot: null,
  };
}

function engineChanged({ engine: before }: ChrootRun, { engine: now }: ChrootRun): readonly Fact[] {
  if (before === null || now === null) return [];
  if (before.name === now.name && before.version === now.version) return [];
  const isOther = before.name !== now.name;
  const say = ({ name, version }: typeof now) => (isOther ? `${name} ${version}` : version);
  return [{ label: isOther ? 'Engine' : now.name, from: say(before), to: say(now), href: null }];
}

/** By the fact that says most: the version, else the first. */
function saySource(isSame: boolean, facts: readonly Fact[]): string {
  const fact = facts.find(({ label }) => label === 'Version') ?? (isSame ? undefined : facts[0]);
  if (fact === undefined) return isSame ? 'the same source' : 'another source';
  return fact.label === 'Source' ? 'another source' : sayFact(fact);
}

function sayFact({ label, from, to }: Fact): string {
  const what = ['Commit', 'Version', 'Ref'].includes(label) ? label.toLowerCase() : label;
  if (from === null) return `${what} added`;
  return to === null ? `${what} removed` : `${what} ${from} → ${to}`;
}

/** With what was found of the buildroots; `text` is what is said of a failure. */
export function withBuildroot(since: SinceGood, changes: readonly PackageChange[], text: string): SinceGood {
  const leads = leadsOf(changes, text).slice(0, mostLeads);
  const rows = changes.slice(0, mostRows);
  return {
    ...since,
    buildroot: {
      leads: leads.map(sayChange),
      more: changes.length - leads.length,
      rows,
      left: changes.length - rows.length,
    },
  };
}

function sayChange({ name, from, to, how }: PackageChange): string {
  switch (how) {
    case 'added':
      return `${name} ${to} added`;
    case 'removed':
      return `${name} ${from} removed`;
    case 'rebuilt':
      return `${name} ${to} built anew`;
    default:
      return `${name} ${from} → ${to}`;
  }
}
