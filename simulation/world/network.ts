/** What lies between machines: latency, connections that break, and ways that are cut. */
import type { VirtualTime } from "./virtual-time.js";

export interface NetworkHabits {
  readonly latencyMinMs: number;
  readonly latencyMaxMs: number;
  /** That a connection breaks with a message. */
  readonly breakChance: number;
}

export const usualNetwork: NetworkHabits = { latencyMinMs: 0, latencyMaxMs: 2, breakChance: 0 };

/** Has words that wait until their way is open again. */
interface Waiting {
  pump(): void;
}

export class Network {
  habits: NetworkHabits = usualNetwork;
  readonly time: VirtualTime;
  readonly random: () => number;
  /** Ways on which nothing gets through: `from>to`. */
  readonly #cut = new Set<string>();
  readonly #open = new Set<Waiting>();

  constructor(time: VirtualTime, random: () => number) {
    this.time = time;
    this.random = random;
  }

  cut(from: string, to: string): void {
    this.#cut.add(`${from}>${to}`);
  }

  /** What waited on the way goes on, as it does when packets are sent again. */
  mend(from: string, to: string): void {
    this.#cut.delete(`${from}>${to}`);
    for (const one of this.#open) one.pump();
  }

  isCut(from: string, to: string): boolean {
    return this.#cut.has(`${from}>${to}`);
  }

  latencyMs(): number {
    const { latencyMinMs, latencyMaxMs } = this.habits;
    return latencyMinMs + this.random() * (latencyMaxMs - latencyMinMs);
  }

  remember(connection: Waiting): void {
    this.#open.add(connection);
  }

  forget(connection: Waiting): void {
    this.#open.delete(connection);
  }
}
