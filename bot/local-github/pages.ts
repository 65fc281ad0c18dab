// Pages for people: what was asked, what the bot answered, how the checks stand. Everything shown is escaped.
import type { BridgeContext, Json } from './answers/api.ts';
import type { KeptState } from './state/kept-state.ts';

/** The page at a path; undefined where there is none. */
export async function renderPage(context: BridgeContext, state: KeptState, place: string): Promise<string | undefined> {
  const [, owner, name, kind, id] = place.replace(/\/$/, '').split('/');
  if (!owner) return page('Local GitHub', await repositoryList(context));
  const repository = `${owner}/${name}`;
  if (!name || !context.repositories.folderOf(repository)) return undefined;
  const api = `/repos/${repository}`;
  if (kind === undefined || (kind === 'issues' && id === undefined)) {
    const issues = await list(context, `${api}/issues?state=all&per_page=100`);
    return page(repository, html`<p>git clone ${context.url}/${repository}.git</p>${{ html: issueList(issues) }}`);
  }
  if ((kind === 'issues' || kind === 'pull') && id && /^\d+$/.test(id)) {
    const issue = await context.ask('GET', `${api}/issues/${id}`);
    if (issue.status !== 200) return undefined;
    const comments = await list(context, `${api}/issues/${id}/comments?per_page=100`);
    const shown = [issue.body as Json, ...comments].map(comment).join('');
    return page(`${String((issue.body as Json).title)} · ${repository}#${id}`, shown);
  }
  if (kind === 'commit' && id && /^[0-9a-f]{7,40}$/.test(id)) return commitPage(context, state, repository, id);
  return undefined;
}

async function repositoryList(context: BridgeContext): Promise<string> {
  const names = await context.repositories.list();
  return `<ul>${names.map((name) => html`<li><a href="/${name}">${name}</a></li>`).join('')}</ul>`;
}

async function commitPage(context: BridgeContext, state: KeptState, repository: string, id: string): Promise<string> {
  const ids = state.checkRuns.filter((one) => one.repository === repository && one.sha.startsWith(id));
  const runs = await Promise.all(ids.map((one) => context.read(`/repos/${repository}/check-runs/${one.id}`)));
  const shown = runs.map((run, at) => {
    const output = run.output as Json;
    const notes = (ids[at]?.annotations ?? []).map(
      (one) => html`<li>${one.annotation_level} ${one.path}:${one.start_line} ${one.message}</li>`,
    );
    return html`<article><h2>${run.name}: ${run.conclusion ?? run.status}</h2>
<pre>${output.title ?? ''}\n${output.summary ?? ''}\n${output.text ?? ''}</pre><ul>${{ html: notes.join('') }}</ul></article>`;
  });
  return page(`${repository} ${id.slice(0, 12)}`, shown.join('') || '<p>No checks.</p>');
}

async function list(context: BridgeContext, path: string): Promise<Json[]> {
  const answer = await context.ask('GET', path);
  return answer.status === 200 ? (answer.body as Json[]) : [];
}

function issueList(issues: readonly Json[]): string {
  const items = issues.map((one) => {
    const repository = String(one.repository_url).split('/repos/')[1];
    return html`<li><a href="/${repository}/issues/${one.number}">#${one.number} ${one.title}</a> ${one.state}</li>`;
  });
  return `<ul>${items.join('')}</ul>`;
}

function comment(one: Json): string {
  const login = (one.user as Json | null)?.login ?? 'ghost';
  return html`<article><h2>${login} <small>${one.created_at}</small></h2><pre>${one.body ?? ''}</pre></article>`;
}

function page(title: string, body: string): string {
  return html`<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${title}</title><style>:root{color-scheme:light dark}body{font:1rem/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
article{border:1px solid #8886;border-radius:6px;margin:1rem 0;padding:0 1rem}h2{font-size:1rem}small{font-weight:normal}pre{white-space:pre-wrap}</style>
<p><a href="/">Local GitHub</a></p><h1>${title}</h1>${{ html: body }}</html>`;
}

/** A template that escapes what is put in, but for `{ html }` that was made by it. */
function html(texts: TemplateStringsArray, ...values: readonly unknown[]): string {
  const shown = values.map((value) =>
    value !== null && typeof value === 'object' && 'html' in value ? String(value.html) : escapeHtml(String(value)),
  );
  return texts.map((text, at) => text + (shown[at] ?? '')).join('');
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

const escapeHtml = (text: string) => text.replace(/[&<>"']/g, (sign) => ESCAPES[sign] ?? sign);
