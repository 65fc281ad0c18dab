// The answer to /help, also shown after mistakes. Pure.

export function helpText(url: string): string {
  return `| Write | and I will |
|---|---|
| \`/build\` | build everything that has changed in the projects that you may build |
| \`/build hello libgreet\` | build these packages, changed or not |
| \`/build hello --chroot fedora-42-x86_64\` | build for this chroot only |
| \`/build hello --project owner/name\` | say which project, when several have the package |
| \`/status\` | list what waits and runs |
| \`/status 42\` | say how build 42 is doing, or how it ended |
| \`/cancel 42\` | stop build 42 |
| \`/help\` | show this |

A command is a line that begins with \`/\`, or with my name: \`@coppice build hello\`. Several lines may stand in one comment; quotes and code are ignored. Everything that was built is at ${url}/`;
}
