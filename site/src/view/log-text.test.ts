import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { drawLine } from './log-text.js';

const shown = (raw: string) => drawLine(raw).text;
const drawn = (raw: string) => drawLine(raw).runs.map(({ text, classes }) => (classes ? `<${classes}>${text}` : text));

describe('what a terminal would show', () => {
  test.each([
    ['a progress bar', ' 10% |#   |\r 50% |##  |\r100% |####|', '100% |####|'],
    ['a shorter text over a longer one', 'downloading\rdone', 'doneloading'],
    ['a line that is erased first', 'downloading\r\u001b[Kdone', 'done'],
    ['a line that is erased whole', 'downloading\u001b[2K\rdone', 'done'],
    ['the end of a line of DOS', 'text\r', 'text'],
    ['a step back', 'abc\b\bX', 'aXc'],
    ['a column', 'abc\u001b[6Gx\u001b[1Gy', 'ybc  x'],
    ['steps', 'ab\u001b[3Cx\u001b[4Dy', 'aby  x'],
  ])('of %s', (_, raw, text) => {
    expect(shown(raw)).toBe(text);
  });
});

describe('sequences that show nothing are dropped', () => {
  test.each([
    ['a title', '\u001b]0;make\u0007text', 'text'],
    ['a link', '\u001b]8;;http://a.example/\u001b\\text\u001b]8;;\u001b\\', 'text'],
    ['a device string', '\u001bPq#0\u001b\\text', 'text'],
    ['a choice of letters', '\u001b(Btext', 'text'],
    ['moves between lines', '\u001b[2A\u001b[?25ltext\u001b[?25h', 'text'],
    ['bells and nulls', 'te\u0007xt\u0000', 'text'],
    ['in one character each', '\u009b31mtext\u009d0;title\u009c', 'text'],
    ['pasted ones', 'added patch \u001b[200~9f0000~ pasted', 'added patch 9f0000~ pasted'],
  ])('%s', (_, raw, text) => {
    expect(shown(raw)).toBe(text);
  });

  test('one without an end hides nothing', () => {
    expect(shown('\u001b]0;and now the text')).toBe('0;and now the text');
    expect(shown('a\u001b[12')).toBe('a12');
    expect(shown('a\u001b')).toBe('a\ufffd');
  });
});

describe('colours', () => {
  test.each([
    ['\u001b[1;31merror\u001b[0m plain', ['<c1 cb>error', ' plain']],
    ['\u001b[32mgood\u001b[39m plain', ['<c2>good', ' plain']],
    ['\u001b[94mbright\u001b[m', ['<c4>bright']],
    ['\u001b[90mgrey\u001b[m', ['<c8>grey']],
    ['\u001b[30;43mground\u001b[49mtext', ['<k3>ground', '<c0>text']],
    ['\u001b[7minverse\u001b[27mtext', ['<cv>inverse', 'text']],
    ['\u001b[38;5;196mred\u001b[38;5;244mgrey\u001b[38;5;2mgreen', ['<c1>red', '<c8>grey', '<c2>green']],
    ['\u001b[38;2;250;200;10myellow\u001b[48:2:10:10:240mblue', ['<c3>yellow', '<k4>blue']],
    ['\u001b[2mdim\u001b[22;3mslanted\u001b[23;4mlined\u001b[24m.', ['<cd>dim', '<ci>slanted', '<cu>lined', '.']],
  ])('%j', (raw, runs) => {
    expect(drawn(raw)).toEqual(runs);
  });

  test('last until they are ended, over lines', () => {
    const first = drawLine('\u001b[31mred');
    expect(drawLine('still', first.style).runs).toEqual([{ text: 'still', classes: 'c1' }]);
  });
});

test('nothing in a line breaks it, turns it or controls anything', () => {
  expect(shown('a\u2028b\u2029c\u0085d\u000be\u000cf\u202eg\u2066h\u007fi\u0001j')).toBe(
    'a\ufffdb\ufffdc\ufffdd\ufffde\ufffdf\ufffdg\ufffdh\ufffdi\ufffdj',
  );
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (raw) => {
      const { text, runs } = drawLine(raw.replaceAll('\n', ''));
      // biome-ignore lint/suspicious/noControlCharactersInRegex: there must be none
      expect(text).not.toMatch(/[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/);
      expect(runs.map((run) => run.text).join('')).toBe(text);
      for (const { classes } of runs) expect(classes).toMatch(/^(?:(?:[ck][0-8]|c[bdiuv])(?: |$))*$/);
    }),
  );
});

test('a very long line is cut, and says by how much', () => {
  const long = shown('x'.repeat(1_000_000));
  expect(long.length).toBeLessThan(2100);
  expect(long).toContain('998000 more characters');
  expect(shown(`\u001b[31m${'x'.repeat(3000)}`)).toMatch(/^x{2000} … \(1000 more characters in the raw log\)$/);
  // A progress bar is as long as a terminal shows it.
  expect(shown('\r10% of all'.repeat(100_000))).toBe('10% of all');
});
