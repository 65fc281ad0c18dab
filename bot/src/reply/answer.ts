// The body of an answer: its sections, one a command, and the mark by which programs find it. Pure.
import type { DebugSession } from '@coppice/builder-runner/runner';
import { isFinal } from '@coppice/config';
import type { Answer, Section } from '../vocabulary/answer.ts';
import type { BuildView } from '../vocabulary/build-view.ts';
import { type AnswerState, writeAnswerMark, writeMisplacedMark } from './answer-mark.ts';
import { debugText } from './debug.ts';
import { failureNotes, heading, installLines, progressTable, verdict, waitingNote } from './progress.ts';

/** GitHub refuses comments of more than 65,536 characters. */
const maximumLength = 65_000;

/** What is known of a debug session; undefined when it was forgotten. */
export type DebugView = (session: number) => DebugSession | undefined;

const noDebug: DebugView = () => undefined;

/** `views` are the builds of all sections by number. */
export function answerState(
  sections: readonly Section[],
  views: ReadonlyMap<number, BuildView>,
  debug: DebugView = noDebug,
): AnswerState {
  const states = sections.map((section) => sectionState(section, views, debug));
  if (states.includes('working')) return 'working';
  return states.includes('bad') ? 'bad' : 'good';
}

function sectionState(section: Section, views: ReadonlyMap<number, BuildView>, debug: DebugView): AnswerState {
  if (section.kind === 'text') return section.good ? 'good' : 'bad';
  if (section.kind === 'debug') {
    const state = debug(section.session)?.state ?? 'ended';
    return state === 'ended' ? 'good' : state === 'failed' ? 'bad' : 'working';
  }
  const builds = viewsOf(section, views);
  if (builds.some(({ state }) => !isFinal(state))) return 'working';
  const good = (view: BuildView) => view.state === 'succeeded' || (section.canceling && view.state === 'canceled');
  return builds.every(good) ? 'good' : 'bad';
}

export function writeAnswer(
  to: Answer['to'],
  sections: readonly Section[],
  views: ReadonlyMap<number, BuildView>,
  url: string,
  debug: DebugView = noDebug,
): string {
  const mark =
    typeof to === 'number'
      ? writeAnswerMark({ to, state: answerState(sections, views, debug) })
      : writeMisplacedMark(to);
  const full = compose(mark, sections, (section) => sectionBody(section, { views, debug }, url, 'full'));
  if (full.length <= maximumLength) return full;
  const brief = compose(mark, sections, (section) => sectionBody(section, { views, debug }, url, 'brief'));
  const rest = `\n\nThis is shortened; the rest is at ${url}/\n`;
  // A brief answer has no code blocks, so it may be cut after any line.
  return `${brief.slice(0, brief.lastIndexOf('\n', maximumLength - rest.length))}${rest}`;
}

function compose(mark: string, sections: readonly Section[], body: (section: Section) => string): string {
  const head = ({ line }: Section) => (line === '' ? '' : `${heading(line)}\n\n`);
  return `${mark}\n${sections.map((section) => `${head(section)}${body(section)}`).join('\n\n')}\n`;
}

function sectionBody(
  section: Section,
  { views, debug }: { readonly views: ReadonlyMap<number, BuildView>; readonly debug: DebugView },
  url: string,
  detail: 'full' | 'brief',
): string {
  if (section.kind === 'text') return section.markdown;
  if (section.kind === 'debug') return debugText(debug(section.session), url);
  const builds = viewsOf(section, views);
  const final = builds.every(({ state }) => isFinal(state));
  const parts = [section.intro, builds.length === 0 ? '' : `${verdict(builds)}\n\n${progressTable(builds, url)}`];
  if (detail === 'full') {
    const install = final && !section.canceling ? [waitingNote(builds), installLines(builds, url)] : [];
    parts.push(failureNotes(builds, url), section.notes, ...install);
  }
  return parts.filter((part) => part !== '').join('\n\n');
}

function viewsOf(
  section: Extract<Section, { kind: 'builds' }>,
  views: ReadonlyMap<number, BuildView>,
): readonly BuildView[] {
  return section.builds.flatMap(({ id }) => views.get(id) ?? []);
}
