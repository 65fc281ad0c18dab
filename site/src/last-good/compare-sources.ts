// What of a package's source is another than in a build before. From the records of both alone: nobody is asked. Pure.
import { canonicalSource, describePinnedSource, type PinnedSource, type Result } from '@coppice/config';
import { type Build, versionOfRun } from '../model/site-model.ts';
import { configRepositoryOf, type Forge, forgeOf } from './forges.ts';

/** Something that is another; `from` or `to` is null where it is there in one of both only. */
export interface Fact {
  readonly label: string;
  readonly from: string | null;
  readonly to: string | null;
  /** Where the difference can be read. */
  readonly href: string | null;
}

export interface CommitLine {
  readonly id: string;
  readonly subject: string;
  readonly href: string | null;
}

export interface SourceChange {
  readonly isSame: boolean;
  readonly facts: readonly Fact[];
  /** What came since, the newest first. */
  readonly commits: readonly CommitLine[];
}

/** Files and submodules that are told of; a source may have very many. */
const mostFiles = 20;
const mostCommits = 10;

export function compareSources(before: Build, now: Build): SourceChange {
  const [old, fresh] = [before.source as PinnedSource, now.source as PinnedSource];
  const isSame = canonicalSource(old) === canonicalSource(fresh) && filesChanged(before, now).length === 0;
  const config = configRepositoryOf(now.request);
  const github = config && new URL(config).origin;
  const configForge = config === undefined ? undefined : forgeOf(config, github);
  const forge = 'url' in fresh ? forgeOf(fresh.url, github) : configForge;
  const facts = [
    ...changed('Version', sourceVersion(before), sourceVersion(now)),
    ...(isSame ? [] : placeChanged(old, fresh, forge)),
    ...filesChanged(before, now),
    ...('url' in fresh || isSame ? commitChanged('Config', before.configCommit, now.configCommit, configForge) : []),
  ];
  return { isSame, facts, commits: isSame ? [] : newCommits(before, now, forge) };
}

function changed(label: string, from: string | undefined, to: string | undefined): readonly Fact[] {
  return from === to || from === undefined || to === undefined ? [] : [{ label, from, to, href: null }];
}

/** Of the source package: it is there of builds that failed later, too. */
function sourceVersion({ srpm, package: name }: Build): string | undefined {
  return srpm === null ? undefined : versionOfRun(srpm, name);
}

function placeChanged(old: PinnedSource, fresh: PinnedSource, forge: Forge | undefined): readonly Fact[] {
  const commitOf = (source: PinnedSource) => ('commit' in source ? source.commit : undefined);
  const isElsewhere = old.type !== fresh.type || placeOf(old) !== placeOf(fresh);
  if (isElsewhere)
    return [{ label: 'Source', from: describePinnedSource(old), to: describePinnedSource(fresh), href: null }];
  return [
    ...('ref' in old && 'ref' in fresh ? changed('Ref', old.ref, fresh.ref) : []),
    ...commitChanged('Commit', commitOf(old), commitOf(fresh), forge),
    ...('sha256' in old && 'sha256' in fresh ? changed('SHA-256', short(old.sha256), short(fresh.sha256)) : []),
  ];
}

function placeOf(source: PinnedSource): string | undefined {
  // The addresses of releases and of source packages hold their versions.
  return source.type === 'git' || source.type === 'distgit' ? source.url : 'path' in source ? source.path : undefined;
}

function commitChanged(
  label: string,
  from: string | undefined,
  to: string | undefined,
  forge: Forge | undefined,
): readonly Fact[] {
  if (from === to || from === undefined || to === undefined) return [];
  return [{ label, from: short(from), to: short(to), href: forge?.compare(from, to) ?? null }];
}

function short(id: string): string {
  return id.slice(0, 12);
}

/** What was fetched for the source package, and submodules. */
function filesChanged(before: Build, now: Build): readonly Fact[] {
  const files = renamed(
    changesIn(before.srpm?.fetched, now.srpm?.fetched, ({ file, sha256 }) => [file, short(sha256)]),
  );
  const modules = changesIn(before.srpm?.submodules, now.srpm?.submodules, ({ path, commit }) => [path, short(commit)]);
  return [...files, ...modules].slice(0, mostFiles);
}

/** Of one file that went and one that came, as with a new release, their names say more than their hashes. */
function renamed(facts: readonly Fact[]): readonly Fact[] {
  const [gone, ...others] = facts.filter(({ to }) => to === null);
  const [come, ...more] = facts.filter(({ from }) => from === null);
  if (gone === undefined || come === undefined || others.length + more.length > 0) return facts;
  const one = { label: 'File', from: gone.label, to: come.label, href: null };
  return [one, ...facts.filter((fact) => fact !== gone && fact !== come)];
}

/** Nothing where one of both was not recorded, as of builds that failed before. */
function changesIn<T>(
  before: readonly T[] | undefined,
  now: readonly T[] | undefined,
  entry: (one: T) => readonly [string, string],
): readonly Fact[] {
  if (before === undefined || now === undefined) return [];
  const [old, fresh] = [new Map(before.map(entry)), new Map(now.map(entry))];
  return [...new Set([...old.keys(), ...fresh.keys()])].flatMap((label): readonly Fact[] => {
    const [from, to] = [old.get(label) ?? null, fresh.get(label) ?? null];
    return from === to ? [] : [{ label, from, to, href: null }];
  });
}

/** As far as both records tell: of a repository that was fetched without its history, the last one alone. */
function newCommits(before: Build, now: Build, forge: Forge | undefined): readonly CommitLine[] {
  const [old, fresh] = [commitsOf(before), commitsOf(now)];
  // It went back to what was there before.
  if (old.some(({ commit }) => commit === fresh[0]?.commit)) return [];
  const known = fresh.findIndex(({ commit }) => commit === old[0]?.commit);
  const until = known !== -1 ? known : old.length === 0 ? 1 : fresh.length;
  return fresh
    .slice(0, Math.min(until, mostCommits))
    .map(({ commit, subject }) => ({ id: short(commit), subject, href: forge?.commit(commit) ?? null }));
}

function commitsOf({ srpm }: Build): NonNullable<Result['commits']> {
  return srpm?.commits ?? [];
}
