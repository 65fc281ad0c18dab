import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { orderByNeeds } from './dependency-order.ts';

const names = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f');
const graph = fc.uniqueArray(fc.record({ name: names, needs: fc.uniqueArray(names) }), {
  selector: (item) => item.name,
});

describe('orderByNeeds', () => {
  test('puts needs first and is stable by name', () => {
    const items = [
      { name: 'zebra', needs: [] },
      { name: 'app', needs: ['zebra', 'lib'] },
      { name: 'lib', needs: [] },
    ];
    expect(orderByNeeds(items)).toEqual({ order: ['lib', 'zebra', 'app'], cycles: [] });
  });

  test('names a cycle from its smallest name on', () => {
    const items = [
      { name: 'c', needs: ['a'] },
      { name: 'a', needs: ['b'] },
      { name: 'b', needs: ['c'] },
    ];
    expect(orderByNeeds(items).cycles).toEqual([['a', 'b', 'c']]);
  });

  test('names no more than 20 cycles', () => {
    const ring = Array.from({ length: 50 }, (_, index) => ({ name: `p${index}`, needs: [`p${index + 1}`] }));
    const last = { name: 'p50', needs: ring.map(({ name }) => name) };
    expect(orderByNeeds([...ring, last]).cycles).toHaveLength(20);
  });

  test('follows a chain of 20,000 needs', () => {
    const items = Array.from({ length: 20_000 }, (_, index) => ({ name: `${index}`, needs: [`${index + 1}`] }));
    expect(orderByNeeds(items).order[0]).toBe('19999');
  });

  test('gives every name once, the same for any order of the items, and needs first where there is no cycle', () => {
    fc.assert(
      fc.property(graph, (items) => {
        const { order, cycles } = orderByNeeds(items);
        expect([...order].sort()).toEqual(items.map((item) => item.name).sort());
        expect(orderByNeeds(items.toReversed())).toEqual({ order, cycles });
        if (cycles.length > 0) return;
        const known = new Set(order);
        for (const { name, needs } of items) {
          for (const need of needs) if (known.has(need)) expect(order.indexOf(need)).toBeLessThan(order.indexOf(name));
        }
      }),
    );
  });

  test('each cycle that it names is one', () => {
    fc.assert(
      fc.property(graph, (items) => {
        const needs = new Map<string, string[]>(items.map((item) => [item.name, item.needs]));
        for (const cycle of orderByNeeds(items).cycles) {
          cycle.forEach((name, index) => {
            expect(needs.get(name)).toContain(cycle[(index + 1) % cycle.length]);
          });
        }
      }),
    );
  });
});
