// The lines of a log's end, made harmless: bounded in number and length, without control characters. Pure; every line
// is hostile text.

/** The end of a log (or all of it), and the number, from 1, that its first line has in the whole log. */
export interface LogEnd {
  readonly text: string;
  readonly firstLine: number;
}

export interface LogLine {
  /** From 1, in the whole log. */
  readonly number: number;
  readonly text: string;
}

/** What is looked at of a log: patterns stay quick on any line of this length, and on this many. */
const mostLines = 50_000;
const mostColumns = 1000;
/**
 * What is looked at of the lines that may say something: as many from the front, where causes stand, as from the back.
 */
const mostTelling = 1000;

const terminalSequence = /\p{Cc}\[[0-9;?]{0,20}[A-Za-z]/gu;
/** Real mock and mock-lite begin the lines of root.log so. */
const loggerPrefix = /^(?:DEBUG|INFO|WARNING|ERROR) [\w.-]{1,40}(?::\d{1,6})?: {1,2}/;

/** The lines of a log, the last 50,000 of them, empty ones left out. */
export function linesOf({ text, firstLine }: LogEnd): readonly LogLine[] {
  const start = startOfLast(text, mostLines);
  let number = firstLine + countLines(text, start);
  const lines: LogLine[] = [];
  for (let at = start; at < text.length; number += 1) {
    const newline = text.indexOf('\n', at);
    const end = newline === -1 ? text.length : newline;
    const shown = clean(cutMiddle(text, at, end));
    if (shown !== '') lines.push({ number, text: shown });
    at = end + 1;
  }
  return lines;
}

/** An overlong line without its middle: patterns know lines by how they begin and by how they end. */
function cutMiddle(text: string, start: number, end: number): string {
  if (end - start <= mostColumns) return text.slice(start, end);
  return `${text.slice(start, start + mostColumns / 2)}…${text.slice(end - mostColumns / 2 + 1, end)}`;
}

function startOfLast(text: string, count: number): number {
  let at = text.length;
  for (let found = 0; found < count && at > 0; found += 1) {
    const newline = text.lastIndexOf('\n', at - 1);
    if (newline === -1) return 0;
    at = newline;
  }
  return at === 0 ? 0 : at + 1;
}

function countLines(text: string, until: number): number {
  let count = 0;
  for (let at = text.indexOf('\n'); at !== -1 && at < until; at = text.indexOf('\n', at + 1)) count += 1;
  return count;
}

function clean(line: string): string {
  const plain = line
    .replace(terminalSequence, '')
    // What a shell says of a word that ends with a carriage return: it is the cause.
    .replace(/\r(?=: |['"’])/g, '\\r')
    .replaceAll('\t', '  ')
    .replace(/\p{Cc}/gu, '');
  return plain.replace(loggerPrefix, '').trimEnd();
}

const telling =
  /error|fatal|fail|fault|abort|undefined|multiple definition|cannot|can't|unable|no such|not found|no rule|missing|denied|killed|exception|traceback|no space|quota|memory|not ok|nothing provides|no match|conflict|\*\*\*|unexpected|syntax|unbound|not signed|not installed|not available|not support|must be|bad |invalid|unrecognized|temporary failure|unavailable|exceeded|too many|out of|limit|malformed|garbage|corrupt|not an? |unclosed|unknown|expected|assert|hunk|reversed|arch|recursi|outside|tests? |subtests|does not|didn't|dump|sanitizer|total|what\(\)|no spec|1\.\.\d/i;

/** The lines worth a look at: those that have a word of trouble in them, at most 1,000 from each end. */
export function tellingLines(lines: readonly LogLine[]): readonly LogLine[] {
  const all = lines.filter(({ text }) => telling.test(text) && !text.startsWith('+ '));
  return all.length <= 2 * mostTelling ? all : [...all.slice(0, mostTelling), ...all.slice(-mostTelling)];
}

/** How much of a log an excerpt shows. */
const excerptLines = 12;
const excerptColumns = 400;

/** What follows a cause at once belongs to it: the source line, the caret, the name of the test. */
const following = 3;

const noise =
  /^(?:\++ |RPM build (?:errors|warnings):$|Child return code|Executing\(|EXCEPTION:| # |Command failed: ?$|See \S+build\.log$)|source_date_epoch|Bad exit status/;

const worthAnExcerpt =
  /\berror\b|\bfatal\b|\bfail(?:ed|ure)?\b|undefined reference|no such file|no space left|nothing provides|no match|cannot |assert|not ok|problem:|\*\*\*|unpackaged|conflicts|^ {3}\/\S+$/i;

const useful = ({ text }: LogLine) => !noise.test(text);
const shown = ({ text }: LogLine) => {
  if (text.length <= excerptColumns) return text;
  const half = excerptColumns / 2;
  return `${text.slice(0, half)}…${text.slice(1 - half)}`;
};
const texts = (chosen: readonly LogLine[]) => [...new Set(chosen.map(shown))];

/** Up to 12 lines from the cause on; without a cause, the last ones. */
export function excerptFrom(lines: readonly LogLine[], cause: LogLine | undefined): readonly string[] {
  const at = cause === undefined ? -1 : lines.indexOf(cause);
  if (at === -1) return texts(lines.filter(useful)).slice(-excerptLines);
  const near = lines.slice(at, at + 1 + following).filter((line) => line === cause || useful(line));
  const further = lines.slice(at + 1 + following).filter((line) => useful(line) && worthAnExcerpt.test(line.text));
  return texts([...near, ...further]).slice(0, excerptLines);
}

/**
 * Up to 12 lines when no cause is known: the last ones that mention an error, or just the last ones.
 */
export function excerptOfTrouble(lines: readonly LogLine[]): readonly string[] {
  const candidates = lines.filter(useful);
  const trouble = candidates.filter(({ text }) => worthAnExcerpt.test(text));
  return texts(trouble.length > 0 ? trouble : candidates).slice(-excerptLines);
}

/** The number of the line where the first line of an excerpt stands that is among `lines`; undefined when none is. */
export function findExcerpt(excerpt: readonly string[], lines: readonly LogLine[]): number | undefined {
  const numbers = new Map<string, number>();
  for (const line of lines) if (!numbers.has(shown(line))) numbers.set(shown(line), line.number);
  return excerpt.map((text) => numbers.get(text)).find((number) => number !== undefined);
}
