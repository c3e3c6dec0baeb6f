/** From what an attempt was promised to what its launch carries, or why it carries nothing. */
import type { LaunchSecrets, TaskSecrets } from "../../core/secrets.js";
import { quote } from "../../core/violations.js";
import type { ValueName } from "./sealed-value.js";
import { SecretTrouble } from "./trouble.js";

interface Needs {
  readonly namespace: string;
  readonly asked: TaskSecrets;
  readonly uses: readonly { readonly name: string; readonly version: number }[];
}

/** Throws SecretTrouble. */
export function launchSecrets(
  { namespace, asked, uses }: Needs,
  read: (of: ValueName) => Buffer,
): LaunchSecrets {
  const values = new Map<string, Buffer>();
  for (const { name, version } of uses) {
    if (version === 0) {
      const words = `namespace ${namespace} had no secret ${quote(name)} any more`;
      throw new SecretTrouble("not_found", words);
    }
    values.set(name, read({ namespace, name, version }));
  }
  const given = (name: string): Buffer => {
    const value = values.get(name);
    if (value === undefined) throw new Error(`a launch was promised no ${name}`);
    return value;
  };
  return {
    env: Object.entries(asked.env).map(([variable, name]) => {
      const value = given(name);
      if (!isVariable(value)) {
        const words = `${variable}: the value of secret ${name} cannot be a variable's: it is no text, or holds a NUL character; give it as a file (secretFiles)`;
        throw new SecretTrouble("failed_precondition", words);
      }
      return { name: variable, valueBase64: value.toString("base64") };
    }),
    files: Object.entries(asked.files).map(([path, name]) => ({
      path,
      valueBase64: given(name).toString("base64"),
    })),
    unavailable: "",
  };
}

export const withoutSecrets = (unavailable: string): LaunchSecrets => ({
  env: [],
  files: [],
  unavailable,
});

/** UTF-8, without the character that ends a C string. */
function isVariable(value: Buffer): boolean {
  if (value.includes(0)) return false;
  return Buffer.from(value.toString("utf8"), "utf8").equals(value);
}
