/**
 * Secrets as jobs name them and attempts get them. A value stands in a launch alone, on its way to
 * the one attempt that needs it; everything that is recorded has names and versions.
 */

/** What a task is given, by names of secrets in its job's namespace. */
export interface TaskSecrets {
  /** Environment variable → secret. */
  readonly env: Readonly<Record<string, string>>;
  /** Path below the attempt's directory of secrets → secret. */
  readonly files: Readonly<Record<string, string>>;
}

/** Which value of a secret an attempt is given. */
export interface SecretUse {
  readonly name: string;
  /** Drawn anew for each value of any secret; 0: there was no such secret when it was launched. */
  readonly version: number;
}

/** A value in base64, which any bytes survive on their way. */
export interface SecretVariable {
  readonly name: string;
  readonly valueBase64: string;
}

export interface SecretFile {
  readonly path: string;
  readonly valueBase64: string;
}

/** What an attempt is launched with. */
export interface LaunchSecrets {
  readonly env: readonly SecretVariable[];
  readonly files: readonly SecretFile[];
  /** Why the values cannot be had; empty: they can. */
  readonly unavailable: string;
}

/** As secrets are listed. No view has a value: none is ever given back. */
export interface SecretView {
  readonly namespace: string;
  readonly name: string;
  readonly version: number;
  readonly setAtMs: number;
  readonly setBy: string;
  /** Of the key that its value is sealed with; empty: it could not be told. */
  readonly keyId: string;
  /** Why it cannot be given to an attempt, in words; empty: it can. */
  readonly trouble: string;
}

/** Each is named in the error of what passes it. */
export const secretLimits = {
  valueBytes: 64 * 1024,
  /** Variables and files of one task. */
  perTask: 32,
  perCluster: 10_000,
} as const;

/** Where an attempt finds the directory of its files. */
export const secretsVariable = "ALMANAC_SECRETS_DIRECTORY";

/** Names of the secrets that a task is given, each once, in order. */
export const secretNames = ({ env, files }: TaskSecrets): readonly string[] =>
  [...new Set([...Object.values(env), ...Object.values(files)])].sort();
