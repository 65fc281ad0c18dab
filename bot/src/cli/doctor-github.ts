// What GitHub says of the app: whose key it is, where it is installed, what it may do, how its deliveries are taken.
import { type AppEvent, accessTitle, appEvents, appPermissions, covers } from '../github/app-permissions.ts';
import {
  connectGithubApp,
  explainRefusal,
  type GithubClient,
  refusalMessage,
  refusalStatus,
} from '../github/octokit-client.ts';
import { describe } from '../service/log.ts';
import { broken, type Finding, good } from './doctor-finding.ts';
import { hookFindings } from './doctor-hook.ts';

export interface AppAccess {
  readonly apiUrl: string;
  readonly webUrl: string;
  /** owner/name of the config repo. */
  readonly repository: string;
  readonly appId: number;
  readonly privateKey: string;
  /** False when GitHub is asked instead: then neither events nor the webhook matter. */
  readonly webhooks: boolean;
  /** Where deliveries should go; undefined when nothing says so. */
  readonly hookUrl: string | undefined;
}

/** The findings of the app; only what is wrong with its key when GitHub does not know it. */
export async function githubFindings(access: AppAccess): Promise<readonly Finding[]> {
  const { repository, webUrl, webhooks } = access;
  try {
    const client = connectGithubApp(access.apiUrl, access.appId, access.privateKey);
    const app = await ownApp(client);
    const installation = await installationOn(client, repository);
    const pages = { settings: settingsPage(webUrl, app), install: `${app.html_url}/installations/new` };
    return [
      good('GitHub App', `${app.slug} (${access.appId}), to which the key belongs`),
      installationFinding(installation, repository, pages.install),
      ...permissionFindings(app, installation, pages.settings),
      ...(webhooks ? eventFindings(app, installation, pages.settings) : []),
      ...(webhooks ? await hookFindings(client, access.hookUrl, pages.settings) : []),
    ];
  } catch (error) {
    return [accessFinding(error, access)];
  }
}

/** What an app and an installation have in common. */
interface Held {
  readonly permissions: Readonly<Record<string, string>>;
  readonly events: readonly string[];
}

interface App extends Held {
  readonly slug: string;
  readonly html_url: string;
  /** Where its owner's settings are; undefined for an owner without a page of that kind. */
  readonly owner: { readonly login: string; readonly organization: boolean } | undefined;
}

interface Installation extends Held {
  readonly account: string;
  readonly html_url: string;
  readonly suspended_at: string | null;
}

async function ownApp(client: GithubClient): Promise<App> {
  const { data } = await client.rest.apps.getAuthenticated();
  if (data === null) throw new Error('GitHub names no app for this key');
  const { slug = '', html_url, events, owner } = data;
  const permissions = data.permissions as Held['permissions'];
  const known = 'login' in owner ? { login: owner.login, organization: owner.type === 'Organization' } : undefined;
  return { slug, html_url, events, permissions, owner: known };
}

async function installationOn(client: GithubClient, repository: string): Promise<Installation | undefined> {
  const [owner = '', repo = ''] = repository.split('/');
  try {
    const { data } = await client.rest.apps.getRepoInstallation({ owner, repo });
    const account = data.account !== null && 'login' in data.account ? data.account.login : owner;
    const { html_url, suspended_at, events } = data;
    return { account, html_url, suspended_at, events, permissions: data.permissions as Held['permissions'] };
  } catch (error) {
    if (refusalStatus(error) === 404) return undefined;
    throw error;
  }
}

/** The page on which the app's owner edits it. */
function settingsPage(webUrl: string, { owner, slug, html_url }: App): string {
  if (owner === undefined) return html_url;
  return `${webUrl}${owner.organization ? `/organizations/${owner.login}` : ''}/settings/apps/${slug}`;
}

function accessFinding(error: unknown, { appId, apiUrl }: AppAccess): Finding {
  const what = 'GitHub App';
  const status = refusalStatus(error);
  const said = refusalMessage(error);
  if (status === 401) {
    const fix = `github.privateKeyFile must be a key of the app ${appId}: generate one on the settings page of the app`;
    return broken(what, `GitHub does not take the key for the app ${appId}: ${said}`, fix);
  }
  if (status === 404) {
    return broken(
      what,
      `there is no app ${appId}: ${said}`,
      'put its App ID, see its settings page, into github.appId',
    );
  }
  const explained = explainRefusal(error);
  if (explained === error) {
    const fix = 'github.privateKeyFile must be the .pem file that GitHub gave for the app, as it is';
    return broken(what, `its key cannot be used: ${describe(error)}`, fix);
  }
  return broken(what, describe(explained), `see whether ${apiUrl} can be reached from here, and try again`);
}

function installationFinding(installation: Installation | undefined, repository: string, install: string): Finding {
  const what = 'installation';
  if (installation === undefined) {
    const detail = `the app is not installed on ${repository}, or there is no such repository`;
    return broken(what, detail, `install it on ${repository}: ${install}; or mend github.repository`);
  }
  const { html_url, suspended_at } = installation;
  return suspended_at === null
    ? good(what, `on ${repository}`)
    : broken(what, `suspended since ${suspended_at}: GitHub refuses all it asks`, `unsuspend it: ${html_url}`);
}

/** Why, without the marks of Markdown. */
const plain = (why: string) => why.replace(/[*`]/g, '');

function permissionFindings(app: App, installation: Installation | undefined, settings: string): readonly Finding[] {
  const found = appPermissions.flatMap(({ name, title, level, why }) => {
    const what = `permission ${title}`;
    const wanted = accessTitle(level);
    if (!covers(app.permissions[name], level)) {
      const held = app.permissions[name] === undefined ? 'No access' : accessTitle('read');
      const detail = `the app has "${held}", not "${wanted}", which is for ${plain(why)}`;
      return [broken(what, detail, `choose "${wanted}" for it on ${settings}/permissions${thenAccept(installation)}`)];
    }
    if (installation === undefined || covers(installation.permissions[name], level)) return [];
    const detail = `"${wanted}" is asked for and not accepted by ${installation.account}; it is for ${plain(why)}`;
    return [broken(what, detail, `let an owner of ${installation.account} accept it: ${installation.html_url}`)];
  });
  return found.length > 0 ? found : [good('app permissions', appPermissions.map(({ title }) => title).join(', '))];
}

function thenAccept(installation: Installation | undefined): string {
  return installation === undefined ? '' : `, then accept it: ${installation.html_url}`;
}

function eventFindings(app: App, installation: Installation | undefined, settings: string): readonly Finding[] {
  const found = appEvents.flatMap((event) => {
    const { title, why } = event;
    const without = `without it GitHub does not tell the service: ${plain(why)}`;
    if (!isTold(app, event)) {
      return [broken(`event ${title}`, `not subscribed to; ${without}`, `tick "${title}" on ${settings}/permissions`)];
    }
    if (installation === undefined || isTold(installation, event)) return [];
    const fix = `let an owner of ${installation.account} accept what the app asks for: ${installation.html_url}`;
    return [broken(`event ${title}`, `subscribed to and not accepted by ${installation.account}; ${without}`, fix)];
  });
  return found.length > 0 ? found : [good('app events', appEvents.map(({ title }) => title).join(', '))];
}

/** With write access to Checks the events of checks come by themselves, whether they are listed or not. */
function isTold({ events, permissions }: Held, { name, permission }: AppEvent): boolean {
  return events.includes(name) || (permission === 'checks' && covers(permissions.checks, 'write'));
}
