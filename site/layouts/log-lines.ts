// Lines of logs, as log pages show them. The browser's script makes the same of lines that come later (see log.js).
import { type Html, html } from '../src/markup/html.ts';
import type { LogFold } from '../src/view/log-folds.ts';
import { type LineTone, toneOf } from '../src/view/log-tones.js';

/** The class that tints a line; nothing for most. */
export function toneClass(text: string): string {
  return classOf(toneOf(text));
}

function classOf(tone: LineTone): string {
  return tone === 'plain' ? '' : ` tone-${tone}`;
}

/** Numbered lines, each with an anchor. */
export function logLines(lines: LogFold['lines']): Html {
  return html`${lines.map(
    ({ number, tone, runs }) =>
      html`<span class="line${classOf(tone)}" id="L${number}"><a href="#L${number}">${number}</a>${runs.map(
        ({ text, classes }) => (classes === '' ? text : html`<span class="${classes}">${text}</span>`),
      )}\n</span>`,
  )}`;
}
