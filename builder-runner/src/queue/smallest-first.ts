// A binary heap of numbers: takes them in any order and returns the smallest first, in logarithmic time.

/** A bag of numbers that gives its smallest first. */
export class SmallestFirst {
  readonly #heap: number[] = [];

  peek(): number | undefined {
    return this.#heap[0];
  }

  push(value: number): void {
    const heap = this.#heap;
    let at = heap.push(value) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (this.#valueAt(parent) <= value) break;
      heap[at] = this.#valueAt(parent);
      at = parent;
    }
    heap[at] = value;
  }

  pop(): number | undefined {
    const heap = this.#heap;
    const smallest = heap[0];
    const last = heap.pop();
    if (last !== undefined && heap.length > 0) this.#sinkFromTop(last);
    return smallest;
  }

  #sinkFromTop(value: number): void {
    const heap = this.#heap;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && this.#valueAt(child + 1) < this.#valueAt(child)) child += 1;
      if (this.#valueAt(child) >= value) break;
      heap[at] = this.#valueAt(child);
      at = child;
    }
    heap[at] = value;
  }

  #valueAt(index: number): number {
    return this.#heap[index] ?? Number.POSITIVE_INFINITY;
  }
}
