// What a running service answers: that it is ready, that its clock agrees, that GitHub's deliveries reach it.
import type { Settings } from '@coppice/config';
import type { Environment } from '../service/home.ts';
import { type Health, type MirrorHealth, webhooksPath } from '../service/http-server.ts';
import { describe } from '../service/log.ts';
import { findService } from './ask-service.ts';
import { broken, type Finding, good } from './doctor-finding.ts';

const answerMilliseconds = 5000;
/** GitHub refuses what an app signed with a clock that is a minute ahead (https://docs.github.com/apps, "JWT"). */
const mostSkewSeconds = 30;

/** The findings of the running service; only that it does not run when none does. `now` in milliseconds. */
export async function serviceFindings(
  environment: Environment,
  settings: Settings | undefined,
  now: () => number,
): Promise<readonly Finding[]> {
  let url: string;
  let apiUrl: string;
  let health: Health;
  try {
    const endpoint = await findService(environment);
    url = endpoint.url;
    apiUrl = endpoint.github.apiUrl;
    const answer = await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(answerMilliseconds) });
    health = (await answer.json()) as Health;
    if (!answer.ok || health.ready !== true) {
      return [broken('service', `${url} is not ready`, 'wait for its set-up to end, or read its log')];
    }
  } catch (error) {
    return [broken('service', describe(error), 'start it with: npm start')];
  }
  return [
    good('service', `${url} is ready`),
    ...(health.status === 'degraded' ? health.brokenPools.map(poolFinding) : []),
    ...(health.status === 'degraded' && health.github !== undefined ? [githubFinding(health.github)] : []),
    ...(health.status === 'degraded' && health.mirror !== undefined ? [behindFinding(health.mirror)] : []),
    ...(health.status === 'degraded' && health.disk !== undefined ? [fullFinding(health.disk)] : []),
    await clockFinding('clock', `${url}/healthz`, now),
    ...(settings?.github.mode === 'github' ? [await clockFinding('clock of GitHub', apiUrl, now)] : []),
    settings?.github.webhooks === false
      ? good('webhooks', `switched off: GitHub is asked every ${settings.github.pollSeconds} s`)
      : await webhooksFinding(url),
  ];
}

function poolFinding(name: string): Finding {
  return broken(
    `pool ${name}`,
    'no builders can be made in it: builds that need it wait',
    'see why in the issue with the label coppice-operations, or in the log of the service',
  );
}

function githubFinding(why: string): Finding {
  return broken('GitHub', why, 'mend that; the service asks again within minutes, and needs no restart');
}

function behindFinding({ behindSince, files }: MirrorHealth): Finding {
  const changes = files === 1 ? '1 change' : `${files} changes`;
  return broken(
    'what the mirror has',
    `behind since ${behindSince}, with ${changes}`,
    'see why in `published mirror` here, or in the log of the service; it goes on trying',
  );
}

function fullFinding(folders: readonly string[]): Finding {
  const where = folders.map((name) => `${name}/`).join(' and ');
  return broken('room', `the service has too little in ${where}`, 'free some space: `coppice prune --dry-run` helps');
}

/** Whether this machine's clock is the server's at `address`, by the date of its answer (exact to a second). */
export async function clockFinding(what: string, address: string, now: () => number): Promise<Finding> {
  try {
    const before = now();
    // By hand, for GitHub, too: only when it answered counts, and that needs neither a token nor an answer that is
    // good.
    const answer = await fetch(address, { signal: AbortSignal.timeout(answerMilliseconds) });
    const after = now();
    await answer.body?.cancel();
    const date = Date.parse(answer.headers.get('date') ?? '');
    if (Number.isNaN(date))
      return broken(what, `${address} does not say its time`, 'see what stands between it and here');
    // The answer was written at some time in between, and its date is cut to the second.
    const ahead = Math.max(0, before - (date + 1000)) / 1000;
    const behind = Math.max(0, date - after) / 1000;
    const skew = Math.round(Math.max(ahead, behind));
    if (skew <= mostSkewSeconds) return good(what, `agrees with ${address}`);
    const detail = `this clock is ${skew} s ${ahead > behind ? 'ahead of' : 'behind'} ${address}`;
    return broken(
      what,
      detail,
      'let both take the time from the network (chrony, systemd-timesyncd): GitHub refuses wrong times',
    );
  } catch (error) {
    return broken(what, describe(error), `see whether ${address} can be reached from here`);
  }
}

/** Whether deliveries get through: one without a signature has to be refused by the bot itself, which answers 400. */
export async function webhooksFinding(url: string): Promise<Finding> {
  const address = `${url}${webhooksPath}`;
  try {
    const answer = await fetch(address, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
      redirect: 'manual',
      signal: AbortSignal.timeout(answerMilliseconds),
    });
    await answer.body?.cancel();
    if (answer.status === 400) return good('webhooks', `${address} refuses what is not signed`);
    const fix = 'let the web server in front pass POST to this path; the address in the GitHub App must be the same';
    return broken('webhooks', `${address} answered ${answer.status} to a delivery without a signature, not 400`, fix);
  } catch (error) {
    return broken('webhooks', describe(error), `see whether ${address} can be reached from here`);
  }
}
