// How git reaches the config repo on GitHub as the app: the token goes by the environment, never by arguments.
import type { GitOptions } from '@coppice/builder-runner/remote';

/**
 * For commands that speak to `url` and to no other server: git would send the token to any. The address is no part of
 * the setting's name: simple-git refuses names that look dangerous, and an address may hold any words.
 */
export function appAccess(url: string, token: string): Required<Pick<GitOptions, 'protocols' | 'config'>> {
  const secret = Buffer.from(`x-access-token:${token}`).toString('base64');
  return {
    protocols: [new URL(url).protocol.replace(':', '')],
    config: [['http.extraHeader', `Authorization: Basic ${secret}`]],
  };
}
