/** Secrets, a line each: all that there is to know of them but their values. */
import type { SecretView } from "../../core/secrets.js";
import type { Json } from "./json.js";
import type { Screen } from "./screen.js";
import { type Column, renderTable } from "./table.js";
import { formatInstant } from "./units.js";

const columns: readonly Column[] = [
  { title: "SECRET" },
  { title: "NAMESPACE" },
  { title: "VERSION" },
  { title: "SET" },
  { title: "BY", optional: true },
  { title: "KEY", optional: true },
  { title: "TROUBLE", elasticTo: 10 },
];

export function renderSecrets(secrets: readonly SecretView[], screen: Screen): string[] {
  if (secrets.length === 0) return ["no secrets"];
  const rows = secrets.map(({ name, namespace, version, setAtMs, setBy, keyId, trouble }) => [
    name,
    namespace,
    String(version),
    formatInstant(setAtMs, screen),
    setBy,
    keyId,
    trouble,
  ]);
  return renderTable(columns, rows, screen);
}

export const secretJson = ({ setAtMs, ...rest }: SecretView): { [key: string]: Json } => ({
  ...rest,
  setAt: new Date(setAtMs).toISOString(),
});
