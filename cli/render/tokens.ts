/** Join tokens, a line each. */
import type { TokenView } from "../../core/join-token.js";
import type { Json } from "./json.js";
import type { Screen } from "./screen.js";
import { type Column, renderTable } from "./table.js";
import { formatInstant } from "./units.js";

const columns: readonly Column[] = [
  { title: "TOKEN" },
  { title: "FOR" },
  { title: "NAME", elasticTo: 10 },
  { title: "STATE" },
  { title: "ISSUED", optional: true },
  { title: "EXPIRES" },
];

export function renderTokens(tokens: readonly TokenView[], screen: Screen): string[] {
  if (tokens.length === 0) return ["no tokens"];
  const rows = tokens.map(({ id, role, name, state, issuedAtMs, expiresAtMs }) => [
    id,
    role,
    name,
    state,
    formatInstant(issuedAtMs, screen),
    formatInstant(expiresAtMs, screen),
  ]);
  return renderTable(columns, rows, screen);
}

export const tokenJson = ({
  issuedAtMs,
  expiresAtMs,
  ...rest
}: TokenView): { [key: string]: Json } => ({
  ...rest,
  issuedAt: new Date(issuedAtMs).toISOString(),
  expiresAt: new Date(expiresAtMs).toISOString(),
});
