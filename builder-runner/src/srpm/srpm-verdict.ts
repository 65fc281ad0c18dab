// Why a builder made no source package, in a sentence. Pure; every log is hostile text.
import { type Failure, fail, type Outcome } from '../base/outcome.ts';
import { duration, inQuotes, listed, quoted } from '../base/sentence-parts.ts';
import { classifyFailure } from '../failure/classify.ts';
import { excerptFrom, excerptOfTrouble, findExcerpt, linesOf } from '../failure/log-lines.ts';
import { findKilled } from '../failure/program-clues.ts';
import { asWritten, type NamedSource } from '../source/spec-sources.ts';
import type { SrpmPlan } from './srpm-plan.ts';
import { toolLines, toolWords, writtenElsewhere } from './tool-words.ts';

/** How the steps on the builder ended, without success. */
export interface SrpmEnd {
  /** The step of `srpm-steps.sh` that ran last. */
  readonly step: string;
  /** Undefined: its time was over. */
  readonly exitCode: number | undefined;
  /** Everything of mock's user was killed, on a builder that goes on. Default: false. */
  readonly wasKilledWithAll?: boolean;
  /** What the steps printed: mock's own words, and those of the tool. */
  readonly output: string;
  readonly buildLog: string;
  readonly rootLog: string;
}

export interface SrpmCircumstances {
  readonly plan: Pick<SrpmPlan, 'tool' | 'packages'>;
  readonly chroot: string;
  /** File name of the spec, where it is known. */
  readonly spec: string | undefined;
  /** The first line of the script, where there is one. */
  readonly firstLine?: string | undefined;
  /** What the control host read in the spec. */
  readonly read?: { readonly specText: string; readonly sources: readonly NamedSource[] } | undefined;
  readonly seconds: number;
  readonly memoryBytes: number | null;
}

/** A failure of the source, or a builder that is at fault (try another one). */
export type SrpmVerdict =
  | { readonly kind: 'failed'; readonly failure: Failure }
  | {
      readonly kind: 'infrastructure';
      readonly message: string;
      /** What it is when it ends so after other builders have tried. */
      readonly suspicion?: Failure;
    };

const ended = 143;
const killed = 137;

/** `where` of a failure counts the lines of `output` with `buildLog` after it: root.log is not kept. */
export function judgeSrpm(end: SrpmEnd, facts: SrpmCircumstances): SrpmVerdict {
  const placed = (failure: Failure): Failure => {
    const line = findExcerpt(failure.excerpt, linesIn(`${end.output}${end.buildLog}`));
    return { ...failure, where: line === undefined ? null : { log: 'srpm.log', line } };
  };
  const verdict = judgeKilled(end, facts) ?? judge(end, facts);
  if (verdict.kind === 'failed') return { kind: 'failed', failure: placed(verdict.failure) };
  const { message, suspicion } = verdict;
  return suspicion === undefined ? verdict : { kind: 'infrastructure', message, suspicion: placed(suspicion) };
}

/** The steps in which the package's own programs run; a spec is one. */
const ownSteps: ReadonlySet<string> = new Set(['run', 'buildsrpm']);

/** Something was killed while a program of the package ran: by that, or for want of memory. */
function judgeKilled(end: SrpmEnd, facts: SrpmCircumstances): SrpmVerdict | undefined {
  if (!ownSteps.has(end.step)) return undefined;
  const isTool = end.step === 'run';
  const who = isTool ? nameOf(facts) : (facts.spec ?? 'The spec');
  const rpmbuild = !isTool && end.exitCode === 1 ? findKilled(linesIn(end.buildLog)) : undefined;
  if (rpmbuild === undefined && end.exitCode !== killed) return undefined;
  const log = `${end.output}\n${end.buildLog}`;
  const own = (what: string): Failure =>
    fail(
      'unbuildable',
      `${what}: does it kill all processes (kill -1, pkill, killall), or take all memory?`,
      excerptOfTrouble(linesIn(log)),
    ).failure;
  if (end.wasKilledWithAll === true || rpmbuild === 'by-the-build')
    return { kind: 'failed', failure: own(`${who} ended what makes its source package`) };
  const message = isTool
    ? `${who} was killed`
    : `${rpmbuild === undefined ? 'mock' : 'rpmbuild'} was killed with ${who}`;
  return { kind: 'infrastructure', message, suspicion: own(`${message} on the last of the builders that tried it`) };
}

function judge(end: SrpmEnd, facts: SrpmCircumstances): SrpmVerdict {
  const { exitCode } = end;
  if (exitCode === undefined || exitCode === 11) {
    const message = `Making the source package took longer than its time limit of ${duration(facts.seconds)}.`;
    return failed('timeout', message, end.output);
  }
  const isToolsOwn = end.step === 'run' && exitCode !== ended;
  if (isToolsOwn) return toolFailed(end, facts);
  if (end.step === 'spec') {
    const count = /(\d+) spec files were made/.exec(end.output)?.[1] ?? '0';
    const where = facts.plan.tool === undefined ? 'in its `resultdir`, ' : '';
    const message = `${nameOf(facts)} left ${count === '0' ? 'no spec' : `${count} specs`} ${where}where one spec is expected.`;
    return failed('source', message, end.output);
  }
  if (end.step === 'install' && exitCode === 30) return notInstalled(end, facts);
  if (end.step === 'copyout') return failed('source', `${nameOf(facts)} left nothing to take.`, end.output);
  const isRpmbuild = end.step === 'buildsrpm' && exitCode === 1;
  if (!isRpmbuild && exitCode !== 30) return { kind: 'infrastructure', message: mockFault(end, facts) };
  if (exitCode === 30) {
    const why = 'The chroot in which the source package is made cannot be filled: a repository does not answer.';
    return failed('dependencies', why, `${end.rootLog}\n${end.output}`);
  }
  return rpmbuildFailed(end, facts);
}

function mockFault(end: SrpmEnd, { seconds, memoryBytes }: SrpmCircumstances): string {
  const logs = { build: { text: end.buildLog, firstLine: 1 }, root: { text: end.rootLog, firstLine: 1 } };
  const verdict = classifyFailure({ exitCode: end.exitCode ?? 0, logs, timeoutSeconds: seconds, memoryBytes });
  if (verdict.kind === 'infrastructure') return verdict.message;
  return `mock failed at its step ${end.step} with exit code ${end.exitCode}${because(end.output)}`;
}

function rpmbuildFailed(end: SrpmEnd, facts: SrpmCircumstances): SrpmVerdict {
  // Where mock could not even begin, only its own words tell.
  const log = end.buildLog.trim() === '' ? end.output : end.buildLog;
  if (/^Wrote: \S+\.nosrc\.rpm$/m.test(log)) return failed('source', sourcesLeftOut, log);
  const unexpanded = /^error: .*(%auto(?:release|changelog))\b/m.exec(log)?.[1];
  if (unexpanded !== undefined) return failed('source', notExpanded(unexpanded, facts.chroot), log);
  const odd = oddCharacter(log, facts);
  if (odd !== undefined) return failed('source', odd, log);
  const missing = missingSource(log, facts);
  if (missing !== undefined) return failed('source', missing, log);
  return failed('source', `No source package could be made of ${facts.spec ?? 'the spec'}${because(log)}.`, log);
}

/** The sentence about a character that cannot be seen: rpm takes the file for no spec, or its first line for no tag. */
function oddCharacter(log: string, { spec, read }: SrpmCircumstances): string | undefined {
  if (read === undefined || spec === undefined) return undefined;
  if (read.specText.startsWith('\uFEFF') && /^error: line 1: /m.test(log))
    return `${spec} begins with a byte order mark (U+FEFF), which rpm takes for a part of its first line: save it as UTF-8 without one, as \`sed -i '1s/^\\xEF\\xBB\\xBF//'\` does.`;
  const lines = read.specText.split(/\r\n|\r|\n/);
  if (!read.specText.includes('\n') && lines.length > 1)
    return `The lines of ${spec} end with CR alone, so rpm reads it as one: save it with the line ends of Unix (LF).`;
  const isNoSpec = / does not appear to be a specfile/.test(log);
  if ((read.specText.match(/\0/g)?.length ?? 0) > lines.length)
    return `${spec} is written in UTF-16, which rpm does not read: save it as UTF-8.`;
  // rpm names the line of some, and of others what stands in it.
  const named = Number(/^error: line (\d+): /m.exec(log)?.[1] ?? 0);
  const isIllegal = /^error: (?:line \d+: )?Illegal char/m.test(log);
  for (const [index, line] of lines.entries()) {
    const found = isNoSpec ? controlCharacter.exec(line)?.[0] : unseenCharacter.exec(line)?.[0];
    if (found === undefined || !(isNoSpec || isIllegal || named === index + 1)) continue;
    const code = found.codePointAt(0)?.toString(16).toUpperCase().padStart(4, '0');
    return isNoSpec
      ? `${spec} holds the control character U+${code} in line ${index + 1}, for which rpm takes it for no spec: remove it.`
      : `${spec} holds the character U+${code}, which cannot be seen, in line ${index + 1}, where rpm allows none: remove it.`;
  }
  return undefined;
}

/** Spaces that are none, marks of order and of direction. */
const unseenCharacter = /[\u00a0\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff]/u;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what rpm looks for
const controlCharacter = /[\u0000-\u0008\u000e-\u001f]/;

const missingFile = /^error: Bad (?:file|source): (?:.{0,200}\/)?([^/:\s]{1,200}): No such file or directory$/;

/** The sentence about a source that is not there: as the spec has it, and as it was read. */
function missingSource(log: string, { spec, chroot, read }: SrpmCircumstances): string | undefined {
  const lines = linesIn(log).map(({ text }) => missingFile.exec(text)?.[1]);
  const file = lines.find((each) => each !== undefined);
  if (file === undefined || read === undefined || spec === undefined) return undefined;
  const value = read.sources.find((each) => each.file === file)?.value ?? file;
  const written = asWritten(read.specText, value) ?? asWritten(read.specText, file);
  const tag = written === undefined ? 'a source' : written.tag;
  const says = written === undefined || written.value === file ? '' : `, written as ${written.value}`;
  const read_ = value === file || value === written?.value ? '' : ` and read as ${value}`;
  return `${file} is not among the sources: ${spec} names it in ${chroot} as ${tag}${says}${read_}. Add the file beside the spec, or mend its name or address there.`;
}

function toolFailed(end: SrpmEnd, facts: SrpmCircumstances): SrpmVerdict {
  const full = /no space left on device|disk quota exceeded/i.test(end.output);
  if (full)
    return failed(
      'source',
      `${nameOf(facts)} failed because no space was left: it wrote more than the disk quota allows.`,
      end.output,
    );
  const { tool } = facts.plan;
  if (end.exitCode === 127 && tool !== undefined) {
    const message = `The package ${tool.package} of ${facts.chroot} has no program ${tool.command}, which the method ${tool.method} needs.`;
    return failed('source', message, end.output);
  }
  const lines = toolLines(end.output);
  const said = toolWords(lines, {
    packagesKey: tool === undefined ? 'builddeps' : 'packages',
    ...{ chroot: facts.chroot, name: nameOf(facts), firstLine: facts.firstLine },
  });
  const message = said.sentence ?? `${nameOf(facts)} failed with exit code ${end.exitCode}${said.words}.`;
  const excerpt = excerptFrom(lines, said.line);
  return { kind: 'failed', failure: fail('source', message, excerpt).failure };
}

/** Why not one source package was found where the method leaves it, although it ended well. `names`: what was found. */
export function judgeCount(names: readonly string[], plan: Pick<SrpmPlan, 'tool'>, output: string): Outcome<never> {
  const place = places[plan.tool?.method ?? ''];
  const who = plan.tool === undefined ? 'mock' : `The method ${plan.tool.method} (${plan.tool.command})`;
  const where = place === undefined ? 'where one is looked for' : `in ${place}, where one is looked for`;
  if (names.length > 0) {
    const list = listed(names.map((name) => inQuotes(name)));
    return fail('source', `${who} left ${names.length} source packages ${where}: ${list}. Leave one.`);
  }
  const elsewhere = writtenElsewhere(output);
  const hint = elsewhere === undefined ? '' : ` rpmbuild wrote ${inQuotes(elsewhere)}: put it there.`;
  return fail('source', `${who} ended well, but left no source package ${where}.${hint}`);
}

const places: Readonly<Record<string, string>> = {
  make_srpm: 'the folder `$(outdir)` of .copr/Makefile',
  rpkg: 'the folder of its `--outdir`',
  tito: 'the folder of its `--output`',
};

/** What is said of a source package without all of its sources. */
export const sourcesLeftOut =
  'The spec keeps sources out of the source package (NoSource or NoPatch), and a build gets nothing else: take those tags out.';

/** What is said of a macro that stands in a version or release as it was written. */
export function notExpanded(macro: string, chroot: string): string {
  return `Nothing in ${chroot} defines the macro ${quoted(macro)}: write out what it stands for, or add the package that defines it (rpmautospec-rpm-macros for %autorelease and %autochangelog) to the packages of every root, in chroots/${chroot}.cfg.`;
}

function nameOf({ plan }: SrpmCircumstances): string {
  return plan.tool === undefined ? 'The script' : `The method ${plan.tool.method} (${plan.tool.command})`;
}

/** Debian has none of these tools, and not every distribution has all: what to do is said here. */
function notInstalled(end: SrpmEnd, facts: SrpmCircumstances): SrpmVerdict {
  const { tool, packages } = facts.plan;
  const log = `${end.rootLog}\n${end.output}`;
  const missing = missingPackages(log);
  if (missing.length === 0) {
    const message = `What the source package needs cannot be installed in ${facts.chroot}${because(log)}.`;
    return failed('dependencies', message, log);
  }
  if (tool !== undefined && missing.includes(tool.package)) {
    const where = `a repository that chroots/${facts.chroot}.cfg of the config repo (or /etc/mock/${facts.chroot}.cfg) names`;
    const message = `The method ${tool.method} needs the program ${tool.command}, and ${facts.chroot} has no package ${tool.package} to install it from: put ${tool.package} into ${where}, or make the source package in another way.`;
    return failed('source', message, log);
  }
  const named = packages.filter((name) => missing.includes(name));
  const list = (named.length === 0 ? missing : named).slice(0, 3).join(', ');
  return failed(
    'dependencies',
    `What the source package needs is not in the repositories of ${facts.chroot}: ${list}.`,
    log,
  );
}

/** Names in dnf 4's and dnf 5's words for packages that no repository has. */
function missingPackages(log: string): readonly string[] {
  const found = new Set<string>();
  const patterns = [/No match for argument: (\S{1,100})/g, /nothing provides (\S{1,100})/g];
  for (const pattern of patterns) for (const match of log.matchAll(pattern)) found.add(match[1] ?? '');
  return [...found];
}

const errorWords = /^(?:\S+: )?(?:error|Error|ERROR|fatal):\s+(?!Command failed)(.+)$/;

/** The first thing that was called an error, as the end of a sentence. */
function because(log: string): string {
  const said = linesIn(log).map(({ text }) => errorWords.exec(text)?.[1]);
  const words = said.find((each) => each !== undefined);
  if (words === undefined) return '';
  const plain = words.replaceAll(/\/builddir\/(?:build\/(?:SPECS|SOURCES)|coppice(?:\/tree)?)\//g, '');
  const text = plain.replace(/[.:\s]+$/, '');
  return text === '' ? '' : `: ${text.slice(0, 200)}`;
}

function failed(reason: Failure['reason'], message: string, log: string): SrpmVerdict {
  return { kind: 'failed', failure: fail(reason, message, excerptOfTrouble(linesIn(log))).failure };
}

function linesIn(text: string) {
  return linesOf({ text, firstLine: 1 });
}
