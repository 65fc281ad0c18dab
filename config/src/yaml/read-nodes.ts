// Turns YAML nodes into plain values with the place of each, within bounds for any input.
import { type Alias, isAlias, isMap, isScalar, isSeq, type LineCounter, type Node, visit } from 'yaml';
import type { Problem } from '../words/problem.ts';
import { quote } from '../words/quote.ts';

/** Nodes that a file may have after its aliases are expanded: an alias bomb has millions. */
export const maximumNodes = 50_000;
export const maximumDepth = 32;

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
  /** A value that YAML reads as a number or the like, as it was written: `1.10`. Undefined for all else. */
  writtenAt(at: YamlPath): string | undefined;
}

/** What is said of a file that nests too deep. */
export const tooDeep = {
  message: `the file nests more than ${maximumDepth} levels deep`,
  hint: 'no key of ours needs that; write it flat',
};

/** Where an offset of the text stands. */
export function positionOf(counter: LineCounter, offset: number): Position {
  const { line, col } = counter.linePos(offset);
  return { line: Math.max(line, 1), column: Math.max(col, 1) };
}

/**
 * Which node each alias stands for: the last one before it with that anchor. One pass, as `Alias.resolve` walks the
 * file each time.
 */
export function aliasTargets(contents: Node | null): ReadonlyMap<Alias, Node> {
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

/** Counted as `read` does, each alias as one. */
function valuesWritten(contents: unknown): number {
  let count = 0;
  const open = [contents];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    count += 1;
    const below = isMap(node) ? node.items.map(({ value }) => value) : isSeq(node) ? node.items : [];
    for (const one of below) open.push(one ?? null);
  }
  return count;
}

interface Place {
  readonly key: Position;
  readonly value: Position;
  readonly written?: string;
}

/** Turns nodes into plain values and writes down where each stands. */
export class NodeReader {
  readonly problems: Problem[] = [];
  /** A bound was passed: the value is not whole. */
  stopped = false;
  readonly #path: string;
  readonly #counter: LineCounter;
  readonly #targets: ReadonlyMap<Alias, Node>;
  readonly #places = new Map<string, Place>();
  #contents: unknown;
  #nodes = 0;

  constructor(path: string, counter: LineCounter, targets: ReadonlyMap<Alias, Node>) {
    this.#path = path;
    this.#counter = counter;
    this.#targets = targets;
  }

  read(node: unknown, at: YamlPath, depth: number, key?: Position): unknown {
    if (this.stopped) return null;
    if (depth === 0) this.#contents = node;
    const position = this.#position(node) ?? key ?? { line: 1, column: 1 };
    const written = isScalar(node) && typeof node.value !== 'string' ? node.source : undefined;
    this.#places.set(placeKey(at), {
      ...{ key: key ?? position, value: position },
      ...(written === undefined ? {} : { written }),
    });
    this.#nodes += 1;
    if (this.#nodes > maximumNodes) {
      const many = `the file has more than ${maximumNodes} values`;
      return valuesWritten(this.#contents) > maximumNodes
        ? this.#stop(position, many, 'split it: one file holds one project')
        : this.#stop(position, `${many} once its aliases are expanded`, 'nest fewer aliases (`*name`)');
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
      writtenAt: (at) => this.#places.get(placeKey(at))?.written,
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
      if (typeof resolved.value !== 'string') {
        this.#report(position, ...typedKey(resolved.source ?? String(resolved.value), resolved.value));
        continue;
      }
      const name = resolved.value;
      const unseen = unseenIn(name);
      if (unseen !== undefined) {
        const hint = 'remove it; it cannot be told from a space or from nothing';
        this.#report(position, `the key ${quote(name)} holds the character ${unseen}`, hint);
        continue;
      }
      if (name === '<<') {
        const hint = 'write its keys out; an alias (`*name`) may stand for one whole value';
        this.#report(position, 'the merge key `<<` is not read here', hint);
        continue;
      }
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

/** The first character of a key that no key of ours has and nobody sees, as `U+00A0`. */
export function unseenIn(key: string): string | undefined {
  const [character] = /[\u00a0\u00ad\u1680\u2000-\u200f\u202f\u205f-\u2064\u3000\ufeff]/.exec(key) ?? [];
  if (character === undefined) return undefined;
  return `U+${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`;
}

/** A key that YAML takes for something else than a text: its name would be another (`1.10` is 1.1). */
function typedKey(written: string, value: unknown): readonly [message: string, hint: string] {
  const type = typeof value === 'boolean' ? 'is `true` or `false` to YAML' : 'is a number to YAML';
  return [`the key ${quote(written)} ${type}, not a text`, `write it in quotes: \`${quotedKey(written)}:\``];
}

function quotedKey(written: string): string {
  return `'${written.replace(/[^\x20-\x7e]|['`]/g, '').slice(0, 100)}'`;
}

function placeKey(at: YamlPath): string {
  return JSON.stringify(at.map(String));
}
