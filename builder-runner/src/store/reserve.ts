// Room that a store holds for itself: when the disk is full, it is given up so that what is going on can still be
// written down.
import { randomFillSync } from 'node:crypto';
import { open, rm, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';

/** Some thousands of changes. */
const reserveBytes = 1024 ** 2;
/** Where less than that many times the reserve is free, somebody else needs the room more. */
const leastFree = 4;
/** Between two tries to make it again. */
const pauseMilliseconds = 5000;

/** A file of a size in the store's folder. */
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
      this.#isHeld = (await this.#isThere()) || ((await this.#isRoom()) && (await this.#make()));
    } catch {
      await rm(this.#path, { force: true }).catch(() => undefined);
    }
  }

  /** Gives the room up; true when there was some. */
  async release(): Promise<boolean> {
    const wasThere = await this.#isThere();
    this.#isHeld = false;
    this.#triedAt = performance.now();
    await rm(this.#path, { force: true });
    return wasThere;
  }

  async #isThere(): Promise<boolean> {
    return await stat(this.#path).then(
      ({ size }) => size === reserveBytes,
      () => false,
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
