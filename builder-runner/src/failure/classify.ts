// mock's exit code and logs → why the build failed: the reason, a sentence, the lines, and where to open the log. Pure.
// Source of the codes: https://github.com/rpm-software-management/mock/blob/main/mock/py/mockbuild/exception.py
import type { FailureReason } from '@coppice/config';
import type { Failure } from '../base/outcome.ts';
import { duration } from '../base/sentence-parts.ts';
import type { Finding } from './clues.ts';
import { findDependencyFault } from './dependencies.ts';
import { excerptFrom, type LogEnd, type LogLine, linesOf } from './log-lines.ts';
import { findKilled, findLimit, findSpoiltResults, killing } from './program-clues.ts';
import { findRpmbuildFault, stageOf } from './stages.ts';

export interface BuildEnd {
  readonly exitCode: number;
  /** With exit code 11: what the build needs was still being installed. */
  readonly wasInstalling?: boolean;
  readonly logs: { readonly build: LogEnd; readonly root: LogEnd };
  readonly timeoutSeconds: number;
  /** The build's bound, or null. */
  readonly memoryBytes: number | null;
  /** Everything of mock's user was killed with it, on a builder that goes on. Default: false. */
  readonly wasKilledWithAll?: boolean;
}

/**
 * The verdict on a mock that ended: success, the package's failure, or a builder that is at fault (try another one).
 */
export type Verdict =
  | { readonly kind: 'succeeded' }
  | { readonly kind: 'failed'; readonly failure: Failure }
  | {
      readonly kind: 'infrastructure';
      readonly message: string;
      /** What it is when it ends so after other builders have tried. */
      readonly suspicion?: Failure;
    };

const builderFaults: ReadonlyMap<number, string> = new Map([
  [2, 'mock was called wrongly'],
  [3, 'mock could not read its configuration'],
  [5, 'mock could not run a command of its own'],
  [20, 'mock could not set up the chroot'],
  [50, 'mock broke with an error of its own'],
  [60, 'the chroot is locked by another mock'],
  [70, 'mock lost its result folder'],
  [80, 'the chroot could not be unpacked, or its first process was killed'],
  [126, 'mock cannot be run on the builder'],
  [127, 'mock is not installed on the builder'],
  [129, 'mock was ended by a hang-up'],
  [130, 'mock was interrupted'],
  [137, 'mock was killed'],
  [143, 'mock was told to end'],
]);

/** What `end` means. The order matters: a full disk or a missing package shows in many exit codes. */
export function classifyFailure(end: BuildEnd): Verdict {
  if (end.exitCode === 0) return { kind: 'succeeded' };
  const build = linesOf(end.logs.build);
  const fault = builderFaults.get(end.exitCode);
  if (fault !== undefined) return builderFault(end, fault, build);
  const root = linesOf(end.logs.root);
  if (end.exitCode === 11) return end.wasInstalling === true ? setUpTooLong(end, root) : timedOut(end, build);
  if (end.exitCode === 30) return unmetDependencies(root);
  if (end.exitCode === 40) return notInstalled(build, root);
  return rpmbuildFailed(end, build, root);
}

/** What ends mock by a signal, or its first process. */
const endsOfMock: ReadonlySet<number> = new Set([80, 129, 130, 137, 143]);

/** A builder's own fault, unless the build was at work and nothing but it was there to end all of its user's. */
function builderFault(end: BuildEnd, fault: string, build: readonly LogLine[]): Verdict {
  // Of a long log, nothing may be left that tells the section.
  const hasBegun = stageOf(build) !== undefined || end.logs.build.firstLine > 1;
  const message = `${fault} (exit code ${end.exitCode})`;
  if (!hasBegun || !endsOfMock.has(end.exitCode)) return { kind: 'infrastructure', message };
  if (end.wasKilledWithAll === true) return ownEnd(`The build ended mock${sectionOf(build)}`, build);
  return suspected(fault, message, build);
}

/** Nobody knows whether the package did it: whatever ends so on one builder after the other is the package's own. */
function suspected(fault: string, message: string, build: readonly LogLine[]): Verdict {
  const suspicion = ownEnd(`${fault}${sectionOf(build)} on the last of the builders that tried it`, build).failure;
  return { kind: 'infrastructure', message, suspicion };
}

function sectionOf(build: readonly LogLine[]): string {
  const stage = stageOf(build);
  return stage === undefined ? '' : ` in %${stage.name}`;
}

/** What rpmbuild adds to the end of each section. */
const epilogue = /^\+ (?:exit \d+|RPM_EC=\d+)$/;

/** The package ends what builds it. */
function ownEnd(what: string, build: readonly LogLine[]): Extract<Verdict, { kind: 'failed' }> {
  const message = `${what}: does the build kill all processes (kill -1, pkill, killall), or take all memory?`;
  const commands = build.filter(({ text }) => text.startsWith('+ ') && !epilogue.test(text));
  const command = commands.findLast(({ text }) => killing.test(text)) ?? commands.at(-1);
  return failed('unbuildable', 'build.log', build, { message, line: command ?? build.at(-1) });
}

function timedOut(end: BuildEnd, build: readonly LogLine[]): Verdict {
  const stage = stageOf(build);
  const where = stage === undefined ? '' : ` It was in %${stage.name}.`;
  const message = `The build took longer than its time limit of ${duration(end.timeoutSeconds)}.${where}`;
  return failed('timeout', 'build.log', build, { message, line: build.at(-1) });
}

function setUpTooLong({ timeoutSeconds }: BuildEnd, root: readonly LogLine[]): Verdict {
  const limit = duration(timeoutSeconds);
  const message = `Installing what the build needs took longer than the build's time limit of ${limit}.`;
  return failed('timeout', 'root.log', root, { message, line: root.at(-1) });
}

function unmetDependencies(root: readonly LogLine[]): Verdict {
  const found = findDependencyFault(root);
  if (found === undefined) {
    const line = root.findLast(({ text }) => /^Error:/i.test(text)) ?? root.at(-1);
    return failed('dependencies', 'root.log', root, { message: 'dnf could not install what the build needs.', line });
  }
  if (found.reason === 'infrastructure') return { kind: 'infrastructure', message: found.message };
  return failed('dependencies', 'root.log', root, found);
}

function notInstalled(build: readonly LogLine[], root: readonly LogLine[]): Verdict {
  const message = 'The source package cannot be installed in the chroot: it is damaged.';
  const said = build.find(({ text }) => /^error: /.test(text));
  if (said !== undefined) return failed('source', 'build.log', build, { message, line: said });
  return failed('source', 'root.log', root, { message, line: root.at(-1) });
}

function rpmbuildFailed(end: BuildEnd, build: readonly LogLine[], root: readonly LogLine[]): Verdict {
  const fault = findRpmbuildFault(build);
  const limit = findLimit(build, root, end);
  // Of a long log, nothing may be left that tells the section.
  const reason = stageOf(build) === undefined ? 'compile' : fault.reason;
  if (limit !== undefined) return failed(reason, 'build.log', build, limit);
  const killed = findKilled(build);
  if (killed === 'unclear') return suspected('rpmbuild was killed', `rpmbuild was killed${sectionOf(build)}`, build);
  if (killed !== undefined) return ownEnd(`The build ended rpmbuild${sectionOf(build)}`, build);
  const spoilt = findSpoiltResults(build, root);
  if (spoilt !== undefined) return failed('unbuildable', 'build.log', build, { ...spoilt, line: build.at(-1) });
  if (build.length > 0) return failed(fault.reason, 'build.log', build, fault);
  return failed('source', 'root.log', root, { message: fault.message, line: root.at(-1) });
}

type Said = Pick<Finding, 'message'> & { readonly line: LogLine | undefined };

function failed(
  reason: FailureReason,
  log: 'build.log' | 'root.log',
  lines: readonly LogLine[],
  { message, line }: Said,
): Extract<Verdict, { kind: 'failed' }> {
  const where = line === undefined ? null : { log, line: line.number };
  const sentence = message.replace(/([?!…])\.$/, '$1');
  return { kind: 'failed', failure: { reason, message: sentence, excerpt: excerptFrom(lines, line), where } };
}
