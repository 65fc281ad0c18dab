// Hostile text → one plain YAML value that knows where each of its parts stands, or every problem of the text.
import { type Alias, isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, visit } from 'yaml';
import { compareProblems, type Problem } from './problem.ts';
import { quote } from './quote.ts';
import { checkCharacters, explainYamlError } from './yaml-problems.ts';

/** Largest YAML file that is read, in bytes of UTF-8. */
export const maximumYamlBytes = 262_144;

/** Nodes that a file may have after its aliases are expanded: an alias bomb has millions. */
const maximumNodes = 50_000;
const maximumDepth = 32;
/** More problems than this in one file help nobody. */
const maximumProblems = 100;

// Keys are compared here: the parser compares each with all the others, which takes minutes for a file full of keys.
const strictness = { prettyErrors: false, uniqueKeys: false, resolveKnownTags: false } as const;

/** Where something stands; both count from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** Keys and list indexes that lead from the top of a file to one of its values. */
export type YamlPath = readonly (string | number)[];

/** A YAML file as a plain value. Mappings are objects without a prototype, so that no key is special. */
export interface YamlFile {
  readonly path: string;
  readonly value: unknown;
  has(at: YamlPath): boolean;
  /** Where the value stands; of a value that is not there, where the nearest one around it is named. */
  valueAt(at: YamlPath): Position;
  /** As `valueAt`, but the key of a mapping's entry where there is one. */
  keyAt(at: YamlPath): Position;
}

/** What was read: `file` is undefined when the text is no YAML; keys that had to be left out are among the problems. */
export interface ReadYaml {
  readonly file: YamlFile | undefined;
  readonly problems: readonly Problem[];
}

/** Reads one YAML document. Never throws, whatever the text is. */
export function parseYaml(text: string, path: string): ReadYaml {
  const bytes = Buffer.byteLength(text);
  if (bytes > maximumYamlBytes) return { file: undefined, problems: [oversizeProblem(path, bytes)] };
  const counter = new LineCounter();
  const problems: Problem[] = checkCharacters(text, path);
  if (problems.length > 0) return { file: undefined, problems: bounded(path, problems) };
  try {
    const document = parseDocument(text, { lineCounter: counter, ...strictness });
    for (const error of [...document.errors, ...document.warnings].slice(0, maximumProblems)) {
      problems.push({ path, ...positionOf(counter, error.pos[0]), ...explainYamlError(error) });
    }
    if (document.directives?.yaml.explicit === true) {
      problems.push({ path, line: 1, column: 1, message: 'the file has a %YAML directive', hint: 'remove that line' });
    }
    if (problems.length > 0) return { file: undefined, problems: bounded(path, problems) };
    const reader = new NodeReader(path, counter, aliasTargets(document.contents));
    const value = reader.read(document.contents, [], 0);
    return { file: reader.stopped ? undefined : reader.file(value), problems: bounded(path, reader.problems) };
  } catch (error) {
    // The parser is recursive: text that nests thousands deep ends its stack before our own bound is asked.
    if (error instanceof RangeError) return { file: undefined, problems: [{ path, line: 1, column: 1, ...tooDeep }] };
    throw error;
  }
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

const tooDeep = {
  message: `the file nests more than ${maximumDepth} levels deep`,
  hint: 'no key of ours needs that; write it flat',
};

/** Sorted, and no more than anybody reads. */
function bounded(path: string, problems: readonly Problem[]): readonly Problem[] {
  // Of two problems at one place the second is nearly always a consequence of the first.
  const places = new Map(problems.map((problem) => [`${problem.line}:${problem.column}`, problem] as const).reverse());
  const sorted = [...places.values()].sort(compareProblems);
  const shown = sorted.slice(0, maximumProblems);
  const last = shown.at(-1);
  if (sorted.length > shown.length && last !== undefined) {
    const message = `${sorted.length - shown.length} more problems are not listed`;
    shown.push({ ...last, path, message, hint: 'correct the ones above first' });
  }
  return shown;
}

function positionOf(counter: LineCounter, offset: number): Position {
  const { line, col } = counter.linePos(offset);
  return { line: Math.max(line, 1), column: Math.max(col, 1) };
}

/** Which node each alias stands for: the last one before it with that anchor. One pass, as `Alias.resolve` walks the file each time. */
function aliasTargets(contents: Node | null): ReadonlyMap<Alias, Node> {
  const anchors = new Map<string, Node>();
  const targets = new Map<Alias, Node>();
  visit(contents, {
    Alias: (_key, alias) => {
      const target = anchors.get(alias.source);
      if (target !== undefined) targets.set(alias, target);
    },
    Value: (_key, node) => {
      if (node.anchor !== undefined) anchors.set(node.anchor, node);
    },
  });
  return targets;
}

interface Place {
  readonly key: Position;
  readonly value: Position;
}

/** Turns nodes into plain values and writes down where each stands. */
class NodeReader {
  readonly problems: Problem[] = [];
  /** A bound was passed: the value is not whole. */
  stopped = false;
  readonly #path: string;
  readonly #counter: LineCounter;
  readonly #targets: ReadonlyMap<Alias, Node>;
  readonly #places = new Map<string, Place>();
  #nodes = 0;

  constructor(path: string, counter: LineCounter, targets: ReadonlyMap<Alias, Node>) {
    this.#path = path;
    this.#counter = counter;
    this.#targets = targets;
  }

  read(node: unknown, at: YamlPath, depth: number, key?: Position): unknown {
    if (this.stopped) return null;
    const position = this.#position(node) ?? key ?? { line: 1, column: 1 };
    this.#places.set(placeKey(at), { key: key ?? position, value: position });
    this.#nodes += 1;
    if (this.#nodes > maximumNodes) {
      const message = `the file has more than ${maximumNodes} values once its aliases are expanded`;
      return this.#stop(position, message, 'write the values out instead of nesting aliases (`*name`)');
    }
    if (depth > maximumDepth) return this.#stop(position, tooDeep.message, tooDeep.hint);
    const target = isAlias(node) ? this.#targets.get(node) : node;
    if (isAlias(node) && target === undefined) {
      this.#report(
        position,
        `the alias ${quote(`*${node.source}`)} stands for nothing`,
        'put text that begins with `*` in quotes',
      );
    }
    if (isMap(target)) return this.#mapping(target.items, at, depth);
    if (isSeq(target)) return target.items.map((item, index) => this.read(item, [...at, index], depth + 1));
    return isScalar(target) ? target.value : null;
  }

  file(value: unknown): YamlFile {
    const nearest = (at: YamlPath): Place => {
      for (let length = at.length; length >= 0; length -= 1) {
        const place = this.#places.get(placeKey(at.slice(0, length)));
        if (place !== undefined) return length === at.length ? place : { key: place.key, value: place.key };
      }
      return { key: { line: 1, column: 1 }, value: { line: 1, column: 1 } };
    };
    return {
      path: this.#path,
      value,
      has: (at) => this.#places.has(placeKey(at)),
      valueAt: (at) => nearest(at).value,
      keyAt: (at) => nearest(at).key,
    };
  }

  #mapping(items: readonly { key: unknown; value: unknown }[], at: YamlPath, depth: number): unknown {
    const mapping: Record<string, unknown> = Object.create(null);
    for (const { key, value } of items) {
      const position = this.#position(key) ?? { line: 1, column: 1 };
      const resolved = isAlias(key) ? this.#targets.get(key) : key;
      if (!isScalar(resolved) || resolved.value === null) {
        this.#report(position, 'a key must be a plain word', 'write `key: value`');
        continue;
      }
      const name = String(resolved.value);
      // Validators skip this one name silently because JavaScript gives it a meaning: say it here.
      if (name === '__proto__') this.#report(position, 'unknown key `__proto__`', 'remove it');
      else if (name in mapping) this.#duplicate(position, name, [...at, name]);
      else mapping[name] = this.read(value, [...at, name], depth + 1, position);
    }
    return mapping;
  }

  #duplicate(position: Position, name: string, at: YamlPath): void {
    const first = this.#places.get(placeKey(at))?.key.line ?? position.line;
    this.#report(position, `${quote(name)} is there twice`, `the first one is on line ${first}; keep one of them`);
  }

  #position(node: unknown): Position | undefined {
    const range = (node as Node | null | undefined)?.range;
    return range ? positionOf(this.#counter, range[0]) : undefined;
  }

  #report(position: Position, message: string, hint: string): void {
    this.problems.push({ path: this.#path, ...position, message, hint });
  }

  #stop(position: Position, message: string, hint: string): null {
    this.stopped = true;
    this.#report(position, message, hint);
    return null;
  }
}

function placeKey(at: YamlPath): string {
  return JSON.stringify(at.map(String));
}
