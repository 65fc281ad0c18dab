// What an app asks about its webhook: where it goes, and how the deliveries of late were taken.
// https://docs.github.com/en/rest/apps/webhooks
import type { DeliveryAttempt, Webhooks } from '../delivery/webhooks.ts';
import { type ApiRequest, type Json, notFound, type Route, refusal } from './api.ts';

export function hookRoutes(apiUrl: string, webhooks: Webhooks): Route[] {
  return [
    {
      method: 'GET',
      pattern: '/app/hook/config',
      async answer() {
        const webhook = webhooks.current();
        // An app without an active webhook has none.
        if (webhook === undefined) return notFound();
        const config = { content_type: webhook.contentType ?? 'json', insecure_ssl: '0', url: webhook.url };
        // The secret itself is never shown, only that there is one.
        return { status: 200, body: webhook.secret === '' ? config : { ...config, secret: '********' } };
      },
    },
    {
      method: 'GET',
      pattern: '/app/hook/deliveries',
      async answer(request) {
        const wanted = request.query.get('status');
        if (wanted !== null && wanted !== 'success' && wanted !== 'failure') return refusal(422, 'Invalid status');
        const newest = webhooks.attempts().toReversed();
        const fitting = newest.filter(({ status }) => wanted === null || (wanted === 'success') === isTaken(status));
        const { items, next } = cutToPage(request, fitting);
        const link = `<${apiUrl}/app/hook/deliveries?${next}>; rel="next"`;
        return { status: 200, body: items.map(deliveryItem), headers: next === undefined ? {} : { link } };
      },
    },
    {
      method: 'GET',
      pattern: '/app/hook/deliveries/:id',
      async answer(_request, params) {
        const attempt = webhooks.attempts().find(({ id }) => String(id) === params.id);
        if (attempt === undefined) return notFound();
        const { url, delivery, requestHeaders, answer } = attempt;
        const body = {
          ...deliveryItem(attempt),
          url,
          request: { headers: requestHeaders, payload: delivery.payload },
          response: { headers: answer?.headers ?? null, payload: answer?.body ?? null },
        };
        return { status: 200, body };
      },
    },
  ];
}

/** The page that the query asks for, newest first. Where it goes on is told by a cursor, not by a number of a page. */
function cutToPage({ query }: ApiRequest, newest: readonly DeliveryAttempt[]) {
  const size = Math.min(Math.max(Number(query.get('per_page') ?? 30) || 30, 1), 100);
  const before = Number(query.get('cursor') ?? Number.MAX_SAFE_INTEGER);
  const left = newest.filter(({ id }) => id < before);
  const items = left.slice(0, size);
  const next = new URLSearchParams(query);
  next.set('cursor', String(items.at(-1)?.id));
  return { items, next: left.length > size ? next : undefined };
}

const isTaken = (status: number) => status >= 200 && status < 400;

function deliveryItem({ id, delivery, deliveredAt, seconds, status, answer, redelivery }: DeliveryAttempt): Json {
  const { action, installation, repository } = delivery.payload as Record<string, Json | undefined>;
  return {
    id,
    guid: delivery.id,
    delivered_at: deliveredAt,
    redelivery,
    duration: seconds,
    status:
      answer === undefined ? 'failed to connect to host' : isTaken(status) ? 'OK' : `Invalid HTTP Response: ${status}`,
    status_code: status,
    event: delivery.event,
    action: action ?? null,
    installation_id: installation?.id ?? null,
    repository_id: repository?.id ?? null,
    throttled_at: null,
  };
}
