// Whether GitHub's deliveries reach the service and are signed with its secret. GitHub never shows the secret; what the
// service answered to the newest delivery tells whether both have the same.
import { type GithubClient, refusalStatus } from '../github/octokit-client.ts';
import { broken, type Finding, good } from './doctor-finding.ts';

const delivered = 'hook deliveries';
const secret = 'hook secret';

/** `expected`: where deliveries should go. `settings`: the page on which the app's owner edits it. */
export async function hookFindings(
  client: GithubClient,
  expected: string | undefined,
  settings: string,
): Promise<readonly Finding[]> {
  const hook = await readHook(client);
  const address = addressFinding(hook, expected, settings);
  if (hook === undefined || !address.good) return [address];
  if (hook.secret === undefined) {
    const fix = `put the text of github.webhookSecretFile into "Webhook secret" on ${settings}`;
    return [address, broken(secret, 'the app has none: deliveries are not signed, and the service refuses them', fix)];
  }
  return [address, await deliveryFinding(client, hook.url, settings)];
}

interface Hook {
  readonly url: string;
  readonly contentType: string;
  /** Asterisks; undefined when there is none. */
  readonly secret: string | undefined;
}

async function readHook(client: GithubClient): Promise<Hook | undefined> {
  try {
    const { url = '', content_type, secret: shown } = (await client.rest.apps.getWebhookConfigForApp()).data;
    return url === '' ? undefined : { url, contentType: content_type ?? 'form', secret: shown || undefined };
  } catch (error) {
    // GitHub's answer for an app without a webhook.
    if (refusalStatus(error) === 404) return undefined;
    throw error;
  }
}

function addressFinding(hook: Hook | undefined, expected: string | undefined, settings: string): Finding {
  const what = 'hook address';
  const right = expected ?? 'the address of the service with /api/github/webhooks';
  if (hook === undefined) {
    const fix = `tick "Active" on ${settings} and put ${right} there, or write webhooks: false below github`;
    return broken(what, 'the webhook of the app is not active: GitHub tells the service nothing', fix);
  }
  if (expected !== undefined && !sameAddress(hook.url, expected)) {
    const detail = `GitHub delivers to ${hook.url}, the service is at ${expected}`;
    return broken(what, detail, `put ${expected} into "Webhook URL" on ${settings}, or mend url in the settings`);
  }
  if (hook.contentType !== 'json') {
    const detail = `GitHub delivers ${hook.contentType} to ${hook.url}; the service reads JSON alone`;
    return broken(what, detail, `choose the content type application/json for the webhook: ${settings}`);
  }
  return good(what, hook.url);
}

function sameAddress(one: string, other: string): boolean {
  return URL.canParse(one) && URL.canParse(other) && new URL(one).href === new URL(other).href;
}

/** Judges the newest delivery; older ones may be of times that are over. */
async function deliveryFinding(client: GithubClient, url: string, settings: string): Promise<Finding> {
  const { data } = await client.rest.apps.listWebhookDeliveries({ per_page: 30 });
  const newest = data.toSorted((one, other) => Date.parse(other.delivered_at) - Date.parse(one.delivered_at))[0];
  const nothing = good(secret, 'not proven yet: GitHub has delivered nothing here of late');
  if (newest === undefined) return nothing;
  const { event, delivered_at, status_code, status } = newest;
  const name = `${event} of ${delivered_at}`;
  if (status_code >= 200 && status_code < 300) return good(secret, `the service took the newest delivery, ${name}`);
  const { data: details } = await client.rest.apps.getWebhookDelivery({ delivery_id: newest.id });
  if (details.url !== undefined && !sameAddress(details.url, url)) return nothing;
  const again = `deliver it again on ${settings}/advanced: this stays until the newest delivery is taken`;
  if (status_code === 400 && /signature/i.test(details.response.payload ?? '')) {
    const fix = `put the same text into github.webhookSecretFile and "Webhook secret" on ${settings}, restart`;
    const detail = `differs from that of the service, which refused the signature of ${name}`;
    return broken(secret, detail, `${fix}, and ${again}`);
  }
  const detail = `the newest one, ${name}, was not taken: ${status_code} (${status})`;
  return broken(delivered, detail, `see whether GitHub can reach ${url}, and the log of the service; ${again}`);
}
