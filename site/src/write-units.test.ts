import { expect, test } from 'vitest';
import type { Page, PageData } from './render.ts';
import { type Unit, writeUnits } from './write-units.ts';

const names = ['index.html', 'a/', 'a/build/1/', 'a/build/2/', 'a/build/3/'];
const unitOf = (name: string): Unit => ({
  name,
  data: async () => ({ notFound: [{ name }] as unknown as PageData['notFound'] }),
});
const units = names.map(unitOf);
const systemError = (code: string) => Object.assign(new Error(`${code}: cannot`), { code, errno: -1 });

/** Renders a page for each unit, and counts how often it had to. */
function press(faults: { render?: (names: readonly string[]) => void; write?: (page: Page) => void }) {
  const counts = { renders: 0, writes: 0 };
  return {
    counts,
    how: {
      async render(data: Partial<PageData>) {
        counts.renders += 1;
        const asked = (data.notFound ?? []).map((one) => (one as unknown as { name: string }).name);
        faults.render?.(asked);
        return asked.map((name) => ({ path: name.endsWith('/') ? `${name}index.html` : name, content: name }));
      },
      async write(page: Page) {
        counts.writes += 1;
        faults.write?.(page);
      },
    },
  };
}

test('a unit whose content is at fault is found by halves', async () => {
  const { how, counts } = press({
    render: (asked) => {
      if (asked.includes('a/build/2/')) throw new Error('no view of that');
    },
  });
  const { written, failed } = await writeUnits(units, how);
  expect([written, failed.map(({ unit, why }) => [unit.name, why])]).toEqual([4, [['a/build/2/', 'no view of that']]]);
  expect(counts.renders).toBeGreaterThan(1);
});

test('a page that cannot be written names its unit: nothing is rendered again for it', async () => {
  const { how, counts } = press({
    write: ({ path }) => {
      if (path.startsWith('a/build/2/')) throw systemError('EISDIR');
    },
  });
  const { written, failed } = await writeUnits(units, how);
  expect([written, failed.map(({ unit, why }) => [unit.name, why])]).toEqual([4, [['a/build/2/', 'EISDIR: cannot']]]);
  expect(counts.renders).toBe(1);
});

test('a unit whose data cannot be read is named, and the others are rendered once', async () => {
  const { how, counts } = press({});
  const unreadable: Unit = { name: 'a/build/4/', data: () => Promise.reject(systemError('EACCES')) };
  const { written, failed } = await writeUnits([...units, unreadable], how);
  expect([written, failed]).toEqual([5, [{ unit: unreadable, why: 'EACCES: cannot' }]]);
  expect(counts.renders).toBe(1);
});

// Those that are under way end.
test.each([
  ['ENOSPC', 8],
  ['EROFS', 8],
  ['EACCES', 30],
])('a file system that takes no page (%s) ends the writing after one rendering', async (code, writes) => {
  const { how, counts } = press({
    write: () => {
      throw systemError(code);
    },
  });
  const many = Array.from({ length: 30 }, (_, index) => unitOf(`a/build/${index}/`));
  await expect(writeUnits(many, how)).rejects.toMatchObject({ code });
  expect(counts).toEqual({ renders: 1, writes });
});

test('a system that lets nothing be rendered ends the writing at once', async () => {
  const { how, counts } = press({
    render: () => {
      throw Object.assign(new Error('a page'), { originalError: systemError('EACCES') });
    },
  });
  await expect(writeUnits(units, how)).rejects.toMatchObject({ message: 'a page' });
  expect(counts.renders).toBe(1);
});
