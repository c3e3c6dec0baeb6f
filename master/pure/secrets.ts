/**
 * Which secrets there are, and which of them an attempt is given: names and versions, for the state
 * is what the journal says. Values lie beside it (master/secrets), sealed, by their versions.
 */
import type { JobSpec, TaskTemplate } from "../../core/job.js";
import { type AlmanacError, fail, type Violation } from "../../core/result.js";
import { type SecretUse, secretLimits, secretNames, type TaskSecrets } from "../../core/secrets.js";
import { quote } from "../../core/violations.js";
import type { Command, Decision } from "./commands.js";
import { noReply } from "./commands.js";
import type { State, Task } from "./state.js";
import { secretKey } from "./state.js";

type SetSecret = Extract<Command, { type: "SetSecret" }>;
type RemoveSecret = Extract<Command, { type: "RemoveSecret" }>;
type RotateSecretKey = Extract<Command, { type: "RotateSecretKey" }>;

/** What a launch has to be given before it is sent. */
export interface SecretNeeds {
  readonly namespace: string;
  readonly asked: TaskSecrets;
  readonly uses: readonly SecretUse[];
}

export function* setSecret(state: State, command: SetSecret): Decision {
  const refused = secretRefusal(state, command);
  if (refused !== null) return { ok: false, error: refused };
  const { namespace, name, version } = command;
  yield { type: "SecretSet", namespace, name, version };
  return noReply;
}

/** Also asked before the value is written, so that nothing is written for what is refused. */
export function secretRefusal(
  state: State,
  { namespace, name, version }: SetSecret,
): AlmanacError | null {
  const { perCluster } = secretLimits;
  if (version <= state.secretVersion) {
    return fail("failed_precondition", `version ${version} was drawn before`).error;
  }
  if (state.secrets.has(secretKey(namespace, name)) || state.secrets.size < perCluster) return null;
  return fail("limit_exceeded", `the cluster keeps ${perCluster} secrets, and has them`, [
    { field: "name", message: "would be one secret too many", limit: perCluster },
  ]).error;
}

export function* removeSecret(state: State, { namespace, name }: RemoveSecret): Decision {
  if (!state.secrets.has(secretKey(namespace, name))) return unknownSecret(namespace, name);
  yield { type: "SecretRemoved", namespace, name };
  return noReply;
}

/** Changes no state: it is on record who did it, and when. */
export function* rotateSecretKey(command: RotateSecretKey): Decision {
  yield { type: "SecretKeyRotated", keyId: command.keyId };
  return noReply;
}

const unknownSecret = (namespace: string, name: string) =>
  fail("not_found", `namespace ${namespace} has no secret ${quote(name)}`, [
    { field: "name", message: `is of no secret of namespace ${namespace}` },
  ]);

/** Of each place where a task names a secret that its namespace has not. */
export function missingSecrets(state: State, { namespace, templates }: JobSpec): Violation[] {
  const isMissing = (name: string): boolean => !state.secrets.has(secretKey(namespace, name));
  return templates.flatMap(({ name: task, secrets }) => {
    if (secrets === undefined) return [];
    const places = [
      ...Object.entries(secrets.env).map(([place, name]) => ({ at: "secrets", place, name })),
      ...Object.entries(secrets.files).map(([place, name]) => ({ at: "secretFiles", place, name })),
    ];
    return places
      .filter(({ name }) => isMissing(name))
      .map(({ at, place, name }) => ({
        field: `tasks.${task}.${at}.${place}`,
        message: `namespace ${namespace} has no secret ${quote(name)}`,
      }));
  });
}

/** What an attempt that is launched now is given: the values that count now. */
export function secretUses(
  state: State,
  { job, template }: Task,
): { readonly secrets?: readonly SecretUse[] } {
  if (template.secrets === undefined) return {};
  const { namespace } = job.spec;
  const versionOf = (name: string): number =>
    state.secrets.get(secretKey(namespace, name))?.version ?? 0;
  const names = secretNames(template.secrets);
  return { secrets: names.map((name) => ({ name, version: versionOf(name) })) };
}

export function secretNeeds(
  { namespace }: JobSpec,
  { secrets: asked }: TaskTemplate,
  uses: readonly SecretUse[] | undefined,
): { readonly needs?: SecretNeeds } {
  if (asked === undefined || uses === undefined) return {};
  return { needs: { namespace, asked, uses } };
}

/** A value that may still be asked for. */
export interface ValueInUse {
  readonly namespace: string;
  readonly name: string;
  readonly version: number;
}

/** By their versions: the values that count, and what attempts were promised and may not have yet. */
export function valuesInUse(state: State): ReadonlyMap<number, ValueInUse> {
  const values = new Map<number, ValueInUse>();
  for (const record of state.secrets.values()) values.set(record.version, record);
  for (const { job, attempts } of state.index.live) {
    const last = attempts.at(-1);
    // One that runs has its values. One whose worker is away may have to be told again.
    if (last === undefined || last.status.kind === "running") continue;
    const { namespace } = job.spec;
    for (const { name, version } of last.secrets ?? []) {
      if (version > 0) values.set(version, { namespace, name, version });
    }
  }
  return values;
}
