// Brings one answer or one check run on GitHub to its wanted state, and notes what GitHub has given back.
import { annotationsPerCall, type CheckRun } from '../github/checks.ts';
import type { Github } from '../github/github.ts';
import { answerState, type DebugView, writeAnswer } from '../reply/answer.ts';
import { readAnswerMark, writeMisplacedMark } from '../reply/answer-mark.ts';
import type { Answer, Check, CheckAnnotation } from '../vocabulary/answer.ts';
import type { BotOperation, BotState } from '../vocabulary/bot-state.ts';
import type { BuildRef, BuildView } from '../vocabulary/build-view.ts';
import { checkOfBuild, checkOfConfig, isLastWord } from './check-run.ts';
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
  /** GitHub may show something else by now: the next delivery says it whatever was said last. */
  tellAnew(key: string): void;
  /** The operation that forgets one. */
  closing(key: string): BotOperation;
}

export function createDeliverer(options: DelivererOptions): Deliverer {
  return new GithubDeliverer(options);
}

class GithubDeliverer implements Deliverer {
  readonly #options: DelivererOptions;
  readonly #twins = new Set<string>();
  /** Key → what GitHub shows. */
  readonly #shown = new Map<string, string>();

  constructor(options: DelivererOptions) {
    this.#options = options;
  }

  async deliver(key: string): Promise<Delivered> {
    const { answers, checks } = this.#options.state();
    const answer = answers.find(({ to }) => key === `answer/${to}`);
    if (answer !== undefined) return await this.#deliverAnswer(key, answer);
    const check = checks.find((one) => key === `check/${one.key}`);
    return check === undefined ? 'final' : await this.#deliverCheck(key, check);
  }

  expectTwins(keys: readonly string[]): void {
    for (const key of keys) this.#twins.add(key);
  }

  tellAnew(key: string): void {
    this.#shown.delete(key);
  }

  closing(key: string): BotOperation {
    if (key.startsWith('answer/')) {
      const named = key.slice('answer/'.length);
      return { kind: 'answered', to: /^\d+$/.test(named) ? Number(named) : (named as Exclude<Answer['to'], number>) };
    }
    return { kind: 'concluded', key: key.slice('check/'.length) };
  }

  async #deliverAnswer(key: string, answer: Answer): Promise<Delivered> {
    const { view, url, debug } = this.#options;
    const refs = answer.sections.flatMap((section) => (section.kind === 'builds' ? section.builds : []));
    const views = new Map(await Promise.all(refs.map(async (ref) => [Number(ref.id), await view(ref)] as const)));
    const body = writeAnswer(answer.to, answer.sections, views, url, debug);
    const unchanged = this.#shown.get(key) === body;
    if (!unchanged) {
      await this.#writeAnswer(key, answer, body);
      this.#shown.set(key, body);
    }
    if (answerState(answer.sections, views, debug) === 'working') return unchanged ? 'unchanged' : 'again';
    return await this.#conclude(key);
  }

  async #writeAnswer(key: string, answer: Answer, body: string): Promise<void> {
    const { github, commit } = this.#options;
    const { to, issue, commit: on } = answer;
    let id = answer.commentId;
    if (id === null && this.#twins.has(key)) id = (await this.#findTwin(answer)) ?? null;
    if (id === null) id = await (on === undefined ? github.createComment(issue, body) : github.commentOn(on, body));
    else if (on === undefined) await github.updateComment(id, body);
    if (answer.commentId !== id) await commit([{ kind: 'commented', to, commentId: id }]);
  }

  async #findTwin({ to, issue, commit: on }: Answer): Promise<number | undefined> {
    const { github } = this.#options;
    const isTwin = (text: string) =>
      typeof to === 'number' ? readAnswerMark(text)?.to === to : text.startsWith(writeMisplacedMark(to));
    if (on !== undefined) return await github.findCommentOn(on, isTwin);
    return await github.findComment(issue, typeof to === 'number' ? to : 0, isTwin);
  }

  async #deliverCheck(key: string, check: Check): Promise<Delivered> {
    const { wanted, isLast } = await this.#wantedOf(check);
    // When it began is told with how it ended: on its own it is not worth a request.
    const text = JSON.stringify(wanted.status === 'completed' ? wanted : { ...wanted, startedAt: null });
    const unchanged = this.#shown.get(key) === text;
    if (!unchanged) {
      await this.#writeCheck(key, check, wanted);
      this.#shown.set(key, text);
    }
    if (isLast) return await this.#conclude(key);
    return unchanged ? 'unchanged' : 'again';
  }

  async #wantedOf(check: Check): Promise<{ readonly wanted: CheckRun; readonly isLast: boolean }> {
    const { view, url } = this.#options;
    if (check.kind === 'config') return { wanted: checkOfConfig(check, url), isLast: true };
    const build = await view(check.build);
    return { wanted: checkOfBuild(check, build, url), isLast: isLastWord(check, build) };
  }

  async #writeCheck(key: string, check: Check, wanted: CheckRun): Promise<void> {
    const { github, commit } = this.#options;
    const annotations = check.kind === 'config' ? check.annotations : [];
    let sent = check.kind === 'config' ? check.sentAnnotations : 0;
    let id = check.checkRunId;
    if (id === null && this.#twins.has(key)) id = (await github.findCheck(wanted)) ?? null;
    do {
      const batch: readonly CheckAnnotation[] = annotations.slice(sent, sent + annotationsPerCall);
      if (id === null) id = await github.createCheck(wanted, batch);
      else await github.updateCheck(id, wanted, batch);
      sent += batch.length;
      if (check.checkRunId !== id || batch.length > 0) {
        await commit([{ kind: 'checked', key: check.key, checkRunId: id, sentAnnotations: sent }]);
      }
    } while (sent < annotations.length);
  }

  async #conclude(key: string): Promise<Delivered> {
    await this.#options.commit([this.closing(key)]);
    this.#shown.delete(key);
    this.#twins.delete(key);
    return 'final';
  }
}
