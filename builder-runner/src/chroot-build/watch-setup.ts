// How long mock installs what a build needs: for no longer than the package's own time limit, which mock itself holds
// against rpmbuild alone.
import { type StreamedLog, setupStep } from '../mock/mock-log.ts';

interface SetupWatch {
  /** To be told of each line of mock's logs. */
  readonly note: (log: StreamedLog, line: string) => void;
  /** Aborted when the installing has taken too long. */
  readonly tooLong: AbortSignal;
  /** Whether it installs at present, as far as is known. */
  readonly installs: () => boolean;
  /** Nothing is to be aborted any more. */
  readonly stop: () => void;
}

/** `seconds` count from the line that says that it begins: the base of the root is not the package's. */
export function watchSetup(seconds: number): SetupWatch {
  const ends = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const stop = () => {
    clearTimeout(timer);
    timer = undefined;
  };
  return {
    note: (log, line) => {
      const step = setupStep(log, line);
      if (step === undefined) return;
      stop();
      if (step === 'begins') timer = setTimeout(() => ends.abort(), seconds * 1000).unref();
    },
    tooLong: ends.signal,
    installs: () => timer !== undefined,
    stop,
  };
}
