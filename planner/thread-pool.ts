/**
 * Solver threads, reused from plan to plan. A thread that crashed, or did not come back from a step
 * in time, is ended and another takes its place when one is needed.
 */
import { Worker } from "node:worker_threads";
import type { FromThread, ToThread } from "./thread-protocol.js";

export interface ThreadPoolOptions {
  /** File of the bundled solver thread. */
  readonly entry: string;
  /** Threads kept when idle. */
  readonly idleMax: number;
  readonly memoryMiBMax: number;
}

/** What the holder of a thread hears from it. */
export interface ThreadListener {
  message(message: FromThread): void;
  /** Once, and nothing after it. */
  crashed(reason: string): void;
}

export class SolverThread {
  listener: ThreadListener | null = null;
  alive = true;
  readonly worker: Worker;

  constructor(entry: string, memoryMiBMax: number) {
    this.worker = new Worker(entry, {
      name: "almanac-solver",
      resourceLimits: { maxOldGenerationSizeMb: memoryMiBMax },
    });
    // Idle threads must not keep a process alive that has nothing else to do.
    this.worker.unref();
    this.worker.on("message", (message: FromThread) => this.listener?.message(message));
    this.worker.on("error", (error) => this.crash(error.message));
    this.worker.on("exit", (code) => this.crash(`solver thread ended with code ${code}`));
  }

  post(message: ToThread): void {
    if (this.alive) this.worker.postMessage(message);
  }

  private crash(reason: string): void {
    if (!this.alive) return;
    this.alive = false;
    this.listener?.crashed(reason);
    this.listener = null;
  }
}

export class ThreadPool {
  private readonly idle: SolverThread[] = [];
  private readonly leased = new Set<SolverThread>();
  private readonly ending = new Set<Promise<void>>();
  private closed = false;
  private readonly options: ThreadPoolOptions;

  constructor(options: ThreadPoolOptions) {
    this.options = options;
    for (let i = 0; i < options.idleMax; i += 1) this.idle.push(this.create());
  }

  lease(listener: ThreadListener): SolverThread {
    let thread = this.idle.pop();
    while (thread !== undefined && !thread.alive) thread = this.idle.pop();
    thread ??= this.create();
    thread.listener = listener;
    this.leased.add(thread);
    return thread;
  }

  /** Gives a thread back that has answered its last step. */
  release(thread: SolverThread): void {
    this.leased.delete(thread);
    thread.listener = null;
    if (thread.alive && this.idle.length < this.options.idleMax) {
      thread.post({ kind: "end" });
      this.idle.push(thread);
    } else {
      this.end(thread);
    }
  }

  /** Ends a thread in the middle of whatever it does, and has another one ready in its place. */
  discard(thread: SolverThread): void {
    this.leased.delete(thread);
    thread.listener = null;
    this.end(thread);
    if (!this.closed && this.idle.length < this.options.idleMax) this.idle.push(this.create());
  }

  /** Resolves when every thread has ended. */
  async close(): Promise<void> {
    this.closed = true;
    for (const thread of [...this.idle.splice(0), ...this.leased]) this.discard(thread);
    await Promise.all(this.ending);
  }

  private end(thread: SolverThread): void {
    const ended = thread.worker.terminate().then(() => {
      this.ending.delete(ended);
    });
    this.ending.add(ended);
  }

  private create(): SolverThread {
    return new SolverThread(this.options.entry, this.options.memoryMiBMax);
  }
}
