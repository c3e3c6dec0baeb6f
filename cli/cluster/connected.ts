/** Waiting for workers to register with their master. */
import { setTimeout as sleep } from "node:timers/promises";
import { createClient } from "../client.js";
import { failure } from "../failure.js";

const askEveryMs = 50;

/** Throws `unavailable` where not all of them have registered in time. */
export async function untilConnected(
  masterAddress: string,
  names: readonly string[],
  limitMs: number,
): Promise<void> {
  const client = createClient(masterAddress);
  const until = Date.now() + limitMs;
  try {
    for (;;) {
      const workers = await client.workers();
      const connected = new Set(
        (workers.ok ? workers.value : []).flatMap(({ state, facts }) =>
          state === "connected" ? [facts.name] : [],
        ),
      );
      const missing = names.filter((name) => !connected.has(name));
      if (missing.length === 0) return;
      if (Date.now() > until) {
        throw failure("unavailable", `not connected in time: ${missing.join(", ")}`);
      }
      await sleep(askEveryMs);
    }
  } finally {
    client.close();
  }
}
