import { expect, test } from 'vitest';
import { createServiceState } from './service-state.ts';

const target = 'mirror@backup.internal:/srv/mirror';
const since = '2026-01-02T03:04:05.000Z';

test('tells which folders are on a full disk, while they are', () => {
  let full = ['published'];
  const state = createServiceState(
    () => [],
    () => full,
  );
  state.isReady();
  expect(state.health()).toEqual({ status: 'degraded', ready: true, brokenPools: [], disk: ['published'] });
  full = [];
  expect(state.health()).toEqual({ status: 'ok', ready: true });
});

test('tells everybody that the mirror is behind, and nobody where it is or what it says', () => {
  const state = createServiceState(() => []);
  state.isReady();
  const message = `rsync to ${target} failed: Permission denied`;
  const behind = { target, behindSince: null, files: 3, comparedAt: null };
  state.mirrorIsThere(() => ({ ...behind, fault: { since, failures: 4, message } }));
  expect(state.health()).toEqual({
    ...{ status: 'degraded', ready: true, brokenPools: [] },
    mirror: { behindSince: since, files: 3 },
  });
  expect(state.mirror()?.fault?.message).toBe(message);
  state.mirrorIsThere(() => ({ ...behind, fault: undefined }));
  expect(state.health()).toEqual({ status: 'ok', ready: true });
});
