/** Takes an attempt's secret values out of what is said about it. */
import type { LaunchSecrets } from "../../core/secrets.js";

/** Shorter ones stand in every sentence: to take them out would show where they were. */
const valueLengthMin = 4;
const masked = "***";

/** A text without the values, as they are, as JSON and shells quote them, and in base64. */
export function maskOf({ env, files }: LaunchSecrets): (text: string) => string {
  const forms = new Set<string>();
  for (const { valueBase64 } of [...env, ...files]) {
    const value = Buffer.from(valueBase64, "base64").toString("utf8");
    const bare = valueBase64.replace(/=+$/, "");
    for (const line of [value, ...value.split(/\r?\n/)]) {
      for (const form of [line, line.trim(), JSON.stringify(line).slice(1, -1)]) forms.add(form);
    }
    forms.add(value.replaceAll("'", `'\\''`));
    forms.add(bare);
  }
  // The longest first: a value may hold another one.
  const all = [...forms]
    .filter((form) => form.length >= valueLengthMin)
    .sort((a, b) => b.length - a.length);
  return (text) => all.reduce((rest, form) => rest.replaceAll(form, masked), text);
}
