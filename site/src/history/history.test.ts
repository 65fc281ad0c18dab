import { expect, test } from 'vitest';
import { History } from './history.ts';
import { openTables } from './tables.ts';

test('what the disk has no room for is told as that, nothing of it is kept, and work goes on', () => {
  const database = openTables(':memory:');
  const history = new History(database);
  const pages = database.prepare('PRAGMA page_count').get()?.page_count;
  database.exec(`PRAGMA max_page_count = ${pages}`);
  const fill = () =>
    history.atOnce(() => {
      history.setFact('small', 'kept with the large one, or not at all');
      history.setFact('large', 'x'.repeat(1_000_000));
    });
  for (const _ of [1, 2]) expect(fill).toThrow('database or disk is full');
  expect([history.fact('small'), history.fact('large')]).toEqual([undefined, undefined]);
  history.atOnce(() => history.setFact('small', 'now'));
  expect(history.fact('small')).toBe('now');
  history.close();
});
