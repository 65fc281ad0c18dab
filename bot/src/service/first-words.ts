// What the service says on the terminal while it starts, while it works off what it found, and when it has nothing to
// do for the first time.
import type { Queue } from '@coppice/builder-runner/queue';
import type { Log } from '@coppice/builder-runner/runner';
import { isFinal } from '@coppice/config';

/** Says step after step, each with its number. */
export function stepper(count: number, log: Log): (text: string) => void {
  let done = 0;
  return (text) => {
    done += 1;
    log('info', `[${done}/${count}] ${text}`);
  };
}

/** Tells how the builds move on until none is left. */
export async function tellUntilIdle(queue: Queue, log: Log): Promise<void> {
  const told = new Map<string, string>();
  await new Promise<void>((resolve) => {
    const forget = queue.onChange(({ build }) => {
      for (const chroot of build.chroots) {
        const how = isFinal(chroot.state) ? chroot.state : chroot.phase;
        const key = `${build.id} ${chroot.chroot}`;
        if (told.get(key) === how) continue;
        told.set(key, how);
        log('info', `Build ${build.id}, ${build.package} for ${chroot.chroot}: ${how}`);
      }
      if (queue.builds().length > 0) return;
      forget();
      resolve();
    });
    if (queue.builds().length === 0) {
      forget();
      resolve();
    }
  });
}

/**
 * The last words of the set-up: where things are and what to try. `githubUrl`: the local GitHub's, in the embedded
 * default.
 */
export function introduce(url: string, githubUrl: string | undefined, repository: string, log: Log): void {
  if (githubUrl === undefined) {
    log('info', `Serving ${url} for ${repository}`);
    return;
  }
  const clone = `${githubUrl.replace('http://', 'http://maintainer:token-maintainer@')}/${repository}.git`;
  process.stdout.write(`
Coppice is running: ${url}

Three things to try:
  1. Look at what was built:     ${url}/acme/tools/
  2. Ask for a build:            npx coppice comment "/build hello"
  3. Change a package and push:  git clone ${clone}

A pull request, once its branch is pushed:
  curl -H "Authorization: Bearer token-maintainer" ${githubUrl}/api/v3/repos/${repository}/pulls \\
    -d '{"title": "Try", "head": "BRANCH", "base": "main"}'

The comments are at ${githubUrl}/${repository}/issues/1. Ctrl-C ends everything.
`);
}
