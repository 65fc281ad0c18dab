// Brings one answer or one check run on GitHub to its wanted state, and notes what GitHub has given back.
import { annotationsPerCall, type CheckRun, type Github } from '../github/github.ts';
import { answerState, type DebugView, writeAnswer } from '../reply/answer.ts';
import { readAnswerMark } from '../reply/answer-mark.ts';
import type { Answer, Check, CheckAnnotation } from '../vocabulary/answer.ts';
import type { BotOperation, BotState } from '../vocabulary/bot-state.ts';
import type { BuildRef, BuildView } from '../vocabulary/build-view.ts';
import { checkOfBuild, checkOfConfig } from './check-run.ts';
import type { Delivered } from './dispatcher.ts';

interface DelivererOptions {
  readonly github: Github;
  readonly state: () => BotState;
  readonly commit: (operations: readonly BotOperation[]) => Promise<unknown>;
  readonly url: string;
  readonly view: (ref: BuildRef) => Promise<BuildView>;
  readonly debug: DebugView;
}

export interface Deliverer {
  /** `key` is `answer/<comment>` or `check/<key>`. */
  deliver(key: string): Promise<Delivered>;
  /** These may exist on GitHub although their numbers were not noted: look before making another. */
  expectTwins(keys: readonly string[]): void;
  /** The operation that forgets one. */
  closing(key: string): BotOperation;
}

export function createDeliverer({ github, state, commit, url, view, debug }: DelivererOptions): Deliverer {
  const twins = new Set<string>();
  /** Key → what GitHub shows. */
  const shown = new Map<string, string>();

  const deliverAnswer = async (key: string, answer: Answer): Promise<Delivered> => {
    const refs = answer.sections.flatMap((section) => (section.kind === 'builds' ? section.builds : []));
    const views = new Map(await Promise.all(refs.map(async (ref) => [Number(ref.id), await view(ref)] as const)));
    const body = writeAnswer(answer.to, answer.sections, views, url, debug);
    const unchanged = shown.get(key) === body;
    if (!unchanged) {
      let id = answer.commentId;
      if (id === null && twins.has(key)) {
        id =
          (await github.findComment(answer.issue, answer.to, (text) => readAnswerMark(text)?.to === answer.to)) ?? null;
      }
      if (id === null) id = await github.createComment(answer.issue, body);
      else await github.updateComment(id, body);
      if (answer.commentId !== id) await commit([{ op: 'commented', to: answer.to, commentId: id }]);
      shown.set(key, body);
    }
    if (answerState(answer.sections, views, debug) === 'working') return unchanged ? 'unchanged' : 'again';
    return await conclude(key);
  };

  const deliverCheck = async (key: string, check: Check): Promise<Delivered> => {
    const wanted =
      check.kind === 'build' ? checkOfBuild(check, await view(check.build), url) : checkOfConfig(check, url);
    // When it began is told with how it ended: on its own it is not worth a request.
    const text = JSON.stringify(wanted.status === 'completed' ? wanted : { ...wanted, startedAt: null });
    const unchanged = shown.get(key) === text;
    if (!unchanged) {
      await writeCheck(key, check, wanted);
      shown.set(key, text);
    }
    if (wanted.status === 'completed') return await conclude(key);
    return unchanged ? 'unchanged' : 'again';
  };

  const writeCheck = async (key: string, check: Check, wanted: CheckRun): Promise<void> => {
    const annotations = check.kind === 'config' ? check.annotations : [];
    let sent = check.kind === 'config' ? check.sentAnnotations : 0;
    let id = check.checkRunId;
    if (id === null && twins.has(key)) id = (await github.findCheck(wanted)) ?? null;
    do {
      const batch: readonly CheckAnnotation[] = annotations.slice(sent, sent + annotationsPerCall);
      if (id === null) id = await github.createCheck(wanted, batch);
      else await github.updateCheck(id, wanted, batch);
      sent += batch.length;
      if (check.checkRunId !== id || batch.length > 0) {
        await commit([{ op: 'checked', key: check.key, checkRunId: id, sentAnnotations: sent }]);
      }
    } while (sent < annotations.length);
  };

  const conclude = async (key: string): Promise<Delivered> => {
    await commit([closing(key)]);
    shown.delete(key);
    twins.delete(key);
    return 'final';
  };

  return {
    async deliver(key) {
      const answer = state().answers.find(({ to }) => key === `answer/${to}`);
      if (answer !== undefined) return await deliverAnswer(key, answer);
      const check = state().checks.find((one) => key === `check/${one.key}`);
      return check === undefined ? 'final' : await deliverCheck(key, check);
    },
    expectTwins: (keys) => {
      for (const key of keys) twins.add(key);
    },
    closing,
  };
}

function closing(key: string): BotOperation {
  if (key.startsWith('answer/')) return { op: 'answered', to: Number(key.slice('answer/'.length)) };
  return { op: 'concluded', key: key.slice('check/'.length) };
}
