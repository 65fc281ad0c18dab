// mock's command line, the only one by which builds are started on builders. Pure.

/** What `mock --rebuild` is called with; paths are the builder's. */
export function mockCommand(input: {
  readonly config: string;
  readonly resultFolder: string;
  readonly srpm: string;
  /** The root stays as the build leaves it. Default: it goes. */
  readonly keepRoot?: boolean;
}): readonly string[] {
  const stays = input.keepRoot === true ? ['--no-cleanup-after'] : [];
  return ['mock', '-r', input.config, '--resultdir', input.resultFolder, ...stays, '--rebuild', input.srpm];
}

/** `mock --version` → the engine's name and version; real mock prints a bare version. */
export function parseEngine(output: string): { readonly name: string; readonly version: string } {
  const words = output.trim().split('\n')[0]?.trim().split(/\s+/) ?? [];
  const version = words.find((word) => /^v?\d/.test(word)) ?? 'unknown';
  const name = words.find((word) => /^[a-z][a-z-]*$/i.test(word)) ?? 'mock';
  return { name: name.slice(0, 40), version: version.slice(0, 40) };
}
