/** Join tokens, as their makers see them, between wire and core/join-token.ts. */
import { type JoinRole, joinRoles } from "../../core/identity.js";
import { type TokenView, tokenStates } from "../../core/join-token.js";
import { fail, ok, type Result } from "../../core/result.js";
import * as wire from "../gen/almanac/v1/cluster.js";
import { finish, integer, list, literal, newScope, required, type Scope } from "./decoding.js";

export interface TokenOrder {
  readonly role: JoinRole;
  readonly name: string;
  readonly ttlMs: number;
}

export interface NewToken {
  /** With its secret. */
  readonly token: string;
  readonly view: TokenView;
}

export interface Revocation {
  readonly tokensRevoked: number;
  readonly certificatesBarred: number;
}

export interface RevokeOrder {
  readonly target: string;
  /** null: whatever the role. */
  readonly role: JoinRole | null;
}

export function decodeTokenOrder(message: wire.CreateTokenRequest): Result<TokenOrder> {
  const scope = newScope();
  const order = {
    role: literal(scope, "role", message.role, joinRoles),
    name: message.name,
    ttlMs: integer(scope, "ttlMs", message.ttlMs),
  };
  return finish(scope, "malformed order of a token", order, "invalid_argument");
}

export function decodeRevokeOrder(message: wire.RevokeAccessRequest): Result<RevokeOrder> {
  const role = joinRoles.find((one) => one === message.role) ?? null;
  if (role !== null || message.role === "") return ok({ target: message.target, role });
  const must = `must be one of ${joinRoles.join(", ")}`;
  return fail("invalid_argument", `role ${must}`, [{ field: "role", message: must }]);
}

export const encodeNewToken = ({ token, view }: NewToken): wire.CreateTokenResponse => ({
  token,
  view: encodeView(view),
});

export function decodeNewToken(message: wire.CreateTokenResponse): Result<NewToken> {
  const scope = newScope();
  const view = required(scope, "view", message.view, wire.TokenView, readView);
  return finish(scope, "malformed token", { token: message.token, view }, "internal");
}

export const encodeTokenViews = (views: readonly TokenView[]): wire.ListTokensResponse => ({
  tokens: views.map(encodeView),
});

export function decodeTokenViews(message: wire.ListTokensResponse): Result<readonly TokenView[]> {
  const scope = newScope();
  const views = list(scope, "tokens", message.tokens, readView);
  return finish(scope, "malformed list of tokens", views, "internal");
}

const encodeView = (view: TokenView): wire.TokenView => ({ ...view });

const readView = (scope: Scope, message: wire.TokenView): TokenView => ({
  id: message.id,
  role: message.role,
  name: message.name,
  state: literal(scope, "state", message.state, tokenStates),
  issuedAtMs: integer(scope, "issuedAtMs", message.issuedAtMs),
  expiresAtMs: integer(scope, "expiresAtMs", message.expiresAtMs),
});
