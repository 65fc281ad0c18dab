// Which room works off which kind of job, and what follows when that is done or has failed.
import { setTimeout as sleep } from 'node:timers/promises';
import { GitError } from '@coppice/builder-runner/remote';
import type { Log } from '@coppice/builder-runner/runner';
import type { Reactions } from '../answers/reactions.ts';
import type { Reporter } from '../answers/report.ts';
import type { Complain } from '../answers/tell-failure.ts';
import { handleCheckEvent } from '../check-actions/handle-button.ts';
import { type CommentContext, handleComment, reactionTo } from '../commands/handle-comment.ts';
import { handleMisplaced } from '../commands/handle-misplaced.ts';
import type { CommentReader } from '../commands/read/read-ahead.ts';
import type { People } from '../people/people.ts';
import { handleGroup } from '../pull-requests/handle-group.ts';
import { handlePull, type PullContext } from '../pull-requests/handle-pull.ts';
import { handlePush, type PushContext } from '../pushes/handle-push.ts';
import { type TakeAwayContext, takeAwayDue } from '../pushes/take-away.ts';
import type { BotState, Handled } from '../vocabulary/bot-state.ts';
import type { Delivery } from '../vocabulary/job.ts';
import type { InboxWorker } from './inbox.ts';
import type { Reconciler } from './reconcile.ts';

interface WorkContext {
  readonly pushes: PushContext;
  readonly departures: TakeAwayContext;
  readonly pulls: PullContext;
  readonly commands: CommentContext;
  readonly comments: CommentReader;
  readonly reconciler: Pick<Reconciler, 'catchUp'>;
  readonly reporter: Pick<Reporter, 'track'>;
  readonly reactions: Pick<Reactions, 'react'>;
  readonly complain: Complain;
  readonly people: Pick<People, 'meet'>;
  readonly state: () => BotState;
  /** Called after each that was worked off. */
  readonly tend: () => void;
  readonly log: Log;
}

export function createWorker(context: WorkContext): InboxWorker {
  const { pulls, comments, reconciler, reporter, reactions, complain, tend, log } = context;
  const forget = (id: string) => {
    comments.forget(id);
    pulls.aside.forget(id);
  };
  return {
    before: (_delivery, heardAt) =>
      reconciler
        .catchUp(heardAt)
        .catch((error: unknown) =>
          log('warn', 'GitHub could not be asked whether a push was missed; what is known counts', { error }),
        ),
    work: (delivery) => workOff(delivery, context),
    isQuick: ({ id }) => comments.isQuick(id),
    done({ id, job }, { answer, checks }) {
      forget(id);
      reporter.track(answer, checks);
      if (job.kind === 'comment' && answer !== undefined)
        reactions.react(job.comment, reactionTo(answer.sections), job.actor);
      tend();
    },
    failed({ id, job }, error) {
      forget(id);
      return complain(`Delivery ${id} could not be worked off`, job, error);
    },
  };
}

async function workOff({ id, job }: Delivery, context: WorkContext): Promise<Handled> {
  const { pushes, departures, pulls, commands, comments, people, log } = context;
  switch (job.kind) {
    case 'push':
      return await patiently(() => handlePush(job, id, pushes), log);
    case 'take-away':
      return await takeAwayDue(job, departures);
    case 'pull':
      return await patiently(() => handlePull(job, id, pulls), log);
    case 'group':
      return await patiently(() => handleGroup(job, id, pulls), log);
    case 'check':
      await people.meet(job.actor, job.actorId);
      return await patiently(() => handleCheckEvent(job, id, pulls), log);
    case 'misplaced':
      return await handleMisplaced(job, context.state());
    case 'comment': {
      const parsed = await comments.read(id, job);
      if (parsed !== 'tangled' && parsed.commands.length === 0) return { checks: [] };
      await people.meet(job.actor, job.actorId);
      return await handleComment(job, parsed, id, commands);
    }
  }
}

const retryMilliseconds = [500, 3000];

/** Git over a network fails now and then: twice more, then the error. */
async function patiently<T>(work: () => Promise<T>, log: Log): Promise<T> {
  for (const wait of retryMilliseconds) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof GitError)) throw error;
      log('warn', `The config repo could not be read; next try in ${wait} ms`, { error });
      await sleep(wait);
    }
  }
  return await work();
}
