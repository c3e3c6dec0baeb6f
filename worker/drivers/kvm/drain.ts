/**
 * What the guest has written may still be with QEMU when the guest's last word is here: a port whose
 * socket is full is set aside until there is room, and `quit` forgets it.
 *
 * The guest writes its last word after its output, so QEMU has all of it by then. Each answer on QMP
 * is a turn of QEMU's main loop, which moves on what there is room for; after a few of them in which
 * nothing came, with us reading, there is nothing left.
 */
import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { QmpClient } from "./qmp.js";

/** One turn sees the room, one passes the bytes on, one is for us to have read them. */
const calmTurns = 3;
const pollMs = 5;

/** Also returns after `limitMs` without a byte, and when QEMU has gone: then nothing more can come. */
export async function drainOutput(
  qmp: QmpClient,
  streams: readonly Socket[],
  limitMs: number,
): Promise<void> {
  const received = (): number => streams.reduce((sum, { bytesRead }) => sum + bytesRead, 0);
  let before = received();
  let calm = 0;
  let changedAtMs = performance.now();
  while (calm < calmTurns && performance.now() - changedAtMs < limitMs) {
    const turn = await Promise.race([
      qmp.execute("query-status"),
      sleep(limitMs, null, { ref: false }),
    ]);
    if (turn === null || !turn.ok) return;
    // Lets the event loop read what has come.
    await sleep(isBehind(streams) ? pollMs : 0);
    const now = received();
    calm = now === before && !isBehind(streams) ? calm + 1 : 0;
    if (now !== before) changedAtMs = performance.now();
    before = now;
  }
}

/** We have not taken in what is there to be read. */
const isBehind = (streams: readonly Socket[]): boolean =>
  streams.some((stream) => stream.readableLength >= stream.readableHighWaterMark);
