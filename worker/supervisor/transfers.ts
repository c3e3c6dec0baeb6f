/**
 * What the supervisor has asked the agent to carry. An agent that comes later is asked again for
 * all that is not done, so that killing one loses nothing.
 */
import type { Transfer } from "../data/transfer.js";
import type { SupervisorToAgent } from "../ipc/messages.js";

export interface Transfers {
  /** Resolves when it is done: null, or why it cannot be, in words. Never rejects. */
  carry(transfer: Omit<Transfer, "id">, signal: AbortSignal): Promise<string | null>;
  done(id: number, error: string | null): void;
  pending(): readonly Transfer[];
}

interface Pending {
  readonly transfer: Transfer;
  readonly settle: (error: string | null) => void;
}

export function createTransfers(emit: (message: SupervisorToAgent) => void): Transfers {
  const pending = new Map<number, Pending>();
  let last = 0;

  function done(id: number, error: string | null): void {
    const one = pending.get(id);
    pending.delete(id);
    one?.settle(error);
  }

  return {
    done,
    pending: () => [...pending.values()].map(({ transfer }) => transfer),
    carry(given, signal) {
      if (signal.aborted) return Promise.resolve("stopped");
      last += 1;
      const transfer: Transfer = { ...given, id: last };
      return new Promise((resolve) => {
        const abort = (): void => {
          emit({ kind: "cancel_transfer", id: transfer.id });
          done(transfer.id, "stopped");
        };
        signal.addEventListener("abort", abort, { once: true });
        const settle = (error: string | null): void => {
          signal.removeEventListener("abort", abort);
          resolve(error);
        };
        pending.set(transfer.id, { transfer, settle });
        emit({ kind: "transfer", transfer });
      });
    },
  };
}
