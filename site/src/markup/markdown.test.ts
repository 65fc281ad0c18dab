import { expect, test } from 'vitest';
import { renderHtml } from './html.ts';
import { renderMarkdown } from './markdown.ts';

const render = (text: string) => renderHtml(renderMarkdown(text));

test('code, paragraphs and headings are shown as such', () => {
  expect(render('# Use\n\nInstall `hello`:\n\n    dnf install hello\n')).toBe(
    '<h3>Use</h3>\n<p>Install <code>hello</code>:</p>\n<pre><code>dnf install hello\n</code></pre>\n',
  );
});

test('web addresses are linked, without lending them our name', () => {
  expect(render('[docs](https://example.org/a)')).toBe(
    '<p><a href="https://example.org/a" rel="nofollow noopener">docs</a></p>\n',
  );
});

test.each([
  ['a script', '<script>alert(1)</script>'],
  ['a script in code', '`</code><script>alert(1)</script>`'],
  ['a handler', '<img src=x onerror=alert(1)>'],
  ['a link that is a program', '[x](javascript:alert(1))'],
  ['an encoded one', '[x](&#106;avascript:alert(1))'],
  ['data', '[x](data:text/html;base64,PHNjcmlwdD4=)'],
  ['a picture that tells who reads', '![x](https://evil.example/pixel.png)'],
  ['a quote in a title', '[x](https://example.org "a\\" onclick=alert(1) b")'],
])('%s stays text', (_what, text) => {
  expect(render(text)).not.toMatch(/<script|<img|javascript:[^<]*"|href="(?!https)|" ?on/i);
});

test('deep nesting ends in time', () => {
  expect(render('>'.repeat(20_000)).length).toBeLessThan(100_000);
});
