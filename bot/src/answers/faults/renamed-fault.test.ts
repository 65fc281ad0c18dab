import { expect, test } from 'vitest';
import { renamedFault } from './renamed-fault.ts';

test('a repository of another name than the settings say is told with what to write, and over when they agree', () => {
  expect(renamedFault('acme/packages', undefined).state).toBe('unknown');
  expect(renamedFault('acme/packages', 'Acme/Packages').state).toBe('over');
  expect(renamedFault('acme/packages', 'acme/rpms')).toMatchObject({
    state: 'stands',
    title: 'This repository is called acme/rpms now, and the settings say another name',
    body: expect.stringContaining('Write `github.repository: acme/rpms` into the settings file'),
  });
});
