/** SecretService: values go in, names and versions come out. */
import { ok, type Result } from "../../core/result.js";
import {
  decodeSecretName,
  decodeSecretOrder,
  encodeSecretViews,
} from "../../proto/codec/secrets.js";
import type { RotateSecretKeyResponse, SecretServiceServer } from "../../proto/codec/services.js";
import type { Engine } from "./engine.js";
import type { Secrets } from "./secrets.js";
import { unary } from "./unary.js";

export function secretService(engine: Engine, secrets: Secrets): SecretServiceServer {
  return {
    setSecret: unary(async (request, principal) => {
      const order = decodeSecretOrder(request);
      if (!order.ok) return order;
      const version = await secrets.set(order.value, principal);
      return version.ok ? ok({ version: version.value }) : version;
    }),
    listSecrets: unary(async ({ namespace }) =>
      engine.read(() => ok(encodeSecretViews(secrets.list(namespace)))),
    ),
    removeSecret: unary(async (request, principal) => {
      const name = decodeSecretName(request);
      if (!name.ok) return name;
      const removed = await secrets.remove(name.value, principal);
      return removed.ok ? ok({}) : removed;
    }),
    rotateSecretKey: unary(
      (_request, principal): Promise<Result<RotateSecretKeyResponse>> => secrets.rotate(principal),
    ),
  };
}
