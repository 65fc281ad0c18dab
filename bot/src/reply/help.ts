// The answer to /help, also shown after mistakes. Pure.

const rows: readonly (readonly [command: string, meaning: string])[] = [
  ['/build', 'build everything that has changed in the projects that you may build'],
  ['/build hello libgreet', 'build these packages, changed or not'],
  ['/build hello --chroot fedora-42-x86_64', 'build for this chroot only; `--project owner/name` says which project'],
  ['/build --force', 'build everything, changed or not'],
  ['/rebuild 42', 'build again what build 42 was made of'],
  ['/cancel 42', 'stop build 42'],
  ['/plan', 'show what `/build` would do'],
  ['/status', 'list what waits and runs; with a number or a package, show that'],
  ['/logs 42', 'show where the logs are, and why it failed'],
  ['/explain hello', 'say why a package, or a build, is built or not, and what to do next'],
  ['/debug 42', 'build failed build 42 again on a builder that you can log into for an hour; `--end` ends that'],
  ['/request builder owner/name', 'ask for rights in a project; `maintainer` for more, `drop` to give them back'],
  ['/approve @login', 'give them; on a pull request, `/approve` lets it be built'],
  ['/fork owner/name new-name', 'copy a project that you maintain'],
  ['/delete 42', 'delete build 42; `/delete project owner/name` deletes a project'],
  ['/publish owner/name', 'show users what was built of a project whose file says `publish: manual`'],
  ['/rollback owner/name', 'show users what they saw before its last publication; a number goes to that generation'],
  ['/legal owner/name what is wrong', 'report something to the admins; `/legal` lists what is open'],
  [
    '/freeze owner/name reason',
    'take a project down (admins); `/resolve owner/name` ends that, `/resolve 3` closes report 3',
  ],
  ['/help', 'show this'],
];

export function helpText(url: string): string {
  const table = rows.map(([command, meaning]) => `| \`${command}\` | ${meaning} |`);
  return `| Write | and I will |
|---|---|
${table.join('\n')}

Builds take \`--timeout 2h\`, \`--memory 4GiB\`, \`--background\`, \`--after 42\`, \`--with docs\` and \`--without tests\` too. A command is a line that begins with \`/\`, or with my name: \`@coppice build hello\`. Several lines may stand in one comment; quotes and code are ignored. Everything that was built is at ${url}/`;
}
