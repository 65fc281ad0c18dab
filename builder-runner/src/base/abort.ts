// The reasons for which work on a task is aborted.

/** Why the work on a task was aborted: somebody canceled the build. */
export class Canceled extends Error {
  override readonly name = 'Canceled';
}

/** Why the work on a task was aborted: the service ends; the task goes back to the queue, uncounted. */
export class ShuttingDown extends Error {
  override readonly name = 'ShuttingDown';
}

/** The work on a task was left where it is, to be taken up at the next start of the service: the task stays claimed. */
export class Left extends Error {
  override readonly name = 'Left';
}
