/** Events of secrets: which there are, never what they hold. */
import { assert } from "../../../core/result.js";
import { touch } from "../hash.js";
import { type State, secretKey } from "../state.js";
import type { Of } from "./entities.js";

export function secretSet(
  state: State,
  { namespace, name, version }: Of<"SecretSet">,
  atMs: number,
  principal: string,
): void {
  assert(version > state.secretVersion, `version ${version} of a secret was drawn before`);
  state.secretVersion = version;
  const record = { namespace, name, version, setAtMs: atMs, setBy: principal };
  state.secrets.set(secretKey(namespace, name), record);
  touchSecret(state, namespace, name);
}

export function secretRemoved(state: State, { namespace, name }: Of<"SecretRemoved">): void {
  const removed = state.secrets.delete(secretKey(namespace, name));
  assert(removed, `no secret ${name} of namespace ${namespace}`);
  touchSecret(state, namespace, name);
}

export function touchSecret(state: State, namespace: string, name: string): void {
  const key = secretKey(namespace, name);
  touch(state.hash, `secret ${key}`, () => {
    const record = state.secrets.get(key);
    return record === undefined ? null : JSON.stringify(record);
  });
}
