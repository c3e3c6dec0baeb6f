/**
 * The master's secrets: values in the store, names and versions in the journal, one change after
 * another. A value is durable before the journal names it, and is removed only once nobody can ask
 * for it; what a crash leaves between is swept at the next start.
 */
import { join } from "node:path";
import type { Logger } from "pino";
import { fail, ok, type Result } from "../../core/result.js";
import type { LaunchSecrets, SecretView } from "../../core/secrets.js";
import type { Rotation, SecretName, SecretOrder } from "../../proto/codec/secrets.js";
import { authorize } from "../pure/authorize.js";
import type { Command } from "../pure/commands.js";
import { type SecretNeeds, secretRefusal, type ValueInUse, valuesInUse } from "../pure/secrets.js";
import { type KeyRing, type KeySource, newKey, readKeys, writeKeys } from "../secrets/keys.js";
import { launchSecrets, withoutSecrets } from "../secrets/launch-secrets.js";
import { SecretTrouble } from "../secrets/trouble.js";
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
  let keys = await readKeys(source);
  let sweeping: NodeJS.Timeout | null = null;
  let turn: Promise<unknown> = Promise.resolve();

  function inTurn<T>(work: () => Promise<Result<T>>): Promise<Result<T>> {
    const done = turn.then(work).catch(refusedBy);
    turn = done;
    return done;
  }

  /** Whoever may not, or asks for what cannot be, must not have changed the disk either. */
  const denied = (principal: string, command: Command): Result<never> | null => {
    const error = authorize(principal, command, engine.state);
    return error === null ? null : { ok: false, error };
  };

  async function sweep(): Promise<void> {
    const inUse = valuesInUse(engine.state);
    await store.keepOnly(new Set(inUse.keys()));
    if (sweeping !== null) clearTimeout(sweeping);
    sweeping = null;
    if (inUse.size <= engine.state.secrets.size) return;
    sweeping = setTimeout(() => void inTurn(sweepTurn), sweepAgainMs).unref();
  }
  const sweepTurn = async (): Promise<Result<null>> => {
    await sweep();
    return ok(null);
  };

  /** A key that has gone while values are sealed with it is put back, not replaced unseen. */
  async function keysToSeal(): Promise<KeyRing> {
    if (keys !== null) return keys;
    if (source.kind !== "own") throw new Error("a source of keys that is read holds one");
    const lost = keyIdsOf(store, [...valuesInUse(engine.state).values()]);
    if (lost.length > 0) {
      const words = `key ${lost.join(", key ")} is gone from ${source.path}: put it back, or remove the secrets that were sealed with it`;
      throw new SecretTrouble("failed_precondition", words);
    }
    const made: KeyRing = [newKey()];
    await writeKeys(source.path, made);
    keys = made;
    return made;
  }

  async function rotate(principal: string): Promise<Result<Rotation>> {
    const refused = denied(principal, { type: "RotateSecretKey", keyId: "" });
    if (refused !== null) return refused;
    const all = [...valuesInUse(engine.state).values()];
    const sealing = keyIdsOf(store, all);
    const before = (keys ?? []).filter(({ id }) => sealing.includes(id));
    const found = source.kind === "own" ? newRing() : await readKeys(source);
    if (found === null) throw new Error("a source of keys that is read holds one");
    // Until it is through, the keys before open what they have sealed, whatever the source says.
    const both: KeyRing = [...found, ...before];
    if (source.kind === "own") await writeKeys(source.path, both);
    keys = both;
    const { values, troubles } = await resealAll(store, both, all);
    const [first] = troubles;
    if (first !== undefined) {
      const more = troubles.length === 1 ? "" : ` (and ${troubles.length - 1} more)`;
      return fail(first.code, `${values} values were sealed anew, but ${first.message}${more}`);
    }
    if (source.kind === "own") await writeKeys(source.path, found);
    keys = found;
    const keyId = found[0].id;
    const reply = await engine.execute({ type: "RotateSecretKey", keyId }, principal);
    log.info({ keyId, values }, "secrets are sealed with another key");
    return reply.ok ? ok({ keyId, values }) : reply;
  }

  await sweep();
  for (const { namespace, name, trouble } of views("")) {
    if (trouble !== "") log.error({ namespace, name, trouble }, "a secret cannot be had");
  }

  function views(namespace: string): SecretView[] {
    return [...engine.state.secrets.values()]
      .filter((record) => namespace === "" || record.namespace === namespace)
      .map((record) => ({ ...record, ...standingOf(store, keys, record) }));
  }

  return {
    set: ({ value, ...of }, principal) =>
      inTurn(async () => {
        const version = engine.state.secretVersion + 1;
        const command = { type: "SetSecret" as const, ...of, version };
        const refused = denied(principal, command);
        if (refused !== null) return refused;
        const impossible = secretRefusal(engine.state, command);
        if (impossible !== null) return { ok: false, error: impossible };
        const [key] = await keysToSeal();
        await store.put({ ...of, version }, value, key);
        const reply = await engine.execute(command, principal);
        await sweep();
        return reply.ok ? ok(version) : reply;
      }),
    remove: (of, principal) =>
      inTurn(async () => {
        const reply = await engine.execute({ type: "RemoveSecret", ...of }, principal);
        await sweep();
        return reply.ok ? ok(null) : reply;
      }),
    list: views,
    rotate: (principal) => inTurn(() => rotate(principal)),
    reveal(needs) {
      try {
        return launchSecrets(needs, (of) => store.get(of, keys));
      } catch (error) {
        const { message } = troubleOf(error);
        log.error({ namespace: needs.namespace, trouble: message }, "a launch has no secrets");
        return withoutSecrets(message);
      }
    },
    async stop() {
      if (sweeping !== null) clearTimeout(sweeping);
      await turn;
    },
  };
}

const newRing = (): KeyRing => [newKey()];

/** A value that cannot be opened keeps no other from being sealed anew. */
async function resealAll(
  store: ValueStore,
  keys: KeyRing,
  all: readonly ValueInUse[],
): Promise<{ readonly values: number; readonly troubles: readonly SecretTrouble[] }> {
  const troubles: SecretTrouble[] = [];
  let values = 0;
  for (const of of all) {
    try {
      if (await store.reseal(of, keys)) values++;
    } catch (error) {
      troubles.push(troubleOf(error));
    }
  }
  return { values, troubles };
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

function keyIdsOf(store: ValueStore, all: readonly ValueInUse[]): readonly string[] {
  const ids = all.map((of) => {
    try {
      return store.keyIdOf(of);
    } catch {
      return "";
    }
  });
  return [...new Set(ids)].filter((id) => id !== "");
}

const refusedBy = (error: unknown): Result<never> => ({ ok: false, error: troubleOf(error).error });

/** A disk that fails says what the system says of it, which is of paths and never of values. */
function troubleOf(error: unknown): SecretTrouble {
  if (error instanceof SecretTrouble) return error;
  const code = error instanceof Error && "code" in error ? String(error.code) : "unknown";
  return new SecretTrouble("internal", `the secrets' directory failed (${code})`, error);
}
