/**
 * Somebody who submits jobs over a network that loses and repeats what it carries, with a key for
 * each, again and again until there is an answer.
 */
import { type JobId, jobId } from "../../core/ids.js";
import type { JobSpec } from "../../core/job.js";
import { randomInteger } from "../../core/random.js";
import type { Result } from "../../core/result.js";
import type { Command, Reply } from "../../master/pure/commands.js";
import type { Surroundings } from "../surroundings.js";

export interface RpcHabits {
  readonly lossChance: number;
  readonly repeatChance: number;
}

export const usualCalls: RpcHabits = { lossChance: 0, repeatChance: 0 };

const retryMs = 1_000;
const alphabet = "abcdefghijkmnpqrstuvwxyz23456789";

export class User {
  habits: RpcHabits = usualCalls;
  readonly #world: Surroundings;
  waiting = 0;

  constructor(world: Surroundings) {
    this.#world = world;
  }

  /** Until it is acknowledged, or refused. */
  submit(key: string, spec: JobSpec): void {
    this.waiting += 1;
    const { witness, time } = this.#world;
    let over = false;
    const attempt = (): void => {
      if (over) return;
      const command: Command = {
        type: "Submit",
        jobId: this.#newJobId(),
        spec,
        idempotencyKey: key,
      };
      this.#call(command, (reply) => {
        if (over) return;
        over = true;
        this.waiting -= 1;
        if (!reply.ok) {
          witness.errors.push(`submission ${key} refused: ${reply.error.message}`);
          return;
        }
        if (reply.value.kind !== "submit") return;
        const { jobId: given } = reply.value.submit;
        witness.note(`acknowledged ${key} ${given}`);
        witness.acknowledged.push({ key, jobId: given, atMs: time.nowMs });
      });
      time.at(time.nowMs + retryMs, attempt);
    };
    attempt();
  }

  /** Once, whatever becomes of it. */
  order(command: Command): void {
    this.#call(command, () => undefined);
  }

  #call(command: Command, answer: (reply: Result<Reply>) => void): void {
    const { random, network, time } = this.#world;
    const { lossChance, repeatChance } = this.habits;
    const copies = random() < repeatChance ? 2 : 1;
    for (let copy = 0; copy < copies; copy += 1) {
      if (random() < lossChance) continue;
      // Copies take ways of their own, so they overtake one another.
      const afterMs = network.latencyMs() + (copy === 0 ? 0 : random() * 3_000);
      time.at(time.nowMs + afterMs, () => {
        const life = this.#world.leader();
        life?.process.deliver(() => {
          life.engine.execute(command, "user").then(
            (reply) => {
              if (!life.process.isAlive || random() < lossChance) return;
              time.at(time.nowMs + network.latencyMs(), () => answer(reply));
            },
            () => undefined,
          );
        });
      });
    }
  }

  #newJobId(): JobId {
    const { random } = this.#world;
    const letter = (): string => alphabet[randomInteger(random, alphabet.length)] ?? "a";
    return jobId(Array.from({ length: 10 }, letter).join(""));
  }
}
