// For test files whose subject only root may make: builders with namespaces, mounts and limits of their own.

/**
 * Called at the head of such a file: without root it fails, and says how it is run, instead of testing nothing. `npm
 * test` asks sudo.
 */
export function needRoot(): void {
  if (process.getuid?.() === 0) return;
  throw new Error(
    'This test needs root: `npm test` runs it through sudo. Alone: sudo -n env "PATH=$PATH" npx vitest run --project e2e FILE',
  );
}
