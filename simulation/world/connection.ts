/**
 * A connection between two processes: each direction in order, with a latency of its own. What is in
 * flight when it breaks is lost, and each side hears of the end when word of it, or the lack of any
 * word, reaches it.
 */
import type { EndOfProcess, SimulatedProcess } from "./machine.js";
import type { Network } from "./network.js";
import { StreamEnd, type Word } from "./stream-end.js";

/** After this long without an answer to its probe, a client gives the connection up. */
const keepaliveMs = 20_000;

/** One direction. */
interface Way<T> {
  readonly from: SimulatedProcess;
  readonly to: SimulatedProcess;
  readonly deliver: (word: Word<T>) => void;
  /** What the network does not let through now. */
  readonly waiting: Word<T>[];
  /** Nothing sent later arrives earlier. */
  freeAtMs: number;
}

export class Connection<Up, Down> {
  readonly client: StreamEnd<Down, Up>;
  readonly server: StreamEnd<Up, Down>;
  readonly #network: Network;
  readonly #up: Way<Up>;
  readonly #down: Way<Down>;
  #isBroken = false;
  #isProbing = false;

  constructor(network: Network, client: SimulatedProcess, server: SimulatedProcess) {
    this.#network = network;
    this.client = new StreamEnd((word) => this.#send(this.#up, word));
    this.server = new StreamEnd((word) => this.#send(this.#down, word));
    this.#up = wayOf<Up>(client, server, (word) => this.server.take(word));
    this.#down = wayOf<Down>(server, client, (word) => this.client.take(word));
    client.onEnd((how) => this.#ended(how, this.#up));
    server.onEnd((how) => this.#ended(how, this.#down));
    network.remember(this);
  }

  /** Sends on what waits, where the way is open. */
  pump(): void {
    this.#pump(this.#up);
    this.#pump(this.#down);
  }

  #pump<T>(way: Way<T>): void {
    while (way.waiting.length > 0 && this.#isOpen(way)) {
      const word = way.waiting.shift();
      if (word !== undefined) this.#fly(way, word);
    }
  }

  #isOpen<T>({ from, to }: Way<T>): boolean {
    return !this.#network.isCut(from.machine.name, to.machine.name);
  }

  #send<T>(way: Way<T>, word: Word<T>): void {
    if (this.#isBroken) return;
    const { random, habits } = this.#network;
    if (word.kind === "data" && random() < habits.breakChance) return this.#breakOff();
    if (way.waiting.length > 0 || !this.#isOpen(way)) {
      way.waiting.push(word);
      this.#probe();
    } else {
      this.#fly(way, word);
    }
    if (word.kind === "broken") this.#close();
  }

  #fly<T>(way: Way<T>, word: Word<T>): void {
    const { time } = this.#network;
    way.freeAtMs = Math.max(way.freeAtMs, time.nowMs + this.#network.latencyMs());
    time.at(way.freeAtMs, () => {
      if (this.#isBroken && word.kind !== "broken") return;
      way.to.deliver(() => way.deliver(word));
    });
  }

  /** Both sides find out, each in its own time. */
  #breakOff(): void {
    this.#close();
    this.#fly(this.#up, { kind: "broken", message: "broken" });
    this.#fly(this.#down, { kind: "broken", message: "broken" });
  }

  #probe(): void {
    if (this.#isProbing) return;
    this.#isProbing = true;
    const { time } = this.#network;
    time.at(time.nowMs + keepaliveMs, () => {
      this.#isProbing = false;
      if (this.#isBroken || this.#up.waiting.length + this.#down.waiting.length === 0) return;
      this.#close();
      this.#fly(this.#down, { kind: "broken", message: "keepalive timeout" });
    });
  }

  /**
   * A killed process's kernel tells the other side. Without power nobody does: a client's probe goes
   * unanswered, and a server may never know.
   */
  #ended<T>(how: EndOfProcess, way: Way<T>): void {
    if (this.#isBroken) return;
    this.#close();
    if (how === "power" && way.to === this.#up.to) return;
    const { time } = this.#network;
    const afterMs = (how === "killed" ? 0 : keepaliveMs) + this.#network.latencyMs();
    time.at(time.nowMs + afterMs, () =>
      way.to.deliver(() => way.deliver({ kind: "broken", message: "connection reset" })),
    );
  }

  #close(): void {
    this.#isBroken = true;
    this.#network.forget(this);
  }
}

const wayOf = <T>(
  from: SimulatedProcess,
  to: SimulatedProcess,
  deliver: (word: Word<T>) => void,
): Way<T> => ({ from, to, deliver, waiting: [], freeAtMs: 0 });
