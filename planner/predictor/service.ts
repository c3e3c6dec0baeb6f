/**
 * Models in service: versions on disk, where each stands in its life, and which of them are asked
 * (sessions.ts): the active one and at most two shadows.
 */
import type { ModelChoice, ModelMetrics, ModelProposal, ModelView } from "../../core/prediction.js";
import type { Manifest } from "../../models/manifest.js";
import { slicesOf } from "../../models/pure/evaluate.js";
import type { ModelWords } from "../../models/pure/experts.js";
import { featureCount, schemaText } from "../../models/pure/features.js";
import {
  activeOf,
  choose,
  enter,
  type Lifecycle,
  type Loss,
  type Proposal,
  pin,
  shadowsOf,
} from "../../models/pure/lifecycle.js";
import type { ServingFold } from "../../models/pure/serving-fold.js";
import { type Registry, sha256Of } from "../../models/registry.js";
import { type ModelSession, openModel } from "../../models/session.js";
import { messageOf, type Say } from "./say.js";
import { type Failed, OpenSessions } from "./sessions.js";
import { statesToWrite, viewOf } from "./standing.js";

export const schemaSha256 = sha256Of(schemaText);

const shadowsMax = 2;

export class ModelService {
  readonly #registry: Registry;
  readonly #fold: ServingFold;
  readonly #say: Say;
  readonly manifests = new Map<string, Manifest>();
  readonly #sessions = new OpenSessions((version) => this.#openToServe(version));
  /** Not asked any more, and why. */
  readonly #broken = new Map<string, string>();
  #proposal: ModelProposal | null = null;
  /** Chosen, but the history that is being told has not come to where it came to be. */
  #awaited: { readonly version: string; readonly choice: ModelChoice } | null = null;
  /** Writes to the disk, one after the other. */
  #writing: Promise<void> = Promise.resolve();

  private constructor(registry: Registry, fold: ServingFold, say: Say) {
    this.#registry = registry;
    this.#fold = fold;
    this.#say = say;
  }

  /** Reads what is on disk; what is not whole is left alone, and said. */
  static async open(registry: Registry, fold: ServingFold, say: Say): Promise<ModelService> {
    const service = new ModelService(registry, fold, say);
    for (const version of await registry.list()) {
      try {
        service.manifests.set(version, (await registry.read(version)).manifest);
      } catch (error) {
        say("warn", "a model cannot be read", { version, error: messageOf(error) });
      }
    }
    return service;
  }

  get lifecycle(): Lifecycle {
    return this.#fold.serving.lifecycle;
  }

  get proposal(): ModelProposal | null {
    return this.#awaited === null ? this.#proposal : null;
  }

  bySha256(sha256: string): string | null {
    for (const [version, manifest] of this.manifests) {
      if (manifest.sha256 === sha256) return version;
    }
    return null;
  }

  read = async (version: string): Promise<Uint8Array> => (await this.#registry.read(version)).model;

  /** Stores a version; it is no more than a candidate until it enters. */
  async add(manifest: Manifest, model: Uint8Array): Promise<string> {
    await this.#writing;
    const version = await this.#registry.add(manifest, model);
    this.manifests.set(version, manifest);
    return version;
  }

  isEntered = (version: string): boolean =>
    this.lifecycle.versions.some((known) => known.version === version);

  /**
   * Takes a version through the first gate, by what it was measured at where the history stood at
   * `entered`; one that could not be measured is retired.
   */
  async enterMeasured(
    version: string,
    measured: Measured | string,
    entered: Manifest["entered"],
  ): Promise<void> {
    const manifest = this.manifests.get(version);
    if (manifest === undefined) return;
    if (typeof measured === "string") return this.retire(version, measured);
    const { offline, active } = measured;
    const { line, origin } = manifest;
    // What this cluster trains again and again has passed the gate as a line, once it is active.
    const isSuccessor = origin === "history" && activeOf(this.lifecycle)?.line === line;
    const slice = isSuccessor ? null : slicesOf(offline, active);
    const proposed = enter(this.lifecycle, { version, line, slice });
    this.manifests.set(version, {
      ...manifest,
      entered,
      offline,
      ...(active === null ? {} : { activeThen: active }),
    });
    this.propose(proposed);
    await this.#settle();
    const { state, because } = this.lifecycle.versions.find((one) => one.version === version) ?? {};
    this.#say("info", "a model has come", { version, line: manifest.line, state, because });
  }

  /** One that can never be asked. */
  retire(version: string, because: string): void {
    const line = this.manifests.get(version)?.line ?? "";
    this.lifecycle.versions.push({ version, line, state: "retired", because });
    this.#say("warn", "a model is of no use", { version, because });
    this.#writeDown();
  }

  /**
   * What the cluster has decided to serve. One that is of later than the history that is being told
   * is served once that has come so far: it must not be judged by the runs that it was made of.
   */
  async choose(choice: ModelChoice): Promise<void> {
    const version = choice.sha256 === null ? null : this.bySha256(choice.sha256);
    if (choice.sha256 !== null && version === null) {
      this.#say("warn", "the chosen model is not here: none is served", { ...choice });
    }
    const isEarly = version !== null && !this.hasCome(version);
    this.#awaited = isEarly ? { version, choice } : null;
    await this.#choose(isEarly ? null : version, choice);
  }

  /** Serves what was chosen before the history had come to it; false: there is nothing to do. */
  async chooseAwaited(): Promise<boolean> {
    const awaited = this.#awaited;
    if (awaited === null || !this.hasCome(awaited.version)) return false;
    this.#awaited = null;
    await this.#choose(awaited.version, awaited.choice);
    return true;
  }

  /** Whether the history has come to where this version entered. */
  hasCome(version: string): boolean {
    const { sequence, nowMs } = this.#fold;
    const { entered } = this.manifests.get(version) ?? {};
    if (entered === undefined || entered.atMs > nowMs) return false;
    return entered.atMs < nowMs || entered.sequence <= sequence;
  }

  /** Whether a version of its line that is as new or newer has entered. */
  isOutdated(version: string): boolean {
    const { line, trainedAtMs = 0 } = this.manifests.get(version) ?? {};
    return this.lifecycle.versions.some(
      (known) =>
        known.line === line &&
        known.state !== "retired" &&
        (this.manifests.get(known.version)?.trainedAtMs ?? 0) > trainedAtMs,
    );
  }

  async #choose(version: string | null, choice: ModelChoice): Promise<void> {
    const manifest = version === null ? undefined : this.manifests.get(version);
    if (version !== null && manifest !== undefined && !this.isEntered(version)) {
      // A person may choose what no gate has seen.
      const { line } = manifest;
      this.lifecycle.versions.push({ version, line, state: "shadow", because: "chosen" });
      if (!this.lifecycle.lines.some((known) => known.line === line)) {
        const none = { p50: 0, p90: 0 };
        this.lifecycle.lines.push({ line, runs: 0, loss: none, statistics: none, covered: 0 });
      }
    }
    if (version !== null) this.#broken.delete(version);
    choose(this.lifecycle, version);
    pin(this.lifecycle, choice.pinned ? version : null);
    this.#proposal = null;
    await this.#settle();
    this.#say("info", "what is served was chosen", { version, pinned: choice.pinned });
  }

  /** What follows from runs and new versions is proposed until something is chosen. */
  propose(proposed: Proposal | null): void {
    if (proposed === null) return;
    const { kind, version, because: reason } = proposed;
    const manifest = kind === "promote" ? this.manifests.get(version) : undefined;
    if (this.#proposal === null) this.#say("info", "proposes", { kind, version, reason });
    this.#proposal =
      manifest === undefined
        ? { sha256: null, version: "", reason }
        : { sha256: manifest.sha256, version, reason };
  }

  /** Words of every version in service, or of the active one alone, for each of the rows. */
  async words(
    matrix: Float32Array,
    rows: number,
    whose: "all" | "active",
  ): Promise<ReadonlyMap<string, ModelWords>[]> {
    const active = activeOf(this.lifecycle)?.version;
    const { words, failed } = await this.#sessions.words(matrix, rows, (version) =>
      whose === "all" ? true : version === active,
    );
    for (const one of failed) await this.#takeOut(one);
    return words;
  }

  /** Words of one version, in service or not; null, where it says nothing of use. */
  async wordsOf(version: string, matrix: Float32Array, rows: number): Promise<Words | string> {
    try {
      const session = await this.#open(version);
      try {
        return await session.words(matrix, rows);
      } finally {
        await session.release();
      }
    } catch (error) {
      return messageOf(error);
    }
  }

  view = (version: string, manifest: Manifest): ModelView =>
    viewOf(version, manifest, this.lifecycle, this.#broken.get(version) ?? null);

  views(): ModelView[] {
    return [...this.manifests].map(([version, manifest]) => this.view(version, manifest));
  }

  async close(): Promise<void> {
    await this.#sessions.settle(new Map());
    await this.#writing;
  }

  /** What is said without it goes on. */
  async #takeOut({ version, why }: Failed): Promise<void> {
    this.#say("warn", "a model is taken out of service", { version, why });
    this.#broken.set(version, why);
    const isActive = activeOf(this.lifecycle)?.version === version;
    if (isActive && this.lifecycle.pinned === null) {
      this.#proposal = { sha256: null, version: "", reason: `version ${version}: ${why}` };
    }
    const known = this.lifecycle.versions.find((one) => one.version === version);
    if (known?.state === "shadow") {
      known.state = "retired";
      known.because = `out of service: ${why}`;
    }
    await this.#settle();
  }

  /** Opens and closes sessions until those are open that should be; then writes the states down. */
  async #settle(): Promise<void> {
    const active = activeOf(this.lifecycle);
    const rivals = shadowsOf(this.lifecycle).filter(({ line }) => line !== active?.line);
    const wanted = new Map<string, string>();
    for (const { line, version } of [
      ...(active === undefined ? [] : [active]),
      ...rivals.slice(-shadowsMax),
    ]) {
      if (this.manifests.has(version) && !this.#broken.has(version)) wanted.set(line, version);
    }
    for (const one of await this.#sessions.settle(wanted)) await this.#takeOut(one);
    const { lines } = this.#fold.serving;
    const isAlive = (line: string): boolean =>
      this.lifecycle.versions.some((known) => known.line === line && known.state !== "retired");
    for (const line of [...lines.keys()]) if (!isAlive(line)) lines.delete(line);
    this.#writeDown();
  }

  async #openToServe(version: string): Promise<ModelSession> {
    const session = await this.#open(version);
    const { walkedBecause: because } = session;
    if (because !== null) this.#say("warn", "a model's trees are walked", { version, because });
    return session;
  }

  async #open(version: string): Promise<ModelSession> {
    const manifest = this.manifests.get(version);
    if (manifest === undefined) throw new Error(`no version ${version}`);
    const { io } = manifest;
    if (io === undefined && manifest.schemaSha256 !== schemaSha256) {
      throw new Error(
        `it was trained on other features: ${manifest.features}, not ${featureCount}`,
      );
    }
    return await openModel(await this.read(version), io ?? null);
  }

  /** States and the pointer to the active version, for people and for the next start. */
  #writeDown(): void {
    const { gone, changed } = statesToWrite(this.lifecycle, this.manifests);
    for (const [version, manifest] of changed) this.manifests.set(version, manifest);
    for (const version of gone) this.manifests.delete(version);
    const active = activeOf(this.lifecycle)?.version ?? null;
    this.#writing = this.#writing
      .then(async () => {
        for (const [version, manifest] of changed) await this.#registry.amend(version, manifest);
        if ((await this.#registry.current()) !== active) await this.#registry.choose(active);
        for (const version of gone) await this.#registry.remove(version);
      })
      .catch((error: unknown) => {
        this.#say("warn", "the models' states cannot be written", { error: messageOf(error) });
      });
  }
}

export type Words = readonly ModelWords[];

export interface Measured {
  readonly offline: ModelMetrics;
  /** Of the version that is active, on the same rows. */
  readonly active: Loss | null;
}
