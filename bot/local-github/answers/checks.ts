// Check runs: the emulator holds them; the bridge finds them by commit and keeps what it drops (annotations, actions).
// https://docs.github.com/en/rest/checks/runs
import { resolveCommit } from '../git/read-commits.ts';
import type { KeptCheckRun, KeptState } from '../state/kept-state.ts';
import { type ApiRequest, type BridgeContext, type Json, notFound, pageOf, type Route, refusal } from './api.ts';

const RUNS = '/repos/:owner/:repo/check-runs';
/** GitHub refuses more in one request. */
const MOST_ANNOTATIONS = 50;
const MOST_ACTIONS = 3;

export function checkRoutes(context: BridgeContext, state: KeptState): Route[] {
  return [
    {
      method: 'POST',
      pattern: RUNS,
      async answer(request, params) {
        const repository = `${params.owner}/${params.repo}`;
        const bad = badCheckRun(request.body);
        if (bad) return bad;
        const folder = context.repositories.folderOf(repository);
        const sha = folder && (await resolveCommit(folder, String(request.body.head_sha)));
        if (!sha) return refusal(422, `No commit found for SHA: ${String(request.body.head_sha)}`);
        const answer = await context.ask('POST', request.path, completed(request.body), request.identity);
        if (answer.status !== 201) return answer;
        const run = answer.body as Json;
        const kept: KeptCheckRun = {
          id: Number(run.id),
          repository,
          sha,
          startedAt: String(run.started_at ?? new Date().toISOString()),
          annotations: [],
          actions: [],
        };
        state.checkRuns.push(kept);
        keep(kept, request.body);
        context.changed();
        return answer;
      },
    },
    {
      method: 'PATCH',
      pattern: `${RUNS}/:id`,
      async answer(request, params) {
        const bad = badCheckRun(request.body);
        if (bad) return bad;
        const answer = await context.ask('PATCH', request.path, completed(request.body), request.identity);
        const kept = state.checkRuns.find((one) => one.id === Number(params.id));
        if (answer.status !== 200 || !kept) return answer;
        keep(kept, request.body);
        context.changed();
        return answer;
      },
    },
    {
      method: 'GET',
      pattern: `${RUNS}/:id/annotations`,
      async answer(request, params) {
        const kept = state.checkRuns.find((one) => one.id === Number(params.id));
        if (!kept) return notFound();
        const page = pageOf(request, context.apiUrl + request.path, kept.annotations);
        return { status: 200, body: page.items, headers: page.headers };
      },
    },
  ];

  function keep(kept: KeptCheckRun, body: Json) {
    const output = (body.output ?? {}) as Json;
    const added = (output.annotations ?? []) as Json[];
    kept.annotations.push(...added.map((one) => formatAnnotation(context, kept, one)));
    if (Array.isArray(body.actions)) kept.actions = body.actions as KeptCheckRun['actions'];
  }
}

/** `GET …/commits/REF/check-runs`, newest first; of each name the newest unless `filter=all`. */
export async function listCheckRuns(
  context: BridgeContext,
  state: KeptState,
  request: ApiRequest,
  repository: string,
  sha: string,
) {
  const { query } = request;
  const ids = state.checkRuns.filter((one) => one.repository === repository && one.sha === sha).map(({ id }) => id);
  const runs = await Promise.all(ids.reverse().map((id) => context.read(`/repos/${repository}/check-runs/${id}`)));
  const names = new Set<unknown>();
  const wanted = runs.filter((run) => {
    const newest = !names.has(run.name);
    names.add(run.name);
    return (
      (newest || query.get('filter') === 'all') &&
      (query.get('check_name') ?? run.name) === run.name &&
      (query.get('status') ?? run.status) === run.status
    );
  });
  const page = pageOf(request, context.apiUrl + request.path, wanted);
  return { status: 200, body: { total_count: wanted.length, check_runs: page.items }, headers: page.headers };
}

/** A conclusion means completed, also where the status is not said. */
function completed(body: Json): Json {
  return body.conclusion !== undefined && body.status === undefined ? { ...body, status: 'completed' } : body;
}

/** What GitHub refuses and the emulator takes. */
function badCheckRun(body: Json) {
  const output = (body.output ?? {}) as Json;
  const annotations = (output.annotations ?? []) as Json[];
  const actions = (body.actions ?? []) as Json[];
  const tooLong = actions.some(
    (one) => String(one.label).length > 20 || String(one.description).length > 40 || String(one.identifier).length > 20,
  );
  const problem =
    annotations.length > MOST_ANNOTATIONS
      ? `No more than ${MOST_ANNOTATIONS} annotations can be sent at once.`
      : annotations.some((one) => !['notice', 'warning', 'failure'].includes(String(one.annotation_level)))
        ? 'annotation_level must be notice, warning or failure.'
        : actions.length > MOST_ACTIONS
          ? `No more than ${MOST_ACTIONS} actions are allowed.`
          : tooLong
            ? 'An action has a label of at most 20, a description of at most 40, an identifier of at most 20 characters.'
            : output.title !== undefined && output.summary === undefined
              ? 'output needs a summary.'
              : String(output.summary ?? '').length > 65535 || String(output.text ?? '').length > 65535
                ? 'output is too long (maximum is 65535 characters).'
                : undefined;
  return problem === undefined ? undefined : refusal(422, `Invalid request.\n\n${problem}`);
}

function formatAnnotation(context: BridgeContext, kept: KeptCheckRun, one: Json): Json {
  return {
    path: one.path,
    blob_href: `${context.url}/${kept.repository}/blob/${kept.sha}/${String(one.path)}`,
    start_line: one.start_line,
    end_line: one.end_line,
    start_column: one.start_column ?? null,
    end_column: one.end_column ?? null,
    annotation_level: one.annotation_level,
    title: one.title ?? null,
    message: one.message,
    raw_details: one.raw_details ?? null,
  };
}

/** Fills in what the emulator leaves out of a check run. */
export function completeCheckRun(context: BridgeContext, state: KeptState, run: Json): void {
  const kept = state.checkRuns.find((one) => one.id === run.id);
  if (!kept) return;
  const url = `${context.apiUrl}/repos/${kept.repository}/check-runs/${kept.id}`;
  const output = run.output as Json;
  output.annotations_count = kept.annotations.length;
  output.annotations_url = `${url}/annotations`;
  run.details_url ??= `${context.url}/apps/${context.slug}`;
  run.started_at ??= kept.startedAt;
}
