// Sends webhooks as GitHub does: signed, each with its own id, at once, never again, in no promised order.
// https://docs.github.com/en/webhooks/webhook-events-and-payloads#delivery-headers
import { createHmac, randomUUID } from 'node:crypto';
import { createHttpCaller } from './http-call.ts';

export interface Webhook {
  readonly url: string;
  /** Empty: nothing is signed. */
  readonly secret: string;
  /** JSON by default; `form` puts the JSON into a field `payload`. */
  readonly contentType?: 'json' | 'form';
}

export interface Delivery {
  readonly id: string;
  readonly event: string;
  readonly payload: Readonly<Record<string, unknown>>;
  /** The HTTP status that the receiver answered; null while it has not, or could not. */
  status: number | null;
  /** Why nothing was answered. */
  failure: string | null;
}

/** One time that a delivery was sent, and what came of it. */
export interface DeliveryAttempt {
  readonly id: number;
  readonly delivery: Delivery;
  /** ISO 8601. */
  readonly deliveredAt: string;
  readonly seconds: number;
  readonly url: string;
  readonly requestHeaders: Readonly<Record<string, string>>;
  /** What the receiver answered; 502 when it did not. */
  readonly status: number;
  readonly answer: { readonly headers: Readonly<Record<string, unknown>>; readonly body: string } | undefined;
  /** True for all but the first of one delivery. */
  readonly redelivery: boolean;
}

/** Stands between GitHub and the receiver in tests: calls `send` never, once, twice or later. */
export type Channel = (delivery: Delivery, send: () => Promise<void>) => void;

const DELIVERY_TIMEOUT_MS = 10_000;
const KEPT_DELIVERIES = 500;
const HOOK_ID = 1;
/** The status under which GitHub lists what it could not deliver. */
const NOT_ANSWERED = 502;

export interface Webhooks {
  set(webhook: Webhook | undefined): void;
  current(): Webhook | undefined;
  setChannel(channel: Channel | undefined): void;
  /** Queues one event; returns at once. */
  emit(event: string, payload: Readonly<Record<string, unknown>>): void;
  deliveries(): readonly Delivery[];
  /** The newest that are over, oldest first. */
  attempts(): readonly DeliveryAttempt[];
  stop(): Promise<void>;
}

/** The value of `X-Hub-Signature-256` for a body. */
export function signature(secret: string, body: string): string {
  return `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
}

/** `isTold` says of an event whether the app gets it; `leave` makes of a payload what people know. */
export function createWebhooks(
  installationId: number,
  isTold: (event: string) => boolean,
  leave: (json: string) => string,
  log: (message: string) => void,
): Webhooks {
  const caller = createHttpCaller();
  const kept: Delivery[] = [];
  const attempts: DeliveryAttempt[] = [];
  let made = 0;
  const underWay = new Set<Promise<void>>();
  let webhook: Webhook | undefined;
  let channel: Channel | undefined;
  let stopped = false;

  async function send(delivery: Delivery, to: Webhook) {
    if (stopped) return;
    const json = leave(JSON.stringify(delivery.payload));
    const form = to.contentType === 'form';
    const body = form ? new URLSearchParams({ payload: json }).toString() : json;
    const headers = {
      'content-type': form ? 'application/x-www-form-urlencoded' : 'application/json',
      'user-agent': 'GitHub-Hookshot/local',
      'x-github-event': delivery.event,
      'x-github-delivery': delivery.id,
      'x-github-hook-id': String(HOOK_ID),
      'x-github-hook-installation-target-type': 'integration',
      'x-github-hook-installation-target-id': String(installationId),
      ...(to.secret === '' ? {} : { 'x-hub-signature-256': signature(to.secret, body) }),
    };
    const deliveredAt = new Date().toISOString();
    const started = performance.now();
    const note = (status: number, answer: DeliveryAttempt['answer']) => {
      made += 1;
      const seconds = Math.round(performance.now() - started) / 1000;
      const redelivery = attempts.some((one) => one.delivery === delivery);
      attempts.push({
        ...{ id: made, delivery, deliveredAt, seconds, url: to.url, requestHeaders: headers },
        ...{ status, answer, redelivery },
      });
      if (attempts.length > KEPT_DELIVERIES) attempts.shift();
    };
    const sending = caller
      .call({ method: 'POST', url: to.url, body, timeout: DELIVERY_TIMEOUT_MS, headers })
      .then((answer) => {
        delivery.status = answer.status;
        note(answer.status, { headers: answer.headers, body: answer.body.toString('utf8') });
        if (answer.status >= 400) log(`webhook ${delivery.event} ${delivery.id} was answered with ${answer.status}`);
      })
      .catch((error: Error) => {
        delivery.failure = error.message;
        note(NOT_ANSWERED, undefined);
        if (!stopped) log(`webhook ${delivery.event} ${delivery.id} could not be delivered: ${error.message}`);
      });
    underWay.add(sending);
    await sending;
    underWay.delete(sending);
  }

  return {
    set: (next) => {
      webhook = next;
    },
    current: () => webhook,
    setChannel: (next) => {
      channel = next;
    },
    emit(event, payload) {
      if (!webhook || stopped || !isTold(event)) return;
      const to = webhook;
      const delivery: Delivery = {
        id: randomUUID(),
        event,
        payload: { ...payload, installation: { id: installationId, node_id: nodeId(installationId) } },
        status: null,
        failure: null,
      };
      kept.push(delivery);
      if (kept.length > KEPT_DELIVERIES) kept.shift();
      if (channel) channel(delivery, () => send(delivery, to));
      else void send(delivery, to);
    },
    deliveries: () => [...kept],
    attempts: () => [...attempts],
    async stop() {
      stopped = true;
      caller.close();
      await Promise.all(underWay);
    },
  };
}

const nodeId = (installationId: number) => Buffer.from(`Installation:${installationId}`).toString('base64');
