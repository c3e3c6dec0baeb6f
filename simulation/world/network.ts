/**
 * Connections between processes: each direction in order, with a latency of its own; cut, or silent
 * while the way between two machines is. What was in flight when a connection breaks is lost, and
 * each side hears of the end when word, or the lack of it, reaches it.
 */
import type { EndOfProcess, SimulatedProcess } from "./machine.js";
import type { VirtualTime } from "./virtual-time.js";

export interface NetworkHabits {
  readonly latencyMinMs: number;
  readonly latencyMaxMs: number;
  /** That the connection breaks with a message. */
  readonly breakChance: number;
}

/** After this long without an answer to a probe of the connection, the client gives it up. */
const keepaliveMs = 20_000;

export class Network {
  habits: NetworkHabits = { latencyMinMs: 0, latencyMaxMs: 2, breakChance: 0 };
  readonly time: VirtualTime;
  readonly random: () => number;
  /** Ways on which nothing gets through: `from>to`. */
  readonly #cut = new Set<string>();
  readonly #open = new Set<Connection<never, never>>();

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

  connect<Up, Down>(client: SimulatedProcess, server: SimulatedProcess): Connection<Up, Down> {
    const connection = new Connection<Up, Down>(this, client, server);
    this.#open.add(connection as unknown as Connection<never, never>);
    return connection;
  }

  forget(connection: Connection<never, never>): void {
    this.#open.delete(connection);
  }
}

type Word<T> = { readonly kind: "data"; readonly value: T } | { readonly kind: "end" } | Broken;
interface Broken {
  readonly kind: "broken";
  readonly message: string;
}

/** One side of a connection, shaped like the streams that real sessions use. */
export class StreamEnd<In, Out> {
  /** No principal: a cluster without certificates. */
  readonly metadata = { get: (): string[] => [] };
  readonly #listeners = new Map<string, ((value: never) => void)[]>();
  readonly #send: (word: Word<Out>) => void;
  #over = false;

  constructor(send: (word: Word<Out>) => void) {
    this.#send = send;
  }

  on(event: string, listener: (value: never) => void): this {
    this.#listeners.set(event, [...(this.#listeners.get(event) ?? []), listener]);
    return this;
  }

  write(value: Out): boolean {
    if (!this.#over) this.#send({ kind: "data", value });
    return true;
  }

  end(): void {
    if (!this.#over) this.#send({ kind: "end" });
  }

  cancel(): void {
    this.#break("cancelled");
  }

  /** A server refuses a call by emitting its status. */
  emit(_: "error", error: { readonly message?: string }): void {
    this.#break(error.message ?? "refused");
  }

  /** What the other side, or the way to it, has to say. */
  take(word: Word<In>): void {
    if (this.#over) return;
    if (word.kind === "data") return this.#tell("data", word.value);
    if (word.kind === "end") return this.#tell("end", undefined);
    this.#over = true;
    this.#tell("error", new Error(word.message));
    this.#tell("close", undefined);
  }

  #break(message: string): void {
    if (this.#over) return;
    this.#over = true;
    this.#send({ kind: "broken", message });
  }

  #tell(event: string, value: unknown): void {
    for (const listener of this.#listeners.get(event) ?? []) listener(value as never);
  }
}

interface Way {
  readonly from: SimulatedProcess;
  readonly to: SimulatedProcess;
  readonly deliver: (word: Word<never>) => void;
  readonly waiting: Word<never>[];
  /** Nothing sent later arrives earlier. */
  freeAtMs: number;
  flying: number;
}

export class Connection<Up, Down> {
  readonly client: StreamEnd<Down, Up>;
  readonly server: StreamEnd<Up, Down>;
  readonly #network: Network;
  readonly #up: Way;
  readonly #down: Way;
  #broken = false;
  #probing = false;

  constructor(network: Network, client: SimulatedProcess, server: SimulatedProcess) {
    this.#network = network;
    this.#up = {
      from: client,
      to: server,
      deliver: (word) => this.server.take(word),
      waiting: [],
      freeAtMs: 0,
      flying: 0,
    };
    this.#down = {
      from: server,
      to: client,
      deliver: (word) => this.client.take(word),
      waiting: [],
      freeAtMs: 0,
      flying: 0,
    };
    this.client = new StreamEnd((word) => this.#send(this.#up, word as Word<never>));
    this.server = new StreamEnd((word) => this.#send(this.#down, word as Word<never>));
    client.onEnd((how) => this.#ended(how, this.#up));
    server.onEnd((how) => this.#ended(how, this.#down));
  }

  /** Sends on what waits, where the way is open. */
  pump(): void {
    for (const way of [this.#up, this.#down]) {
      while (way.waiting.length > 0 && this.#isOpen(way)) {
        const word = way.waiting.shift();
        if (word !== undefined) this.#fly(way, word);
      }
    }
  }

  #isOpen({ from, to }: Way): boolean {
    return !this.#network.isCut(from.machine.name, to.machine.name);
  }

  #send(way: Way, word: Word<never>): void {
    if (this.#broken) return;
    const { random, habits } = this.#network;
    if (word.kind === "data" && random() < habits.breakChance) return this.breakOff("broken");
    if (way.waiting.length > 0 || !this.#isOpen(way)) {
      way.waiting.push(word);
      this.#probe();
    } else {
      this.#fly(way, word);
    }
    if (word.kind === "broken") this.#close();
  }

  #fly(way: Way, word: Word<never>): void {
    const { time } = this.#network;
    way.freeAtMs = Math.max(way.freeAtMs, time.nowMs + this.#network.latencyMs());
    time.at(way.freeAtMs, () => {
      if (this.#broken && word.kind !== "broken") return;
      way.to.deliver(() => way.deliver(word));
    });
  }

  /** Both sides find out, each in its own time; what was on its way is lost. */
  breakOff(message: string): void {
    if (this.#broken) return;
    this.#close();
    for (const way of [this.#up, this.#down]) this.#fly(way, { kind: "broken", message });
  }

  /** The client's library asks for signs of life, and gives up without. */
  #probe(): void {
    if (this.#probing) return;
    this.#probing = true;
    this.#network.time.at(this.#network.time.nowMs + keepaliveMs, () => {
      this.#probing = false;
      if (this.#broken) return;
      if (this.#up.waiting.length + this.#down.waiting.length > 0) {
        this.#close();
        this.#fly(this.#down, { kind: "broken", message: "keepalive timeout" });
      }
    });
  }

  /**
   * A killed process's kernel tells the other side. Without power nobody does: a client's probe goes
   * unanswered, and a server may never know.
   */
  #ended(how: EndOfProcess, way: Way): void {
    if (this.#broken) return;
    this.#close();
    if (how === "power" && way === this.#up) return;
    const { time } = this.#network;
    const afterMs = (how === "killed" ? 0 : keepaliveMs) + this.#network.latencyMs();
    time.at(time.nowMs + afterMs, () =>
      way.to.deliver(() => way.deliver({ kind: "broken", message: "connection reset" })),
    );
  }

  #close(): void {
    this.#broken = true;
    this.#network.forget(this as unknown as Connection<never, never>);
  }
}
