import { expect, test } from 'vitest';
import { renderHtml } from '../src/markup/html.ts';
import { installSection } from './install.ts';

test('before the first success no command is shown, but a sentence', () => {
  const page = renderHtml(installSection({ snippets: [], notYet: ['Fedora 42', 'EPEL 9'] }));
  expect(page).toContain('Nothing has been built for Fedora 42 and EPEL 9 yet');
  expect(page).not.toContain('dnf');
});

test('where there is nothing to say, nothing is said', () => {
  expect(renderHtml(installSection({ snippets: [], notYet: [] }))).toBe('');
});

test('what else the build gave is named beside the command', () => {
  const snippet = {
    ...{ label: 'EPEL 9', dnf5: 'add it', dnf4: 'add it so', copr: 'enable it', coprInDnf5: false },
    ...{ install: 'install a', others: ['b', 'c'] },
  };
  const page = renderHtml(installSection({ snippets: [snippet], notYet: [] }));
  expect(page.match(/>(?:(?:add|enable) it(?: so)?|install a)</g)).toEqual([
    '>add it<',
    '>add it so<',
    '>install a<',
    '>enable it<',
  ]);
  expect(page).toContain('With the copr plugin of dnf 4<');
  expect(page).toContain('The same build also gave <code>b</code>, <code>c</code>.');
});
