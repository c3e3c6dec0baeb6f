/** One side of a connection, shaped like the streams that real sessions use. */

/** What travels on a connection. */
export type Word<T> =
  | { readonly kind: "data"; readonly value: T }
  | { readonly kind: "end" }
  | { readonly kind: "broken"; readonly message: string };

interface Listeners<In> {
  readonly data: (value: In) => void;
  readonly error: (error: Error) => void;
  readonly end: () => void;
  readonly close: () => void;
  readonly cancelled: () => void;
  readonly drain: () => void;
}

export class StreamEnd<In, Out> {
  /** No principal: a cluster without certificates. */
  readonly metadata = { get: (): string[] => [] };
  readonly #send: (word: Word<Out>) => void;
  readonly #listeners: { readonly [E in keyof Listeners<In>]: Listeners<In>[E][] } = {
    data: [],
    error: [],
    end: [],
    close: [],
    cancelled: [],
    drain: [],
  };
  #isOver = false;

  constructor(send: (word: Word<Out>) => void) {
    this.#send = send;
  }

  /** Of the same machine, as far as secrets are concerned. */
  getPeer(): string {
    return "127.0.0.1:1";
  }

  on<E extends keyof Listeners<In>>(event: E, listener: Listeners<In>[E]): this {
    this.#listeners[event].push(listener);
    return this;
  }

  write(value: Out): boolean {
    if (!this.#isOver) this.#send({ kind: "data", value });
    return true;
  }

  end(): void {
    if (!this.#isOver) this.#send({ kind: "end" });
  }

  cancel(): void {
    this.#break("cancelled");
  }

  /** A server refuses a call by emitting its status. */
  emit(_: "error", { message = "refused" }: { readonly message?: string }): void {
    this.#break(message);
  }

  /** What the other side, or the way to it, has to say. */
  take(word: Word<In>): void {
    if (this.#isOver) return;
    if (word.kind === "data") {
      for (const listener of this.#listeners.data) listener(word.value);
    } else if (word.kind === "end") {
      for (const listener of this.#listeners.end) listener();
    } else {
      this.#isOver = true;
      for (const listener of this.#listeners.error) listener(new Error(word.message));
      for (const listener of this.#listeners.close) listener();
    }
  }

  #break(message: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#send({ kind: "broken", message });
  }
}
