/**
 * A gRPC server as every house of this project serves: in plain text on loopback only, elsewhere with
 * mutual TLS and a guard before every method; with health and reflection, bounded messages, and a
 * stop that leaves nothing behind.
 */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Server, ServerCredentials } from "@grpc/grpc-js";
import { loadFileDescriptorSetFromBuffer } from "@grpc/proto-loader";
import { ReflectionService } from "@grpc/reflection";
import { HealthImplementation } from "grpc-health-check";
import { type Admit, createGuard } from "./security/guard.js";

export interface ServingOptions {
  /** `host:port`; port 0 for any free one. */
  readonly listen: string;
  /** Full names, for health: `almanac.v1.JobService`. */
  readonly services: readonly string[];
  readonly addServices: (server: Server) => void;
  readonly messageBytesMax: number;
  /** How long open calls may take to end by themselves on stop. */
  readonly stopGraceMs?: number;
  /** Absent or null: plain text, which is for loopback only. */
  readonly security?: ServingSecurity | null;
}

export interface ServingSecurity {
  readonly credentials: ServerCredentials;
  readonly admit: Admit;
}

export interface Serving {
  /** With the port that was bound. */
  readonly address: string;
  setHealth(serving: boolean): void;
  /** Ends open calls of those who would not be let in any more. */
  recheck(): void;
  stop(): Promise<void>;
}

const stopGraceDefaultMs = 500;
/** How often open calls are looked at again: so long may one outlive its certificate. */
const recheckMs = 500;

export async function serve(options: ServingOptions): Promise<Serving> {
  const host = hostOf(options.listen);
  const security = options.security ?? null;
  if (security === null && !isLoopback(host)) {
    throw new Error(
      `refusing to listen on ${options.listen} without transport security: only loopback ` +
        "addresses (127.0.0.0/8, ::1, localhost) can be bound in plain text",
    );
  }
  const guard = security === null ? null : createGuard(security.admit);
  const server = new Server({
    interceptors: guard === null ? [] : [guard.interceptor],
    "grpc.max_receive_message_length": options.messageBytesMax,
    "grpc.max_send_message_length": options.messageBytesMax,
    "grpc.max_concurrent_streams": 10_000,
    "grpc.keepalive_permit_without_calls": 1,
  });
  options.addServices(server);
  const health = new HealthImplementation({ "": "SERVING" });
  health.addToServer(server);
  addReflection(server);
  const transport = security?.credentials ?? ServerCredentials.createInsecure();
  const port = await bind(server, options.listen, transport);
  const timer = setInterval(() => guard?.recheck(), recheckMs).unref();
  const setHealth = (serving: boolean): void => {
    for (const name of ["", ...options.services]) {
      health.setStatus(name, serving ? "SERVING" : "NOT_SERVING");
    }
  };
  setHealth(true);
  return {
    address: `${host.includes(":") ? `[${host}]` : host}:${port}`,
    setHealth,
    recheck: () => guard?.recheck(),
    stop: () => {
      clearInterval(timer);
      return stop(server, options.stopGraceMs ?? stopGraceDefaultMs);
    },
  };
}

export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);
}

const hostOf = (listen: string): string =>
  listen.slice(0, listen.lastIndexOf(":")).replace(/^\[|\]$/g, "");

function bind(server: Server, listen: string, transport: ServerCredentials): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(listen, transport, (error, port) => {
      if (error === null) resolve(port);
      else reject(error);
    });
  });
}

function stop(server: Server, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      server.forceShutdown();
      resolve();
    }, graceMs);
    server.tryShutdown(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/** The descriptors that `buf build` made, beside the sources or beside the bundle. */
function addReflection(server: Server): void {
  const candidates = [
    "./gen/descriptors.binpb",
    "./proto/descriptors.binpb",
    "../proto/descriptors.binpb",
  ];
  for (const candidate of candidates) {
    const path = fileURLToPath(new URL(candidate, import.meta.url));
    if (!existsSync(path)) continue;
    new ReflectionService(loadFileDescriptorSetFromBuffer(readFileSync(path))).addToServer(server);
    return;
  }
}
