// Packages in an order in which each comes after what it needs.

/** What the order depends on. Needs that name no item are left out of account. */
export interface Needing {
  readonly name: string;
  readonly needs: readonly string[];
}

export interface DependencyOrder {
  /** Every name once, needs first; among equals by name, so that the order never depends on the file's. */
  readonly order: readonly string[];
  /** Cycles, at most 20 of them, as the names on each, the smallest name first and not repeated at the end. */
  readonly cycles: readonly (readonly string[])[];
}

/** A hostile file has as many cycles as needs, each as long as the file. */
const maximumCycles = 20;

/** Depth first with a stack of its own: chains may be longer than JavaScript's. */
export function orderByNeeds(items: readonly Needing[]): DependencyOrder {
  const needs = new Map(items.map((item) => [item.name, [...item.needs].sort(compareNames)]));
  const finished = new Set<string>();
  const open = new Map<string, number>();
  const order: string[] = [];
  const cycles: string[][] = [];
  for (const root of [...needs.keys()].sort(compareNames)) {
    const stack: { name: string; next: number }[] = [];
    const enter = (name: string) => {
      open.set(name, stack.length);
      stack.push({ name, next: 0 });
    };
    if (!finished.has(root)) enter(root);
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const need = needs.get(top.name)?.[top.next];
      top.next += 1;
      if (need === undefined) {
        stack.pop();
        open.delete(top.name);
        finished.add(top.name);
        order.push(top.name);
      } else if (open.has(need)) {
        if (cycles.length < maximumCycles)
          cycles.push(fromSmallest(stack.slice(open.get(need)).map((frame) => frame.name)));
      } else if (needs.has(need) && !finished.has(need)) enter(need);
    }
  }
  return { order, cycles };
}

/** Code unit order: the same on every machine, whatever its language. */
export function compareNames(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function fromSmallest(names: readonly string[]): string[] {
  const smallest = [...names].sort(compareNames)[0] ?? '';
  const start = names.indexOf(smallest);
  return [...names.slice(start), ...names.slice(0, start)];
}
