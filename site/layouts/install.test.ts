import { expect, test } from 'vitest';
import { renderHtml } from '../src/markup/html.ts';
import type { NotYet } from '../src/view/install-view.ts';
import { installSection } from './install.ts';

const none = (label: string): NotYet => ({ label, why: 'not-built', build: null });

test('before the first success no command is shown, but a sentence', () => {
  const page = renderHtml(installSection({ snippets: [], notYet: [none('Fedora 42'), none('EPEL 9')] }));
  expect(page).toContain('Nothing has been built for Fedora 42 and EPEL 9 yet');
  expect(page).not.toContain('dnf');
});

test('why there is nothing is said, with the build that says more', () => {
  const build = { id: 7, href: '/acme/tools/build/7/' };
  const notYet: NotYet[] = [
    { label: 'Fedora 42', why: 'failed', build },
    { label: 'EPEL 9', why: 'waits', build },
    { label: 'EPEL 10', why: 'taken-back', build },
  ];
  const page = renderHtml(installSection({ snippets: [], notYet }));
  const link = '(<a href="/acme/tools/build/7/">build #7</a>).';
  expect(page).toContain(`Nothing could be built for Fedora 42 yet, so there is nothing to install ${link}`);
  expect(page).toContain(`What was built for EPEL 9 waits to be published, so there is nothing to install yet ${link}`);
  expect(page).toContain(`What was built for EPEL 10 was taken back, so there is nothing to install ${link}`);
  expect(page).not.toContain('Nothing has been built');
});

test('where there is nothing to say, nothing is said', () => {
  expect(renderHtml(installSection({ snippets: [], notYet: [] }))).toBe('');
});

test('what else the build gave is named beside the command', () => {
  const snippet = {
    ...{
      label: 'EPEL 9',
      dnf5: 'add it',
      dnf4: 'add it so',
      copr: 'enable it',
      coprInDnf5: false,
      repoHref: '/a/b.repo',
    },
    ...{ install: 'install a', others: ['b', 'c'] },
  };
  const page = renderHtml(installSection({ snippets: [snippet], notYet: [] }));
  expect(page.match(/>(?:(?:add|enable) it(?: so)?|install a)</g)).toEqual([
    ...['>add it<', '>install a<', '>add it so<', '>install a<', '>enable it<', '>install a<', '>install a<'],
  ]);
  expect(page).toContain('>copr plugin of dnf 4</label>');
  expect(page).toContain('<a href="/a/b.repo">b.repo</a>');
  expect(page).toContain('The same build also gave <code>b</code>, <code>c</code>.');
});
