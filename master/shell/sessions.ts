/**
 * The master's side of WorkerService.Session: one stream per worker, opened by its Hello. Messages
 * are acknowledged when their effects are durable.
 */
import type { Metadata, ServiceError } from "@grpc/grpc-js";
import type { Logger } from "pino";
import type { AttemptId, Incarnation, WorkerId } from "../../core/ids.js";
import { sameIncarnation } from "../../core/ids.js";
import type { AlmanacError } from "../../core/result.js";
import type { LaunchSecrets } from "../../core/secrets.js";
import type { Hello, Launch, MasterMessage, Welcome, WorkerMessage } from "../../core/session.js";
import { toServiceError } from "../../proto/codec/errors.js";
import type { MasterMessageWire, WorkerMessageWire } from "../../proto/codec/services.js";
import { decodeWorkerMessage, encodeMasterMessage } from "../../proto/codec/worker.js";
import { type DecidedLaunch, type WorkerCommands, welcome } from "../pure/effects.js";
import type { SecretNeeds } from "../pure/secrets.js";
import { versionRefusal } from "../pure/versions.js";
import type { Engine } from "./engine.js";
import { mayBeWorker } from "./principal.js";
import { type Evidence, verifiedReports } from "./reported-outputs.js";

/** What of a worker's stream is used here. */
export interface WorkerStream {
  readonly metadata: Pick<Metadata, "get">;
  /** `address:port` of the other end. */
  getPeer(): string;
  on(event: "data", listener: (message: WorkerMessageWire) => void): unknown;
  on(event: "end" | "error" | "close" | "cancelled", listener: () => void): unknown;
  write(message: MasterMessageWire): unknown;
  end(): unknown;
  /** Refuses it, with a status. */
  emit(event: "error", error: Partial<ServiceError>): unknown;
}

export interface SessionsOptions {
  readonly engine: Engine;
  readonly received: Evidence;
  /** The values that a launch needs, if they may go to the other end of this stream. */
  readonly reveal: (needs: SecretNeeds, to: WorkerStream) => LaunchSecrets;
  readonly heartbeatIntervalMs: number;
  /** The master's own. */
  readonly version: string;
  readonly log: Logger;
}

export class Sessions {
  readonly #options: SessionsOptions;
  readonly #open = new Map<WorkerId, Session>();

  constructor(options: SessionsOptions) {
    this.#options = options;
  }

  /** Commands for a worker that is away wait for its next Hello, which states what it knows. */
  send(worker: WorkerId, commands: WorkerCommands): void {
    this.#open.get(worker)?.send(commands);
  }

  /** It was lost, so what it says counts no more: it has to say Hello again, with all that is true. */
  drop(worker: WorkerId): void {
    this.#open.get(worker)?.end();
  }

  accept(stream: WorkerStream): void {
    const session: Session = new Session(stream, this.#options, {
      opened: (incarnation) => this.#opened(session, incarnation),
      closed: () => this.#closed(session),
    });
  }

  closeAll(): void {
    for (const session of this.#open.values()) session.end();
  }

  /** A second stream of the same incarnation replaces the first; of another, only a dead one. */
  #opened(session: Session, incarnation: Incarnation): AlmanacError | null {
    const { engine, heartbeatIntervalMs } = this.#options;
    const before = this.#open.get(incarnation.worker);
    const other = before?.incarnation ?? null;
    if (before !== undefined && other !== null && !sameIncarnation(other, incarnation)) {
      const silentMs = engine.nowMs - (engine.lastHeard.get(incarnation.worker) ?? 0);
      if (silentMs < 3 * heartbeatIntervalMs) {
        const message = `worker ${incarnation.worker} is connected in another incarnation`;
        return { code: "already_exists", message, violations: [] };
      }
    }
    this.#open.set(incarnation.worker, session);
    before?.end();
    return null;
  }

  #closed(session: Session): void {
    const { incarnation } = session;
    if (incarnation === null || this.#open.get(incarnation.worker) !== session) return;
    this.#open.delete(incarnation.worker);
    void this.#options.engine
      .execute({ type: "WorkerDisconnected", incarnation }, "master")
      .catch(() => {});
  }
}

interface Hooks {
  readonly opened: (incarnation: Incarnation) => AlmanacError | null;
  readonly closed: () => void;
}

class Session {
  incarnation: Incarnation | null = null;
  readonly #stream: WorkerStream;
  readonly #options: SessionsOptions;
  readonly #hooks: Hooks;
  #sequence = 0;
  /** Highest worker sequence whose effects are durable, with those of all before it. */
  #taken = 0;
  /** A heartbeat is through at once, and must not acknowledge the report before it. */
  readonly #undecided = new Set<number>();
  #newest = 0;
  /** Commands decided before the Welcome has gone out; null afterwards. */
  #held: WorkerCommands[] | null = [];
  #ended = false;

  constructor(stream: WorkerStream, options: SessionsOptions, hooks: Hooks) {
    this.#stream = stream;
    this.#options = options;
    this.#hooks = hooks;
    stream.on("data", (wire: WorkerMessageWire) => {
      void this.#receive(wire).catch((error: unknown) => this.#fail(error));
    });
    stream.on("end", () => this.end());
    stream.on("error", () => this.#close());
    stream.on("close", () => this.#close());
    stream.on("cancelled", () => this.#close());
  }

  send(commands: WorkerCommands): void {
    if (this.#held === null) this.#write({ welcome: null, ...commands });
    else this.#held.push(commands);
  }

  end(): void {
    if (!this.#ended) this.#stream.end();
    this.#close();
  }

  async #receive(wire: WorkerMessageWire): Promise<void> {
    const decoded = decodeWorkerMessage(wire);
    if (!decoded.ok) return this.#refuse(decoded.error);
    const message = decoded.value;
    if (message.hello !== null) return this.#hello(message, message.hello);
    const { incarnation } = this;
    if (incarnation === null) {
      const error = { code: "failed_precondition" as const, violations: [] };
      return this.#refuse({ ...error, message: "the first message must be a Hello" });
    }
    const { engine, received } = this.#options;
    engine.lastHeard.set(incarnation.worker, engine.nowMs);
    const { started, refused, heartbeat, held = [] } = message;
    if (heartbeat !== null) engine.heartbeats.set(incarnation.worker, heartbeat);
    this.#undecided.add(message.sequence);
    if (started.length + message.finished.length + refused.length + held.length > 0) {
      const finished = await verifiedReports(received, message.finished);
      const reply = await engine.execute(
        { type: "WorkerReport", incarnation, started, finished, refused, held },
        `worker ${incarnation.worker}`,
      );
      if (!reply.ok) return this.#refuse(reply.error);
      await received.sent?.forget(finished.map(({ attempt }) => attempt));
    }
    this.#acknowledge(message.sequence);
  }

  async #hello(message: WorkerMessage, told: Hello): Promise<void> {
    const { engine, received, heartbeatIntervalMs, version, log } = this.#options;
    const { incarnation, facts } = told;
    // Before it takes the place of the session that is there.
    const impostor = mayBeWorker(this.#stream.metadata, incarnation.worker);
    if (impostor !== null) return this.#refuse(impostor);
    const stranger = versionRefusal(incarnation.worker, facts.softwareVersion, version);
    if (stranger !== null) return this.#refuse(stranger);
    const refused = this.#hooks.opened(incarnation);
    if (refused !== null) return this.#refuse(refused);
    this.incarnation = incarnation;
    engine.lastHeard.set(incarnation.worker, engine.nowMs);
    const principal = `worker ${incarnation.worker}`;
    const unacknowledged = await verifiedReports(received, told.unacknowledged);
    const hello = { ...told, unacknowledged };
    const reply = await engine.execute({ type: "WorkerHello", hello }, principal);
    if (!reply.ok) return this.#refuse(reply.error);
    // What was decided while the Hello became durable is in the state, and so in the answer.
    const { keep, kill, commands } = welcome(engine.state, hello);
    await engine.durable();
    this.#taken = message.sequence;
    this.#newest = message.sequence;
    const held = this.#held ?? [];
    this.#held = null;
    const answer: Welcome = {
      epoch: engine.state.epoch,
      heartbeatIntervalMs,
      silenceLimitMs: engine.state.settings.silenceLimitMs,
      keep,
      kill,
    };
    this.#write({ welcome: answer, ...commands });
    // Some of these stand in the Welcome's commands already: the worker takes each once.
    for (const late of held) this.send(late);
    log.info(
      { worker: incarnation.worker, live: hello.live.length, reports: unacknowledged.length },
      "worker registered",
    );
  }

  #acknowledge(sequence: number): void {
    this.#undecided.delete(sequence);
    this.#newest = Math.max(this.#newest, sequence);
    this.#taken = Math.min(this.#newest, ...[...this.#undecided].map((one) => one - 1));
    this.#write({ welcome: null, launches: [], stops: [], holds: [], leave: false });
  }

  #write(part: Pick<MasterMessage, "welcome"> & WorkerCommands): void {
    if (this.#ended) return;
    this.#sequence++;
    const launches = part.launches
      .filter(({ attempt }) => this.#isLive(attempt))
      .map((launch) => this.#revealed(launch));
    const said = { sequence: this.#sequence, acknowledged: this.#taken, ...part, launches };
    this.#stream.write(encodeMasterMessage(said));
  }

  /** What became durable late may have been given up meanwhile, when another supervisor came. */
  #isLive(attempt: AttemptId): boolean {
    const { engine } = this.#options;
    const worker = this.incarnation && engine.state.workers.get(this.incarnation.worker);
    return worker?.live.has(attempt) === true;
  }

  /** Only here, where it leaves: what waits for its turn has no values. */
  #revealed({ needs, ...launch }: DecidedLaunch): Launch {
    if (needs === undefined) return launch;
    return { ...launch, secrets: this.#options.reveal(needs, this.#stream) };
  }

  #refuse(error: AlmanacError): void {
    this.#options.log.warn({ error }, "session refused");
    this.#stream.emit("error", toServiceError(error));
    this.#close();
  }

  #fail(error: unknown): void {
    this.#options.log.warn({ err: error }, "session failed");
    this.end();
  }

  #close(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#hooks.closed();
  }
}
