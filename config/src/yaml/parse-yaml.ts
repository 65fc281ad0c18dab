// Parses hostile YAML: one plain value that knows the place of each of its parts, or all problems of the text.
import { LineCounter, parseDocument } from 'yaml';
import { boundProblems, maximumProblemsOfFile, type Problem } from '../words/problem.ts';
import { aliasTargets, NodeReader, positionOf, tooDeep, type YamlFile } from './read-nodes.ts';
import { readPlain } from './read-plain.ts';
import { checkCharacters, checkWhole, explainYamlError } from './yaml-problems.ts';

/** Largest YAML file that is read, in bytes of UTF-8. */
export const maximumYamlBytes = 262_144;

// Keys are compared here: the parser compares each with all the others, which takes minutes for a file full of keys.
const strictness = { prettyErrors: false, uniqueKeys: false, resolveKnownTags: false } as const;

/** What was read: `file` is undefined when the text is no YAML; keys that had to be left out are among the problems. */
export interface ReadYaml {
  readonly file: YamlFile | undefined;
  readonly problems: readonly Problem[];
}

/** Reads one YAML document. Never throws, whatever the text is. */
export function parseYaml(text: string, path: string): ReadYaml {
  const bytes = Buffer.byteLength(text);
  if (bytes > maximumYamlBytes) return { file: undefined, problems: [oversizeProblem(path, bytes)] };
  const whole = checkWhole(text, path);
  if (whole !== undefined) return { file: undefined, problems: [whole] };
  const characters = checkCharacters(text, path);
  if (characters.length > 0) return { file: undefined, problems: bounded(characters) };
  try {
    const plain = readQuickly(text);
    if (plain !== undefined) return { file: fileOf(path, text, plain.value), problems: [] };
    return readThoroughly(text, path);
  } catch (error) {
    // The parser is recursive: text that nests thousands deep ends its stack before our own bound is asked.
    if (error instanceof RangeError) return { file: undefined, problems: [{ path, line: 1, column: 1, ...tooDeep }] };
    throw error;
  }
}

/** The value of a file with nothing unusual in it: half the time of the thorough way. */
function readQuickly(text: string): { readonly value: unknown } | undefined {
  const { errors, warnings, directives, contents } = parseDocument(text, strictness);
  if (errors.length > 0 || warnings.length > 0 || directives?.yaml.explicit === true) return undefined;
  return readPlain(contents);
}

/** Places are asked for when something is wrong: only then the file is read again for them. */
function fileOf(path: string, text: string, value: unknown): YamlFile {
  let thorough: YamlFile | undefined;
  const read = (): YamlFile => {
    thorough ??= readThoroughly(text, path).file;
    if (thorough === undefined) throw new Error(`${path} was read a moment ago and is no YAML now`);
    return thorough;
  };
  return {
    path,
    value,
    has: (at) => read().has(at),
    valueAt: (at) => read().valueAt(at),
    keyAt: (at) => read().keyAt(at),
    writtenAt: (at) => read().writtenAt(at),
  };
}

/** Every value with its place, or every problem. */
function readThoroughly(text: string, path: string): ReadYaml {
  const counter = new LineCounter();
  const problems: Problem[] = [];
  const document = parseDocument(text, { lineCounter: counter, ...strictness });
  for (const error of [...document.errors, ...document.warnings]) {
    problems.push({ path, ...positionOf(counter, error.pos[0]), ...explainYamlError(error) });
  }
  if (document.directives?.yaml.explicit === true) {
    problems.push({ path, line: 1, column: 1, message: 'the file has a %YAML directive', hint: 'remove that line' });
  }
  if (problems.length > 0) return { file: undefined, problems: bounded(problems) };
  const reader = new NodeReader(path, counter, aliasTargets(document.contents));
  const value = reader.read(document.contents, [], 0);
  return { file: reader.stopped ? undefined : reader.file(value), problems: bounded(reader.problems) };
}

/** The one problem of a file that is too big to be read. */
export function oversizeProblem(path: string, bytes: number): Problem {
  return {
    path,
    line: 1,
    column: 1,
    message: `the file has ${bytes} bytes; at most ${maximumYamlBytes} are read`,
    hint: 'split it, or check that it is the file you meant',
  };
}

/** Sorted, and no more than anybody reads. */
function bounded(problems: readonly Problem[]): readonly Problem[] {
  // Of two problems at one place the second is nearly always a consequence of the first.
  const places = new Map(problems.map((problem) => [`${problem.line}:${problem.column}`, problem] as const).reverse());
  return boundProblems([...places.values()], maximumProblemsOfFile);
}
