// The fast path from YAML nodes to a plain value, for files without mistakes (nearly all). It records no places.
import { isMap, isScalar, isSeq } from 'yaml';
import { maximumDepth, maximumNodes, unseenIn } from './read-nodes.ts';

/** A file has something that only NodeReader can judge. */
class Unusual extends Error {}

/** What NodeReader makes of the same nodes; undefined where it would find a problem or an alias. */
export function readPlain(contents: unknown): { readonly value: unknown } | undefined {
  const reader = new PlainReader();
  try {
    return { value: reader.read(contents, 0) };
  } catch (error) {
    if (error instanceof Unusual) return undefined;
    throw error;
  }
}

class PlainReader {
  #nodes = 0;

  read(node: unknown, depth: number): unknown {
    this.#nodes += 1;
    if (this.#nodes > maximumNodes || depth > maximumDepth) throw new Unusual();
    if (isScalar(node)) return node.value;
    if (isMap(node)) {
      const mapping: Record<string, unknown> = Object.create(null);
      for (const { key, value } of node.items) {
        if (!isScalar(key) || typeof key.value !== 'string') throw new Unusual();
        const name = key.value;
        if (name === '__proto__' || name === '<<' || name in mapping || unseenIn(name) !== undefined)
          throw new Unusual();
        mapping[name] = this.read(value, depth + 1);
      }
      return mapping;
    }
    if (isSeq(node)) return node.items.map((item) => this.read(item, depth + 1));
    if (node === null) return null;
    throw new Unusual();
  }
}
