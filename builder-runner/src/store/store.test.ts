import { access, appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { folderForTest } from '../../testing/queue/folder-for-tests.ts';
import { formatGroup, parseJournal } from './journal-format.ts';
import { openJournaledStore } from './store.ts';
import type { QueueError } from './store-error.ts';

/** A list of words: the smallest state in which loss, doubling and order can be seen. */
async function openWords(folder: string, snapshotAfterBytes?: number) {
  const faults: QueueError[] = [];
  const store = await openJournaledStore<string[], string, number>({
    folder,
    initial: () => [],
    apply: (state, word) => state.push(word),
    onFault: (error) => faults.push(error),
    ...(snapshotAfterBytes !== undefined && { snapshotAfterBytes }),
  });
  onTestFinished(() => store.close());
  return { ...store, words: () => store.state, faults };
}

async function reopened(folder: string): Promise<readonly string[]> {
  const store = await openWords(folder);
  await store.close();
  return store.words();
}

const journalOf = (folder: string) => join(folder, 'journal.jsonl');

describe('a journaled store', () => {
  test('keeps what was committed, in order, and gives what apply gave', async () => {
    const folder = await folderForTest();
    const store = await openWords(folder);
    expect(await store.commit(['oak'])).toEqual([1]);
    expect(await Promise.all([store.commit(['ash', 'elm']), store.commit(['yew'])])).toEqual([[2, 3], [4]]);
    await store.close();
    expect(await reopened(folder)).toEqual(['oak', 'ash', 'elm', 'yew']);
  });

  test('writes changes that come together as one group', async () => {
    const folder = await folderForTest();
    const store = await openWords(folder);
    const words = Array.from({ length: 500 }, (_, index) => `tree ${index}`);
    await Promise.all(words.map((word) => store.commit([word])));
    const journal = await readFile(journalOf(folder));
    expect(parseJournal<string>(journal, '').groups.map(({ operations }) => operations)).toEqual([words]);
  });

  test('writes a lazy change with the next group, or at close', async () => {
    const folder = await folderForTest();
    const store = await openWords(folder);
    const lazy = store.commitLazily(['ash']);
    expect(store.words()).toEqual(['ash']);
    await store.commit(['oak']);
    expect(await lazy).toEqual([1]);
    const last = store.commitLazily(['yew']);
    await store.close();
    await last;
    expect(await reopened(folder)).toEqual(['ash', 'oak', 'yew']);
  });

  test('writes a lazy change by itself when nothing else comes', async () => {
    const folder = await folderForTest();
    const store = await openWords(folder);
    await store.commitLazily(['ash']);
    expect(await readFile(journalOf(folder), 'utf8')).toBe(formatGroup(1, ['ash']));
  });

  test('replaces a long journal by a snapshot and goes on', async () => {
    const folder = await folderForTest();
    const store = await openWords(folder, 200);
    const words = Array.from({ length: 100 }, (_, index) => `tree ${index}`);
    for (const word of words) await store.commit([word]);
    await store.close();
    await access(join(folder, 'snapshot.json'));
    expect((await readFile(journalOf(folder))).length).toBeLessThan(words.join().length * 3);
    expect(await reopened(folder)).toEqual(words);
    expect(store.faults).toEqual([]);
  });

  test('counts a group once when it stands in the snapshot and, after a crash, still in the journal', async () => {
    const folder = await folderForTest();
    const store = await openWords(folder, 1);
    await store.commit(['oak']);
    const journal = await readFile(journalOf(folder));
    await store.commit(['ash']);
    await store.close();
    await access(join(folder, 'snapshot.json'));
    await writeFile(journalOf(folder), Buffer.concat([journal, Buffer.from(formatGroup(2, ['ash']))]));
    expect(await reopened(folder)).toEqual(['oak', 'ash']);
  });

  test('refuses work after close', async () => {
    const store = await openWords(await folderForTest());
    await store.close();
    await expect(store.commit(['oak'])).rejects.toMatchObject({ code: 'closed' });
  });

  test('refuses a second writer', async () => {
    const folder = await folderForTest();
    await openWords(folder);
    await expect(openWords(folder)).rejects.toMatchObject({ code: 'locked' });
  });
});

describe('a damaged store', () => {
  const groups = [['oak'], ['ash', 'elm'], ['yew']];
  const lines = groups.map((words, index) => formatGroup(index + 1, words));
  const whole = Buffer.from(lines.join(''));

  test('cut anywhere, holds the groups that are whole, and goes on after them', async () => {
    const folder = await folderForTest();
    for (let cut = 0; cut <= whole.length; cut++) {
      await writeFile(journalOf(folder), whole.subarray(0, cut));
      const complete = whole.subarray(0, cut).filter((byte) => byte === 0x0a).length;
      const store = await openWords(folder);
      expect(store.words()).toEqual(groups.slice(0, complete).flat());
      if (cut % 10 === 0) {
        await store.commit(['fir']);
        await store.close();
        expect(await reopened(folder)).toEqual([...groups.slice(0, complete).flat(), 'fir']);
      }
      await store.close();
    }
  });

  test('whose last write lost a page, although its end is there, holds what stands before', async () => {
    const folder = await folderForTest();
    await writeFile(journalOf(folder), whole);
    await appendFile(journalOf(folder), `{"seq":4,"crc":1,"ops":["${'\0'.repeat(30)}"]}\n`);
    expect(await reopened(folder)).toEqual(groups.flat());
  });

  test('with a changed byte in a line that was acknowledged is refused, with file and line, and left as it is', () => {
    const inner = lines.slice(0, 2).join('').length;
    fc.assert(
      fc.property(fc.nat(inner - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const damaged = Buffer.from(whole);
        damaged[at] = (damaged[at] ?? 0) ^ flip;
        expect(() => parseJournal(damaged, 'journal.jsonl')).toThrow(/^journal\.jsonl:[12] .*Restore the folder/);
      }),
      // The end of the line before the last one as a zero byte, as if a page of the last one were missing.
      { examples: [[inner - 1, 10]] },
    );
  });

  test.each([
    ['a damaged journal', 'journal.jsonl', lines.join('').replace('ash', 'asp'), 'journal.jsonl:2 is damaged'],
    ['a journal with a hole', 'journal.jsonl', `${lines[0]}${lines[2]}`, 'journal.jsonl:2 has number 3 out of turn'],
    ['a journal without its snapshot', 'journal.jsonl', lines[1] ?? '', 'journal.jsonl:1 has number 2 out of turn'],
    ['a damaged snapshot', 'snapshot.json', '{"seq":1,"crc":1,"state":["oak"]}\n', 'snapshot.json:1 is damaged'],
  ])('%s is `corrupt`, and the lock is let go', async (_, name, text, message) => {
    const folder = await folderForTest();
    await writeFile(join(folder, name), text);
    for (const _try of [1, 2]) {
      const error = { code: 'corrupt', message: expect.stringContaining(message) };
      await expect(openWords(folder)).rejects.toMatchObject(error);
    }
    expect(await readFile(join(folder, name), 'utf8')).toBe(text);
  });
});
