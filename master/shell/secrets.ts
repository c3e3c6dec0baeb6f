/**
 * The master's secrets: values in the store, names and versions in the journal, one change after
 * another. A value is durable before the journal names it, and is removed only once nobody can ask
 * for it; what a crash leaves between is swept at the next start.
 */
import { join } from "node:path";
import type { Logger } from "pino";
import { ok, type Result } from "../../core/result.js";
import type { LaunchSecrets, SecretView } from "../../core/secrets.js";
import type { Rotation, SecretName, SecretOrder } from "../../proto/codec/secrets.js";
import { authorize } from "../pure/authorize.js";
import type { Command } from "../pure/commands.js";
import { type SecretNeeds, secretRefusal, type ValueInUse, valuesInUse } from "../pure/secrets.js";
import type { KeyRing, KeySource } from "../secrets/keys.js";
import { launchSecrets, withoutSecrets } from "../secrets/launch-secrets.js";
import { openSealing } from "../secrets/sealing.js";
import { troubleOf } from "../secrets/trouble.js";
import { openValueStore, type ValueStore } from "../secrets/value-store.js";
import type { Engine } from "./engine.js";

export interface Secrets {
  /** The version that the value has. */
  set(order: SecretOrder, principal: string): Promise<Result<number>>;
  remove(name: SecretName, principal: string): Promise<Result<null>>;
  /** Empty: of all namespaces. Tries whether each value can be had. */
  list(namespace: string): readonly SecretView[];
  /** Seals every value with the first key of the source, as that is now. */
  rotate(principal: string): Promise<Result<Rotation>>;
  /** At once, so that launches stay in order. What cannot be had is in words. */
  reveal(needs: SecretNeeds): LaunchSecrets;
  /** Resolves when what was begun is done. */
  stop(): Promise<void>;
}

export interface SecretsOptions {
  readonly engine: Engine;
  /** The master's data directory. */
  readonly dataDirectory: string;
  /** null: keys of the master's own, in `secrets/key` there. */
  readonly keys: Exclude<KeySource, { kind: "own" }> | null;
  readonly log: Logger;
}

/** After this long it is looked again whether a value that was replaced is still promised. */
const sweepAgainMs = 10_000;

/** Throws SecretTrouble: there are keys that cannot be used. A value that cannot be had is logged. */
export async function openSecrets(options: SecretsOptions): Promise<Secrets> {
  const { engine, log } = options;
  const directory = join(options.dataDirectory, "secrets");
  const source: KeySource = options.keys ?? { kind: "own", path: join(directory, "key") };
  const store = await openValueStore(join(directory, "values"));
  const sealing = await openSealing(source, store);
  const turns = takeTurns();
  const sweep = sweeper(engine, store, turns.next);
  const allInUse = (): ValueInUse[] => [...valuesInUse(engine.state).values()];
  /** Asked before the disk is touched; what then goes through the engine is asked again. */
  const denied = (principal: string, command: Command): Result<never> | null => {
    const error = authorize(principal, command, engine.state);
    return error === null ? null : { ok: false, error };
  };

  const list = (namespace: string): SecretView[] =>
    [...engine.state.secrets.values()]
      .filter((record) => namespace === "" || record.namespace === namespace)
      .map((record) => ({ ...record, ...standingOf(store, sealing.keys(), record) }));

  async function set({ value, ...of }: SecretOrder, principal: string): Promise<Result<number>> {
    const version = engine.state.secretVersion + 1;
    const command = { type: "SetSecret" as const, ...of, version };
    const refused = denied(principal, command);
    if (refused !== null) return refused;
    const impossible = secretRefusal(engine.state, command);
    if (impossible !== null) return { ok: false, error: impossible };
    await store.put({ ...of, version }, value, await sealing.sealingKey(allInUse()));
    const reply = await engine.execute(command, principal);
    await sweep.now();
    return reply.ok ? ok(version) : reply;
  }

  async function remove(of: SecretName, principal: string): Promise<Result<null>> {
    const reply = await engine.execute({ type: "RemoveSecret", ...of }, principal);
    await sweep.now();
    return reply.ok ? ok(null) : reply;
  }

  async function rotate(principal: string): Promise<Result<Rotation>> {
    const refused = denied(principal, { type: "RotateSecretKey", keyId: "" });
    if (refused !== null) return refused;
    const rotated = await sealing.rotate(allInUse());
    if (!rotated.ok) return rotated;
    const { keyId, values } = rotated.value;
    const reply = await engine.execute({ type: "RotateSecretKey", keyId }, principal);
    log.info({ keyId, values }, "secrets are sealed with another key");
    return reply.ok ? rotated : reply;
  }

  await sweep.now();
  for (const { namespace, name, trouble } of list("")) {
    if (trouble !== "") log.error({ namespace, name, trouble }, "a secret cannot be had");
  }
  return {
    list,
    set: (order, principal) => turns.next(() => set(order, principal)),
    remove: (of, principal) => turns.next(() => remove(of, principal)),
    rotate: (principal) => turns.next(() => rotate(principal)),
    reveal(needs) {
      try {
        return launchSecrets(needs, (of) => store.get(of, sealing.keys()));
      } catch (error) {
        const { message } = troubleOf(error);
        log.error({ namespace: needs.namespace, trouble: message }, "a launch has no secrets");
        return withoutSecrets(message);
      }
    },
    async stop() {
      sweep.stop();
      await turns.idle();
    },
  };
}

interface Turns {
  readonly next: <T>(work: () => Promise<Result<T>>) => Promise<Result<T>>;
  readonly idle: () => Promise<unknown>;
}

/** One change after another: each sees the disk and the state as the one before has left them. */
function takeTurns(): Turns {
  let last: Promise<unknown> = Promise.resolve();
  return {
    next(work) {
      const done = last.then(work).catch(refusedBy);
      last = done;
      return done;
    },
    idle: () => last,
  };
}

interface Sweeper {
  readonly now: () => Promise<void>;
  readonly stop: () => void;
}

/** Removes values that nobody can ask for any more, now and once promises have been kept. */
function sweeper(engine: Engine, store: ValueStore, inTurn: Turns["next"]): Sweeper {
  let timer: NodeJS.Timeout | null = null;
  const stop = (): void => {
    if (timer !== null) clearTimeout(timer);
    timer = null;
  };
  async function now(): Promise<void> {
    stop();
    const inUse = valuesInUse(engine.state);
    await store.keepOnly(new Set(inUse.keys()));
    if (inUse.size <= engine.state.secrets.size) return;
    const again = async (): Promise<Result<null>> => {
      await now();
      return ok(null);
    };
    timer = setTimeout(() => void inTurn(again), sweepAgainMs).unref();
  }
  return { now, stop };
}

function standingOf(
  store: ValueStore,
  keys: KeyRing | null,
  of: ValueInUse,
): Pick<SecretView, "keyId" | "trouble"> {
  let keyId = "";
  try {
    keyId = store.keyIdOf(of);
    store.get(of, keys);
    return { keyId, trouble: "" };
  } catch (error) {
    return { keyId, trouble: troubleOf(error).message };
  }
}

const refusedBy = (error: unknown): Result<never> => ({ ok: false, error: troubleOf(error).error });
