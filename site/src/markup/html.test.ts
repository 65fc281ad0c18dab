import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { escapeHtml, html, renderHtml, siteHref, webAddress } from './html.ts';

describe('html', () => {
  test('escapes values between tags and in attributes', () => {
    const name = `"><script>alert('1')</script>&`;
    const shown = renderHtml(html`<a title="${name}">${name}</a>`);
    const escaped = '&quot;&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;';
    expect(shown).toBe(`<a title="${escaped}">${escaped}</a>`);
  });

  test('inserts markup of its own and lists of it as they are', () => {
    const items = ['a', '<b>'].map((item) => html`<li>${item}</li>`);
    expect(renderHtml(html`<ul>${items}</ul>`)).toBe('<ul><li>a</li><li>&lt;b&gt;</li></ul>');
  });

  test('shows nothing for what is absent, and zero as zero', () => {
    expect(renderHtml(html`[${undefined}${null}${false}${0}]`)).toBe('[0]');
  });

  test('makes control characters and direction overrides visible', () => {
    expect(escapeHtml('a\u0000b\u001b[31m\u202ecod')).toBe('a\ufffdb\ufffd[31m\ufffdcod');
  });

  test('leaves no character behind that could end text or an attribute', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('<', '>', '"', "'", '&', ';', 'a', '\u0000', '\ud800') }),
        (text) => {
          expect(renderHtml(html`${text}`)).not.toMatch(/[<>"']/);
        },
      ),
    );
  });
});

describe('webAddress', () => {
  test.each([
    'javascript:alert(1)',
    ' javascript:alert(1)',
    'java\nscript:alert(1)',
    'data:text/html,<script>',
    'https://user:secret@example.org/',
    '//example.org',
    'https://',
    '',
  ])('does not link %j', (text) => {
    expect(webAddress(text)).toBeUndefined();
  });

  test('links http and https', () => {
    expect(webAddress('https://github.com/a/b#c')).toBe('https://github.com/a/b#c');
    expect(webAddress('http://127.0.0.1:4100/x')).toBe('http://127.0.0.1:4100/x');
  });
});

test('siteHref encodes each component and keeps the folders', () => {
  expect(siteHref('results/a/b/c d?#"x/')).toBe('/results/a/b/c%20d%3F%23%22x/');
});
