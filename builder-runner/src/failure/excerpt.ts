// The lines that people are shown of a log. Pure; they are hostile text, to be escaped wherever they are printed.
import type { LogLine } from './log-lines.ts';

const mostLines = 12;
const mostColumns = 400;
/** What follows a cause at once belongs to it: the source line, the caret, the name of the test. */
const following = 3;

const noise =
  /^(?:\++ |RPM build (?:errors|warnings):$|Child return code|Executing\(|EXCEPTION:| # |Command failed: ?$|See \S+build\.log$)|source_date_epoch|Bad exit status/;
const telling =
  /\berror\b|\bfatal\b|\bfail(?:ed|ure)?\b|undefined reference|no such file|no space left|nothing provides|no match|cannot |assert|not ok|problem:|\*\*\*|unpackaged|conflicts|^ {3}\/\S+$/i;

/** Up to 12 lines from the cause on; without a cause, the last ones. */
export function excerptFrom(lines: readonly LogLine[], cause: LogLine | undefined): readonly string[] {
  const at = cause === undefined ? -1 : lines.indexOf(cause);
  const useful = (line: LogLine) => !noise.test(line.text);
  const texts = (chosen: readonly LogLine[]) => [...new Set(chosen.map(({ text }) => text.slice(0, mostColumns)))];
  if (at === -1) return texts(lines.filter(useful)).slice(-mostLines);
  const near = lines.slice(at, at + 1 + following).filter((line) => line === cause || useful(line));
  const further = lines.slice(at + 1 + following).filter((line) => useful(line) && telling.test(line.text));
  return texts([...near, ...further]).slice(0, mostLines);
}
