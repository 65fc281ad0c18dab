import { expect, test } from 'vitest';
import { phaseStartedBy } from './mock-log.ts';

test('phases begin with the lines that mock and rpmbuild write', () => {
  expect(phaseStartedBy('state.log', '2026-01-02 03:04:05,678 - Start: rpmbuild hello-1.0-1.src.rpm')).toBe('build');
  expect(phaseStartedBy('state.log', '2026-01-02 03:04:05,678 - Start: chroot init')).toBeUndefined();
  expect(phaseStartedBy('build.log', 'Executing(%check): /bin/sh -e /var/tmp/rpm-tmp.x')).toBe('check');
  expect(phaseStartedBy('root.log', 'Executing(%check): /bin/sh')).toBeUndefined();
});
