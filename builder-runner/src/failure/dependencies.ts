// Why dnf did not install what a build needs: nothing provides it, it does not fit together, or a repository is at
// fault. Pure.
import type { FailureReason } from '@coppice/config';
import { listed, quoted } from '../base/sentence-parts.ts';
import { type Clue, clue, type Finding, findClue, lastLine } from './clues.ts';
import type { LogLine } from './log-lines.ts';

/**
 * Sections of dnf.conf for repositories that the project names: their faults are the project's to mend (see
 * mock-config.ts).
 */
const namedRepository = /^coppice-extra-/;

export interface DependencyFinding extends Finding {
  readonly reason: Extract<FailureReason, 'dependencies' | 'infrastructure'>;
}

/** dnf 4's and dnf 5's words. */
const missingPatterns: readonly RegExp[] = [
  /^No matching package to install: '([^']{1,200})'/,
  /^(?:- )?No match for argument: (\S{1,200})/,
  /nothing provides requested (\S.{0,200})$/,
];

const nameOf = (nevra: string) => quoted(nevra.replace(/-[^-]+-[^-]+$/, ''));

const misfits: readonly Clue[] = [
  clue(
    /nothing provides (.{1,200}?) needed by (\S+)/,
    (what, by) => `${nameOf(by)}, which the build needs, wants ${quoted(what)}, which no repository offers.`,
  ),
  clue(
    /package (\S+) conflicts with (.{1,100}?) provided by (\S+)/,
    (one, _, other) => `${nameOf(one)} and ${nameOf(other)} conflict, and the build needs both.`,
  ),
  clue(
    /package (\S+) obsoletes (.{1,100}?) provided by (\S+)/,
    (one, _, other) => `${nameOf(one)} replaces ${nameOf(other)}, and the build needs both.`,
  ),
  clue(
    /file (\S+) (?:from install of \S+ )?conflicts (?:between attempted installs of|with file from package) (\S+)(?: and (\S+))?/,
    (file, one, other) =>
      `${other === '' ? nameOf(one) : `${nameOf(one)} and ${nameOf(other)}`} cannot be installed: both bring ${quoted(file)}.`,
  ),
  clue(
    /(?:[Ee]rror in \S+ scriptlet in rpm package|scriptlet failed|%\w+\((\S+)\) scriptlet failed).{0,20}?(\S*)/,
    (package_, other) =>
      `A package that the build needs fails to install: its scriptlet failed (${quoted(package_ === '' ? other : nameOf(package_))}).`.replace(
        ' ()',
        '',
      ),
  ),
  clue(
    /more space needed on the|No space left on device|attempt to write a readonly database|database or disk is full/,
    () => 'No space left: what the build needs does not fit into its disk quota.',
  ),
];

/** What `lines` of root.log say; undefined when nothing known. */
export function findDependencyFault(lines: readonly LogLine[]): DependencyFinding | undefined {
  return repositoryFault(lines) ?? signatureFault(lines) ?? rootFault(lines) ?? missing(lines) ?? misfit(lines);
}

function missing(lines: readonly LogLine[]): DependencyFinding | undefined {
  const found = lines.flatMap((line) => {
    const name = missingPatterns.map((pattern) => pattern.exec(line.text)?.[1]).find((each) => each !== undefined);
    return name === undefined ? [] : [{ line, name }];
  });
  const [first] = found;
  if (first === undefined) return undefined;
  const names = [...new Set(found.map(({ name }) => quoted(name)))];
  return {
    line: first.line,
    message: `The build needs ${listed(names)}, which no repository offers.`,
    reason: 'dependencies',
  };
}

function misfit(lines: readonly LogLine[]): DependencyFinding | undefined {
  const finding = findClue(lines, misfits);
  return finding === undefined ? undefined : { ...finding, reason: 'dependencies' };
}

/** The root itself cannot be filled as the chroot's configuration says. */
function rootFault(lines: readonly LogLine[]): DependencyFinding | undefined {
  const line = lastLine(lines, /^Module or Group '[^']*' is not available/);
  return line === undefined
    ? undefined
    : { line, message: `The chroot cannot be made: ${quoted(line.text)}.`, reason: 'infrastructure' };
}

const deadRepository =
  /Failed to download metadata(?: \(.{1,300}?\))? for repo(?:sitory)? ['"]([^'"]{1,100})['"](?:: (.*))?/;

function repositoryFault(lines: readonly LogLine[]): DependencyFinding | undefined {
  const line = lines.find(({ text }) => deadRepository.test(text));
  const [, id = '', why = ''] = deadRepository.exec(line?.text ?? '') ?? [];
  if (line === undefined) return undefined;
  const before = lines.filter(({ number }) => number < line.number);
  const isSignature = /signature/.test(why);
  const cause = isSignature
    ? line
    : (lastLine(before, /^ {0,4}- (?:Curl error|Status code|Downloading successful)/) ?? line);
  const address = /\bfor (\S{1,300}?)(?:repodata\/\S*)?(?: [[(]|$)/.exec(cause.text)?.[1];
  return {
    line: cause,
    ...faultOf(id, `${address ?? `"${quoted(id)}"`}`, `${plainCause(cause === line ? why : cause.text)}`),
  };
}

function faultOf(id: string, name: string, cause: string): Pick<DependencyFinding, 'message' | 'reason'> {
  if (namedRepository.test(id))
    return {
      reason: 'dependencies',
      message: `The repository ${name}, which the project names, cannot be used: ${cause}.`,
    };
  return { reason: 'infrastructure', message: `The repository ${name} cannot be used: ${cause}` };
}

/** dnf's reason without numbers that say nothing to people. */
function plainCause(text: string): string {
  if (/checksum doesn't match/.test(text)) return 'the checksum of its metadata does not match';
  if (/signature is not available/.test(text)) return 'its metadata is not signed';
  if (/signature verification error/.test(text)) return 'its metadata is signed with another key';
  if (/Bad repomd file|parser error/.test(text)) return 'its metadata is not readable';
  const status = /Status code: (\d{3})/.exec(text)?.[1];
  if (status === '451') return 'its project is frozen, and its packages are out of reach';
  if (status !== undefined) return `it answers with status ${status}`;
  if (/Couldn't resolve host/.test(text)) return 'its host name is unknown';
  if (/Couldn't connect|Connection refused/.test(text)) return 'nothing answers there';
  if (/Timeout|timed out/i.test(text)) return 'it does not answer in time';
  return quoted(text.replace(/^\S*:\/\/\S+: /, ''));
}

const unsigned: readonly Clue[] = [
  clue(
    /^Package (\S+?)(?:\.rpm)? is not signed/,
    (file) => `the package ${nameOf(file.replace(/\.[^.]+$/, ''))} is not signed`,
  ),
  clue(
    /^Public key for (\S+?)(?:\.rpm)? is not installed/,
    (file) => `the package ${nameOf(file.replace(/\.[^.]+$/, ''))} is signed with another key`,
  ),
  clue(
    /^Status code: (\d{3}) for (\S+pubkey\S*|\S+\.(?:gpg|asc)|\S*KEY\S*)/,
    (status) => `its key cannot be fetched (status ${status})`,
  ),
  clue(
    /^\[FAILED\] (\S+?): No more mirrors|^ {0,4}(\S+): Cannot download, all mirrors were already tried/,
    (file, other) =>
      `the package ${nameOf((file || other).replace(/\.rpm$/, '').replace(/\.[^.]+$/, ''))} cannot be downloaded from it`,
  ),
  clue(/GPG check FAILED/, () => 'a package of it has a bad signature'),
];

/** Packages that cannot be fetched or trusted: the table of what is to be installed says where they come from. */
function signatureFault(lines: readonly LogLine[]): DependencyFinding | undefined {
  const finding = findClue(lines, unsigned);
  if (finding === undefined) return undefined;
  const rows = lines.flatMap(
    ({ text }) => /^ \S+ {1,80}\S+ {1,40}\S+ {1,40}(\S+) {1,20}[\d.]+ [kMG]? *$/.exec(text)?.[1] ?? [],
  );
  const id = rows.find((row) => namedRepository.test(row)) ?? rows[0] ?? 'unknown';
  const said = lines
    .map(({ text }) => /\b(https?:\/\/\S+\/)[^/\s]+\.(?:rpm|gpg|asc)\b/.exec(text)?.[1])
    .find((each) => each !== undefined);
  return { line: finding.line, ...faultOf(id, said ?? `"${quoted(id)}"`, finding.message) };
}
