// Changes one key of a YAML mapping and leaves the rest of the text as its writers left it: comments, quotes, order,
// spacing. Pure. A cut into the text is made where it fits; where it does not mean what was wanted (anchors, odd
// layouts), the whole document is written anew.
import { isDeepStrictEqual } from 'node:util';
import { type Document, isMap, isScalar, isSeq, type Pair, parse, parseDocument, type YAMLMap } from 'yaml';

type Value = string | readonly string[];

/** The value of a key is this one: replaced in its place, or a line of its own: after the key `after`, or first. */
export function setKey(text: string, key: string, value: Value, after?: string): string {
  return edit(text, { ...contentOf(text), [key]: value }, key, (root) => {
    const pair = pairOf(root, key);
    if (pair !== undefined) {
      const [start, end] = [endOfKey(pair), endOfValue(text, pair)];
      return `${text.slice(0, start)}: ${writeValue(value)}${text.slice(end)}`;
    }
    const line = `${key}: ${writeValue(value)}`;
    const before = after === undefined ? undefined : pairOf(root, after);
    if (before === undefined) {
      const [first] = root.items;
      const start = first === undefined ? text.length : startOfKey(first as Pair);
      return `${text.slice(0, start)}${line}\n${text.slice(start)}`;
    }
    const end = endOfLine(text, endOfValue(text, before));
    return `${text.slice(0, end)}\n${line}${text.slice(end)}`;
  });
}

/** The key is not there. */
export function removeKey(text: string, key: string): string {
  const { [key]: gone, ...rest } = contentOf(text);
  if (gone === undefined) return text;
  return edit(text, rest, key, (root) => {
    const pair = pairOf(root, key);
    if (pair === undefined) return text;
    return `${text.slice(0, startOfKey(pair))}${text.slice(endOfLine(text, endOfValue(text, pair)) + 1)}`;
  });
}

/** The list of a key has one item more, at its end. */
export function addToList(text: string, key: string, item: string, after: string): string {
  const items = listOf(text, key);
  if (items.length === 0) return setKey(text, key, [item], after);
  return edit(text, { ...contentOf(text), [key]: [...items, item] }, key, (root) => {
    const list = pairOf(root, key)?.value;
    const last = isSeq(list) ? list.items.at(-1) : undefined;
    if (!isSeq(list) || !isScalar(last) || !last.range) return text;
    const [start, end] = last.range;
    if (list.flow) return `${text.slice(0, end)}, ${writeItem(item)}${text.slice(end)}`;
    const dash = text.slice(text.lastIndexOf('\n', start - 1) + 1, start);
    const at = endOfLine(text, end);
    return `${text.slice(0, at)}\n${dash}${writeItem(item)}${text.slice(at)}`;
  });
}

/** The list of a key without the items that are `item` in upper or lower case; an empty one goes with its key. */
export function removeFromList(text: string, key: string, item: string): string {
  const items = listOf(text, key);
  const at = items.findIndex((one) => one.toLowerCase() === item.toLowerCase());
  if (at < 0) return text;
  if (items.length === 1) return removeKey(text, key);
  return edit(text, { ...contentOf(text), [key]: items.toSpliced(at, 1) }, key, (root) => {
    const list = pairOf(root, key)?.value;
    if (!isSeq(list)) return text;
    const ranges = list.items.map((one) => (isScalar(one) && one.range ? one.range : undefined));
    const [before, gone, next] = [ranges[at - 1], ranges[at], ranges[at + 1]];
    if (gone === undefined) return text;
    if (!list.flow) {
      const start = text.lastIndexOf('\n', gone[0] - 1) + 1;
      return `${text.slice(0, start)}${text.slice(endOfLine(text, gone[1]) + 1)}`;
    }
    const start = before === undefined ? gone[0] : before[1];
    const end = before === undefined ? (next?.[0] ?? gone[1]) : gone[1];
    return `${text.slice(0, start)}${text.slice(end)}`;
  });
}

type Content = Readonly<Record<string, unknown>>;

/** The cut when it means `wanted`, else the document written anew. Throws when even that does not mean it. */
function edit(text: string, wanted: Content, key: string, cut: (root: YAMLMap) => string): string {
  const document = parseDocument(text);
  const root = document.contents;
  if (isMap(root) && root.flow !== true) {
    const changed = cut(root as YAMLMap);
    if (means(changed, wanted)) return changed;
  }
  return rewrite(document, wanted, key);
}

function rewrite(document: Document, wanted: Content, key: string): string {
  if (wanted[key] === undefined) document.deleteIn([key]);
  else document.setIn([key], document.createNode(wanted[key]));
  const text = document.toString({ lineWidth: 0, flowCollectionPadding: false });
  if (!means(text, wanted)) throw new Error(`The key ${key} cannot be changed in this YAML document`);
  return text;
}

function means(text: string, wanted: Content): boolean {
  try {
    return isDeepStrictEqual(contentOf(text), { ...wanted });
  } catch {
    // The cut has left no YAML at all: it does not fit here.
    return false;
  }
}

function contentOf(text: string): Content {
  const content: unknown = parse(text);
  if (content === null || typeof content !== 'object' || Array.isArray(content)) throw new Error('No YAML mapping');
  return content as Content;
}

function listOf(text: string, key: string): readonly string[] {
  const list = contentOf(text)[key];
  return Array.isArray(list) ? list.map(String) : [];
}

function pairOf(root: YAMLMap, key: string): Pair | undefined {
  return root.items.find((pair) => isScalar(pair.key) && pair.key.value === key) as Pair | undefined;
}

function startOfKey(pair: Pair): number {
  return rangeOf(pair.key)[0];
}

function endOfKey(pair: Pair): number {
  return rangeOf(pair.key)[1];
}

/** Where the value's last character ends; the space and comments after it are not its own. */
function endOfValue(text: string, pair: Pair): number {
  const [start, end] = pair.value === null ? rangeOf(pair.key) : rangeOf(pair.value);
  return start + text.slice(start, end).trimEnd().length;
}

function rangeOf(node: unknown): readonly [number, number] {
  const range = (node as { range?: [number, number, number] | null }).range;
  return range ? [range[0], range[1]] : [0, 0];
}

function endOfLine(text: string, at: number): number {
  const end = text.indexOf('\n', at);
  return end < 0 ? text.length : end;
}

function writeValue(value: Value): string {
  return typeof value === 'string' ? JSON.stringify(value) : `[${value.map(writeItem).join(', ')}]`;
}

/** Bare where YAML reads it as the text that it is: `null` and `123` are logins too. */
function writeItem(item: string): string {
  return /^[A-Za-z0-9_-]+$/.test(item) && parse(item) === item ? item : JSON.stringify(item);
}
