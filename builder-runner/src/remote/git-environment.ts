// What git is told wherever Coppice runs it: nothing of this machine's or anybody's settings, no questions, named
// protocols only.

/** Settings as `git -c` takes them. They go by the environment, which other users cannot read: they may be secrets. */
export type GitConfig = readonly (readonly [key: string, value: string])[];

const always: GitConfig = [
  ['core.hooksPath', '/dev/null'],
  ['core.fsmonitor', 'false'],
  ['credential.helper', ''],
  // Background housekeeping would outlive the command and its limits.
  ['gc.auto', '0'],
  ['maintenance.auto', 'false'],
  // The address of a redirect would not be checked, nor that of another store that a server names.
  ['http.followRedirects', 'false'],
  ['transfer.fsckObjects', 'true'],
  // A dead address must not hold a worker.
  ['http.lowSpeedLimit', '100'],
  ['http.lowSpeedTime', '30'],
];

/** The whole environment of a git that may use these protocols. Of settings with one value the last one counts. */
export function gitEnvironment(protocols: readonly string[], more: GitConfig = []): Record<string, string> {
  const config = [...always, ...more];
  const pairs = config.flatMap(([key, value], at) => [
    [`GIT_CONFIG_KEY_${at}`, key],
    [`GIT_CONFIG_VALUE_${at}`, value],
  ]);
  return {
    PATH: process.env.PATH ?? '/usr/local/bin:/usr/bin:/bin',
    HOME: '/nonexistent',
    LC_ALL: 'C.UTF-8',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_TERMINAL_PROMPT: '0',
    GIT_ALLOW_PROTOCOL: protocols.join(':') || 'none',
    GIT_CONFIG_COUNT: String(config.length),
    ...Object.fromEntries(pairs),
  };
}
