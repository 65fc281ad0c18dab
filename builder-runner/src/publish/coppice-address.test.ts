import { expect, test } from 'vitest';
import { coppiceProject } from './dnf-repo.ts';

test('an address of this service names a project', () => {
  expect(coppiceProject('coppice://acme/tools+pr12')).toEqual({ owner: 'acme', name: 'tools+pr12' });
});

test.each([
  'coppice://acme',
  'coppice://../x',
  'coppice://a/../b',
  'https://acme/tools',
  'coppice://a/b/c',
  'coppice:///b',
])('%s names none', (address) => expect(coppiceProject(address)).toBeUndefined());
