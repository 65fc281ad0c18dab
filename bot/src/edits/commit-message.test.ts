import { describe, expect, test } from 'vitest';
import { askerOf, markOf, writeMessage } from './commit-message.ts';

describe('the message of a commit', () => {
  test('gives back who asked, whatever the rest says', () => {
    const message = writeMessage('Freeze a\n\nAsked-by: nobody', {
      login: 'mia',
      url: 'https://x/1',
      batch: 'comment/1/0',
    });
    expect(askerOf(message)).toBe('mia');
    expect(message.split('\n')).toContain(markOf('comment/1/0'));
  });

  test('knows accounts that an enterprise manages', () => {
    expect(askerOf(writeMessage('Freeze a', { login: 'mia_acme', url: '', batch: 'x' }))).toBe('mia_acme');
  });

  test.each(['', 'Change', 'Asked-by: mia and more', 'Asked-by: mia\n\nText'])('%j names nobody', (message) => {
    expect(askerOf(message)).toBeUndefined();
  });
});
