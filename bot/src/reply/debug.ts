// Answers to /debug: how far a session is, how to log in, how it ended. Pure.
import type { DebugSession } from '@coppice/builder-runner/runner';
import { published, type Settings } from '@coppice/config';
import { code, list, sentence } from './escape.ts';

/** `now` of the session; undefined: it is so old that it was forgotten. */
export function debugText(session: DebugSession | undefined, url: string): string {
  if (session === undefined) return 'This debug session is over.';
  const { build, chroot, state, message } = session;
  const which = `[Build ${build.id}](${url}/${published.logPage(build, chroot)}) for ${code(chroot)}`;
  switch (state) {
    case 'waiting':
    case 'preparing':
      return `${which} is built again on a builder of its own, to be looked at. The way in is told here when it is there.`;
    case 'open':
      return openText(session, which);
    case 'ended':
      return `The debug session of ${which} is over. ${sentence(message ?? '')}`;
    case 'failed':
      return `The debug session of ${which} could not be opened: ${sentence(message ?? '')} Ask again with ${code(`/debug ${build.id} ${chroot}`)}.`;
  }
}

function openText({ access, by, keys, build, chroot }: DebugSession, which: string): string {
  if (access === null) return '';
  const { host, port, user, fingerprint, until, folder, exitCode } = access;
  const how =
    exitCode === 0 ? 'This time it succeeded.' : exitCode === null ? 'Its time was over.' : 'It failed again.';
  const isLocal = host.startsWith('127.') || host === '::1';
  const where = isLocal ? ' Its address is one of the machine that runs Coppice: log in from there.' : '';
  return `${which} was built again. ${how} Its builder is open until ${until} for the ${keys.length === 1 ? 'SSH key' : `${keys.length} SSH keys`} that ${code(by)} has on GitHub, and nothing of it is published.${where}

\`\`\`
ssh -p ${port} ${user}@${host}
\`\`\`

The key of its host is ${code(fingerprint)}. Configuration, source package and logs are in ${code(folder)}; \
${code(`mock -r ${folder}/build.cfg --shell`)} opens the root as the build left it. ${code(`/debug ${build.id} ${chroot} --end`)} ends it now.`;
}

export function whichChroot(id: number, failed: readonly string[]): string {
  const [first = ''] = failed;
  return `Build ${id} has failed for several chroots: ${list(failed)}. Say which one: ${code(`/debug ${id} ${first}`)}.`;
}

export function nothingFailed(id: number): string {
  return `Build ${id} has not failed: there is nothing to look at. ${code(`/logs ${id}`)} shows its logs.`;
}

export function chrootNotFailed(id: number, chroot: string): string {
  return `Build ${id} has not failed for ${code(chroot, 120)}: there is nothing to look at.`;
}

/** The local GitHub has no page for it. */
export function noKeys(login: string, { mode, webUrl }: Pick<Settings['github'], 'mode' | 'webUrl'>): string {
  const where = mode === 'embedded' ? `with ${code(`POST ${webUrl}/api/v3/user/keys`)}` : `at ${webUrl}/settings/keys`;
  return `${code(login)} has no SSH key on GitHub with which one could log in. Add one ${where} and ask again.`;
}

export function frozen(project: string): string {
  return `${code(project)} is frozen: nothing of it is built.`;
}

export function noSourcePackage(id: number): string {
  return `The source package of build ${id} is not there: it was never made, or has been deleted. ${code(`/logs ${id}`)} says more.`;
}

/** `why`: a sentence that begins small and has no full stop; it may name settings as code. */
export function refused(why: string): string {
  return `There can be no debug session: ${why.trim()}.`;
}

export function noSession(id: number): string {
  return `There is no debug session of build ${id}.`;
}

export function notOffered(): string {
  return 'This service has no builders to look at.';
}

export function sandboxed(id: number): string {
  return `Build ${id} belongs to a pull request: it cannot be looked at on a builder. Its logs say what happened: ${code(`/logs ${id}`)}.`;
}
