// Room that a store holds for itself: when the disk is full, it is given up so that what is going on can still be
// written down.
import { randomFillSync } from 'node:crypto';
import { open, rm, stat, statfs, truncate } from 'node:fs/promises';
import { join } from 'node:path';

/** Some thousands of changes. */
const reserveBytes = 1024 ** 2;
/** Where less than that many times the reserve is free, somebody else needs the room more. */
const leastFree = 4;
/** Between two tries to make it again. */
const pauseMilliseconds = 5000;

/** What is given up at once: no more than is needed soon, for others take what is free. */
const partBytes = 64 * 1024;

/** A file in the store's folder, whole or what is left of it. */
export class Reserve {
  readonly #folder: string;
  #isHeld = false;
  #triedAt = Number.NEGATIVE_INFINITY;

  constructor(folder: string) {
    this.#folder = folder;
  }

  get #path() {
    return join(this.#folder, 'reserve');
  }

  /** Makes it where there is room and it is not there, now and then. Never rejects: without it a store works too. */
  async keep(): Promise<void> {
    const now = performance.now();
    if (this.#isHeld || now - this.#triedAt < pauseMilliseconds) return;
    this.#triedAt = now;
    try {
      this.#isHeld = (await this.#size()) >= reserveBytes || ((await this.#isRoom()) && (await this.#make()));
    } catch {
      // What there was before is better than nothing, if it is there still.
    }
  }

  /** Gives a part of the room up; false when there was none. */
  async giveUp(): Promise<boolean> {
    const size = await this.#size();
    this.#isHeld = false;
    this.#triedAt = performance.now();
    if (size > partBytes) await truncate(this.#path, size - partBytes);
    else await rm(this.#path, { force: true });
    return size > 0;
  }

  async #size(): Promise<number> {
    return await stat(this.#path).then(
      ({ size }) => size,
      () => 0,
    );
  }

  async #isRoom(): Promise<boolean> {
    const { bavail, bsize } = await statfs(this.#folder);
    return bavail * bsize >= leastFree * reserveBytes;
  }

  async #make(): Promise<true> {
    const file = await open(this.#path, 'w', 0o600);
    try {
      await file.writeFile(randomFillSync(Buffer.alloc(reserveBytes))); // no file system can keep that in less
      await file.datasync();
    } finally {
      await file.close();
    }
    return true;
  }
}
